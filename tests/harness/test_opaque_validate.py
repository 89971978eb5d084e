"""A method of a run can call ``validate`` and read nothing of what it compares with."""

import copy
import pickle
import traceback
from collections.abc import Callable

import numpy as np
import pytest
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.evaluation.validation import Validation, split
from coldbench.benchmarks.isolation.opaque import Opaque, make_opaque
from coldbench.benchmarks.isolation.read_only import make_read_only
from coldbench.benchmarks.runs.execute import execute
from coldbench.datasets.validation_score import ValidationScore
from coldbench.datasets.world import Holdout

DIGS = '''
import copy, dataclasses, pickle, types

from coldbench.datasets.world import Holdout
from coldbench_fakes import ByIndex


def attempts(validate):
    """Yield what each way of reading gives; a way that is closed gives nothing."""
    def fails(query):
        raise ArithmeticError("on purpose")

    ways = [
        lambda: validate.tasks,
        lambda: vars(validate),
        lambda: validate.__dict__,
        lambda: validate.__self__,
        lambda: validate.__closure__,
        lambda: validate.__wrapped__,
        lambda: validate.func,
        lambda: dataclasses.asdict(validate),
        lambda: [getattr(validate, one.name) for one in dataclasses.fields(validate)],
        lambda: [getattr(validate, name) for name in type(validate).__slots__],
        lambda: [object.__getattribute__(validate, name) for name in type(validate).__slots__],
        lambda: vars(copy.copy(validate)),
        lambda: vars(copy.deepcopy(validate)),
        lambda: pickle.loads(pickle.dumps(validate)),
        lambda: object.__reduce_ex__(validate, 2),
        lambda: object.__reduce_ex__(validate, 4),
        lambda: validate.__reduce_ex__(4),
        lambda: [getattr(validate, name) for name in dir(validate)],
        lambda: validate.__call__.__func__.__closure__,
    ]
    for way in ways:
        try:
            yield way()
        except Exception as refused:
            yield refused
    try:
        validate(fails)
    except Exception as error:
        yield error


def parts(here):
    if isinstance(here, dict):
        return [*here.keys(), *here.values()]
    if isinstance(here, (list, tuple, set, frozenset)):
        return list(here)
    if isinstance(here, types.CellType):
        return [here.cell_contents]
    if isinstance(here, types.TracebackType):
        return [here.tb_frame, here.tb_next]
    if isinstance(here, types.FrameType):
        return [here.f_locals, here.f_back]
    if isinstance(here, types.MethodType):
        return [here.__self__, here.__func__]
    if isinstance(here, types.FunctionType):
        return [here.__closure__, here.__defaults__, here.__kwdefaults__]
    if isinstance(here, BaseException):
        return [here.__traceback__, here.__cause__, here.__context__, here.args]
    return [getattr(here, "__dict__", None)]


def truths(found, own):
    """Return how many tasks with truth are reached; the caller's own frames are left aside."""
    seen, waiting, tasks = set(own), list(found), 0
    while waiting and len(seen) < 50_000:
        here = waiting.pop()
        if id(here) in seen or isinstance(here, (str, int, float, types.ModuleType)):
            continue
        if isinstance(here, types.FrameType) and here.f_code.co_name in OUTER:
            continue
        seen.add(id(here))
        tasks += isinstance(here, Holdout)
        waiting += parts(here)
    return tasks


OUTER = ("fit", "measure", "attempts")


class Digs(ByIndex):
    """Looks for the truth of validation wherever reading leads from ``validate``."""

    def fit(self, train):
        self.value_ = train.validate(self.fitted_scores)
        self.found_ = truths([train.validate, *attempts(train.validate)], ())
        return super().fit(train)

    def fitted_scores(self, query):
        return self.score_block(query.users, query.items)

    def report(self):
        return {"found": self.found_, "value": self.value_}
'''


@pytest.fixture
def digs(fakes: None, install: Callable[..., None]) -> None:
    entries = "[coldbench.methods]\ndigs = coldbench_fakes_d:Digs\n"
    install("digs", entries, coldbench_fakes_d=DIGS)


def test_a_method_reads_no_truth_through_validate(
    tiny: Callable[..., RunConfig], digs: None
) -> None:
    record = execute(tiny("digs")).record
    assert record.status.value == "ok", record.error
    assert record.training["found"] == 0
    assert 0 < record.training["value"] < 1


def test_the_same_reading_finds_it_where_nothing_hides_it(
    tiny: Callable[..., RunConfig], digs: None
) -> None:
    import coldbench_fakes_d

    config = tiny("digs")
    train = split(config.dataset.load(), config.scenario, 0).train
    assert isinstance(train.validate, Validation)
    tasks = len(train.validate.tasks) + len(train.validate.others)
    assert tasks > 0

    def behind(method: object) -> float:
        return train.validate(method)

    for shown in (train.validate, train.validate.__call__, behind):
        assert coldbench_fakes_d.truths([shown], ()) == tasks
        failure = list(coldbench_fakes_d.attempts(shown))[-1]
        assert coldbench_fakes_d.truths([failure], ()) == tasks
        hidden = [make_opaque(shown), *coldbench_fakes_d.attempts(make_opaque(shown))]
        own = {id(train), id(train.validate), id(shown)}
        assert coldbench_fakes_d.truths(hidden, own) == 0


def test_a_sealed_training_world_has_an_opaque_yardstick(tiny: Callable[..., RunConfig]) -> None:
    config = tiny()
    made = split(config.dataset.load(), config.scenario, 0)
    twice = make_read_only(make_read_only(made).train)
    assert isinstance(twice.validate, Opaque) and not isinstance(made.train.validate, Opaque)

    def constant(query) -> np.ndarray:
        return np.zeros((len(query.users), len(query.items)), dtype=np.float32)

    assert twice.validate(constant) == made.train.validate(constant)
    assert all(isinstance(task, Holdout) for task in made.validation.values())


def test_what_comes_out_leads_to_nothing_but_numbers() -> None:
    class Carries(ValidationScore):
        """A score that holds more than numbers."""

    class Named(float):
        """A number that holds more than itself."""

    full = Carries({"a": 0.5}, {"warm": 0.5})
    full.split = object()  # type: ignore[attr-defined]
    found = make_opaque(lambda method: full)(None)
    assert type(found) is ValidationScore and not hasattr(found, "split")
    assert (found, found.tasks, found.groups) == (0.5, {"a": 0.5}, {"warm": 0.5})
    assert type(make_opaque(lambda method: Named(0.25))(None)) is float
    with pytest.raises(TypeError):
        make_opaque(lambda method: [0.25])(None)


def test_it_copies_as_functions_do_and_is_not_pickled() -> None:
    held = make_opaque(abs)
    assert held(-3) == 3 and make_opaque(held) is held
    assert copy.copy(held) is held and copy.deepcopy({"validate": held})["validate"] is held
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(held)


def test_an_error_within_says_where_it_was_without_its_frames() -> None:
    secret = object()

    def inner(value: int) -> float:
        hidden = secret
        try:
            return 1 / value
        except ZeroDivisionError as error:
            raise ValueError(f"no {value}") from error if hidden else None

    with pytest.raises(ValueError, match="no 0") as caught:
        make_opaque(inner)(0)
    message = "".join(traceback.format_exception(caught.value))
    assert "return 1 / value" in message and "ZeroDivisionError" in message
    names = [frame.f_code.co_name for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert names[-1] == "__call__" and "inner" not in names
    assert caught.value.__cause__ is not None and caught.value.__cause__.__traceback__ is None
