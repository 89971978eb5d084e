"""The fitted method of a run: kept from before, or fitted now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from ...datasets.errors import ColdbenchError
from ...methods.base import Method
from ..isolation.confinement import confined
from ..isolation.error_advice import describe_failure
from ..isolation.threads import limit_threads
from ..records.home import results_home
from ..runs.fit_steps import fit_steps, list_steps
from ..runs.plan import Plan
from ..terminal.progress_bar import show_progress

FOLDER = ".fitted"
"""Below the results: the learned state of each run that was to be kept, named by its ``run_id``."""


@dataclass(frozen=True)
class FittedModel:
    """A fitted method, how long that took, and where it is kept.

    Attributes
    ----------
    method
        The method.
    seconds
        Of fitting; None for one that was kept.
    path
        Its file; None where it is not kept.
    """

    method: Method
    seconds: float | None
    path: Path | None


def find_model(plan: Plan, *, keep: bool) -> FittedModel:
    """Return the fitted method of a run; of an interrupted training the rest is made.

    Parameters
    ----------
    plan
        The run.
    keep
        Write the learned state, so that it is found the next time.

    Raises
    ------
    ColdbenchError
        When the method fails, or its file cannot be read or written.
    """
    path = results_home(plan.config.results) / FOLDER / f"{plan.record.run_id}.npz"
    method: Method = plan.config.method
    if path.exists():
        with guarded(plan, f"be read from {path}; remove that file"):
            return FittedModel(method.load(path), None, path)
    begin = perf_counter()
    with show_progress(plan.label) as progress, guarded(plan, "be fitted"):
        method, _ = fit_steps(plan, list_steps(plan), progress)
    seconds = perf_counter() - begin
    if keep:
        with guarded(plan, f"be kept as {path}"):
            method.save(path)
    return FittedModel(method, seconds, path if keep else None)


@contextmanager
def guarded(plan: Plan, what: str) -> Iterator[None]:
    """Hold a block of a method's code to the run's time and threads, and tell its failure.

    Raises
    ------
    ColdbenchError
        For whatever goes wrong, with what the method could not do.
    """
    try:
        with confined(plan.config.time_limit), limit_threads(plan.config.threads):
            yield
    except (ColdbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit and a panic of a Rust library are not Exception
        raise ColdbenchError(
            f"{plan.record.method} could not {what}: {describe_failure(error)}"
        ) from error
