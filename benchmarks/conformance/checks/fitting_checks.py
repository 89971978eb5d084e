"""Checks of ``fit`` and of what it leaves behind."""

import json
import tempfile
from pathlib import Path

from ....datasets.errors import NotFittedError
from ...isolation.error_advice import advise
from .check_result import Violation
from .definition import check, describe_error
from .score_distance import require_same
from .subject import Subject


@check()
def fits(subject: Subject) -> str:
    """Require that it can be fitted."""
    try:
        fit = subject.first
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        remedy = advise(error) or "make fit work on this training data"
        raise Violation(describe_error(error), remedy) from error
    return f"asked for validation {len(fit.validations)} times"


@check()
def fit_returns_self(subject: Subject) -> str:
    """Require that fit returns the method itself."""
    fit = subject.first
    if fit.returned is not fit.method:
        raise Violation(f"fit returned {type(fit.returned).__name__}", "end fit with return self")
    return "self"


@check()
def fit_leaves_input(subject: Subject) -> str:
    """Require that fit leaves the training data as it was."""
    if not subject.first.input_kept:
        raise Violation("the training data holds other values after fit", "copy before changing")
    return "same content"


@check()
def fit_keeps_settings(subject: Subject) -> str:
    """Require that fit changes no hyper-parameter."""
    if subject.first.changed_fields:
        raise Violation(
            f"fit changed {', '.join(subject.first.changed_fields)}",
            "keep what is learned or derived in attributes that end in an underscore",
        )
    return "same settings"


@check()
def learned_names(subject: Subject) -> str:
    """Require that what is learned lies in attributes whose names end in an underscore."""
    fresh, fitted = vars(subject.build()), vars(subject.fitted)
    learned = sorted(set(fitted) - set(fresh))
    wrong = [name for name in learned if not name.endswith("_") and not name.startswith("_")]
    if wrong:
        raise Violation(f"fit sets {', '.join(wrong)}", "let the names end in an underscore")
    return f"{len(learned)} attributes"


@check()
def unfitted_says_so(subject: Subject) -> str:
    """Require that a method that is not fitted says so."""
    query = subject.probe(subject.probes[0])
    try:
        subject.build().score(query)
    except NotFittedError as error:
        return str(error)
    except Exception as error:
        raise Violation(
            describe_error(error), "read learned attributes through self.fitted(name)"
        ) from error
    raise Violation("it scores without fit", "read learned attributes through self.fitted(name)")


@check()
def save_and_load(subject: Subject) -> str:
    """Require that saved and loaded, it gives the same scores."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        subject.fitted.save(path)
        size = path.stat().st_size
        loaded = subject.build().load(path)
    for task in subject.probes:
        require_same(
            subject.answer(task),
            loaded.score(subject.probe(task)),
            f"{task} after save and load",
            "let state() hold all that score needs, and restore() set it",
        )
    return f"{size} bytes"


@check()
def reports(subject: Subject) -> str:
    """Require that report and parameter_counts are plain numbers and texts."""
    fitted = subject.fitted
    try:
        json.dumps(fitted.report(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Violation(
            f"report() is not valid JSON: {error}", "return plain finite values"
        ) from error
    counts = fitted.parameter_counts()
    trainable, every = counts
    if not (isinstance(trainable, int) and isinstance(every, int) and 0 <= trainable <= every):
        raise Violation(
            f"parameter_counts() = {counts!r}", "return (trainable, all) as whole numbers"
        )
    return f"{trainable} of {every} parameters trainable"


@check()
def validates_in_fit_only(subject: Subject) -> str:
    """Require that validate is asked only during training."""
    before = len(subject.first.validations)
    subject.fitted.score(subject.probe(subject.probes[0]))
    after = len(subject.first.validations)
    if after != before:
        raise Violation("score calls validate", "call train.validate in fit alone")
    return f"{before} calls"


CHECKS = (
    fits,
    fit_returns_self,
    fit_leaves_input,
    fit_keeps_settings,
    learned_names,
    unfitted_says_so,
    save_and_load,
    reports,
    validates_in_fit_only,
)
