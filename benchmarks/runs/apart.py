"""A run in a process of its own: whatever ends it becomes its record, and the sweep goes on."""

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.run_config import RunConfig
from ..isolation.process_limits import Limits
from ..isolation.run_process import Ended, Tell, can_fork, run_apart
from ..records.record import RunRecord, to_json
from ..tracking.error_reports import forbid_error_reports
from .cost import begin_run
from .execute import execute
from .filing import Run, write_death
from .shared_objects import shared
from .started_run import PATH, RECORD

MADE, ERROR, SKIPPED, LOADED = "made", "error", "skipped", "loaded"
"""Keys of what a run tells at its end."""
WHOLE = ("implicit", "lightfm", "torch", "pytorch_lightning", "transformers")
PARTS = ("scipy", "numba", "polars", "wandb", __name__.partition(".")[0])
"""Packages that are imported here once a run has, and those of which the same modules are.

The next run, forked from this process, then has them already. To import them starts no thread.
"""


def execute_apart(config: RunConfig, *, bar: bool, log: Path | None = None) -> Run:
    """Make a run as ``execute`` does, in a child process where this one may fork.

    Parameters
    ----------
    bar
        As for ``execute``.
    log
        Of the run, held to ``log_limit``.

    Raises
    ------
    ColdbenchError
        As ``execute`` does; when the process dies before data and split are there, too.
    """
    if not (config.isolate and can_fork()):
        return execute(config, bar=bar)
    shared.make_room()
    limits = Limits(config.time_limit, config.memory_limit, log, config.log_limit)
    ended = run_apart(lambda tell: _make(config, bar, tell), limits)
    told = ended.told
    shared.keep(told)
    _import_as_well(told.get(LOADED, ()))
    begin_run()  # what was imported here is part of the memory of every later run
    if ended.how is not None:
        return _bury(ended, ended.how)
    if ERROR in told:
        raise ColdbenchError(told[ERROR])
    return Run(RunRecord.model_validate_json(told[MADE]), Path(told[PATH]), told[SKIPPED])


def _make(config: RunConfig, bar: bool, tell: Tell) -> None:
    """Make a run in the child and tell what came of it."""
    try:
        run = execute(config, bar=bar, tell=tell)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # one bad job must not stop the others, by sys.exit either
        logging.getLogger(__name__).exception("no record: the run failed")
        known = isinstance(error, ColdbenchError)
        tell({ERROR: str(error) if known else f"{type(error).__name__}: {error}"})
        return
    made = {MADE: to_json(run.record), PATH: str(run.path), SKIPPED: run.skipped}
    tell({**made, LOADED: _list_imported()})


def _bury(ended: Ended, how: str) -> Run:
    """Write the record of a run whose process died."""
    logging.getLogger(__name__).error("its process %s", how)
    if RECORD not in ended.told:
        raise ColdbenchError(f"its process {how} while its data was loaded and split")
    return write_death(ended.told, how)


def _list_imported() -> list[str]:
    """Return the modules that are worth having before the next run."""
    parts = [name for name in sys.modules if name.partition(".")[0] in PARTS]
    return [*(name for name in WHOLE if name in sys.modules), *parts]


def _import_as_well(names: Sequence[Any]) -> None:
    """Import what a run has imported."""
    forbid_error_reports()  # W&B decides that when it is imported
    for name in names:
        if name not in sys.modules:
            with suppress(Exception):  # where it cannot be imported here, a run does it again
                import_module(name)
    numba: Any = sys.modules.get("numba")
    if numba is not None:  # what it sets up at its first compiled function, a quarter of a second
        with suppress(AttributeError):  # not a public name of numba: without it a run does so
            numba.core.registry.cpu_target.target_context.refresh()
