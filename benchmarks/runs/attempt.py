"""The making of a run: what is confined and measured, and how any end of it becomes a record."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...datasets.errors import NotApplicableError
from ...datasets.validation_score import ValidationScore
from ...methods.base import Method
from ..conformance.audits.split_audit import make_leak_warning
from ..evaluation.task_result import TaskResult
from ..isolation.confinement import confined
from ..isolation.error_advice import describe_failure
from ..isolation.run_process import Tell
from ..isolation.threads import limit_threads
from ..records.details import keep, round_scores, round_slices
from ..records.digests import to_jsonable
from ..records.disk_space import require_disk_space
from ..records.record import Cost, RunRecord, Status
from ..terminal.progress_bar import show_progress
from ..terminal.progress_state import ProgressChannel
from .cost import PeakMemory, is_first_run
from .curves import thin_curves
from .kept_splits import audit_once, share_findings
from .plan import Plan
from .started_run import describe_start


class Attempt:
    """A run that is being made.

    Attributes
    ----------
    record
        What is known of the run so far.
    results
        By task, once they are there; None where the run did not come so far.
    progress
        Told how far the present stage is.
    """

    def __init__(self, record: RunRecord, progress: ProgressChannel) -> None:
        self.record, self.progress = record, progress
        self.results: dict[str, TaskResult] | None = None
        self._peak = PeakMemory()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show and measure a stage, ``fit``, ``score`` or ``validation``."""
        self.progress.begin(name)
        start = time.perf_counter()
        yield
        self._seconds[name] = round(time.perf_counter() - start, 4)
        if name != "validation":
            self._peak.look()

    def succeed(
        self,
        fitted: Method,
        results: dict[str, TaskResult],
        validation: ValidationScore | None,
        updates: list[dict[str, Any]],
    ) -> None:
        """Put the scores into the record, what they cost, and what the method reports."""
        report = fitted.report() | ({"updates": updates} if updates else {})
        trainable, parameters = fitted.parameter_counts()
        cost = Cost(
            fit_seconds=self._seconds["fit"],
            score_seconds=self._seconds["score"],
            validation_seconds=None if validation is None else self._seconds["validation"],
            peak_bytes=self._peak.bytes if is_first_run() else None,
            trainable_parameters=int(trainable),
            parameters=int(parameters),
        )
        self._update(
            status=Status.OK,
            scores={task: round_scores(one.scores) for task, one in results.items()},
            slices={task: round_slices(one.slices) for task, one in results.items() if one.slices},
            uninformed={
                t: round(one.uninformed, 6) for t, one in results.items() if one.uninformed
            },
            chance={task: _chance(one) for task, one in results.items() if one.chance},
            validation=_describe_validation(validation),
            cost=cost,
            training=thin_curves(to_jsonable(report)),
        )
        self.results = results

    def end(self, status: Status, error: str) -> None:
        """Put the reason into the record why there are no scores."""
        self._update(status=status, error=error)

    def _update(self, **values: Any) -> None:
        self.record = self.record.model_copy(update=values)


def _describe_validation(found: ValidationScore | None) -> dict[str, dict[str, float]]:
    """Return the values of the validation as a record holds them, to six decimals."""
    if found is None:
        return {}
    parts = {"tasks": found.tasks, "groups": found.groups}
    return {part: {n: round(v, 6) for n, v in values.items()} for part, values in parts.items()}


def _chance(result: TaskResult) -> dict[str, float]:
    return {name: round(level, 6) for name, level in keep(result.chance).items()}


@contextmanager
def attempt(plan: Plan, *, bar: bool, tell: Tell) -> Iterator[Attempt]:
    """Make a run in the block; whatever goes wrong there becomes its record.

    The block is held to the run's time and threads, its memory is measured, its progress shown,
    and the process is afterwards as it was.

    Parameters
    ----------
    bar
        Whether the terminal is this process's alone; else a long run writes lines there.
    tell
        Told what the run is, before its method is called: whoever waits for this process can then
        record its death.

    Raises
    ------
    ColdbenchError
        When the results could not be written; the block is then not entered.
    """
    config, log = plan.config, logging.getLogger(__name__)
    require_disk_space(plan.path.parent)
    findings = audit_once(plan.kept, config, plan.data)
    for warning in filter(None, [make_leak_warning(findings)]):
        log.warning("%s", warning)
    record = plan.record.model_copy(update={"findings": findings})
    tell({**share_findings(plan.kept), **describe_start(plan, record)})
    with show_progress(plan.label, bar=bar) as progress:
        made = Attempt(record, progress)
        try:
            with confined(config.time_limit), limit_threads(config.threads):
                yield made
        except NotApplicableError as error:
            made.end(Status.NOT_APPLICABLE, str(error))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit and a panic of a Rust library are not Exception
            log.exception("the run failed")
            made.end(Status.FAILED, describe_failure(error))
