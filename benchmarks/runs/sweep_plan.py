"""The file that a sweep leaves in the folder of records when it starts."""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from socket import gethostname
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..config.masking import Mask
from ..config.overlays import CONFIG_NAME
from ..records.disk_space import explain_os_error
from ..records.record import read_clock
from ..store.found_marks import remove_stale
from ..store.sweep_file import PlannedJob, SweepFile, make_sweep_id, save_sweep, sweep_path
from ..store.sweep_journal import journal_path, read_journal
from .job_outcome import Outcome

_EXPERIMENT = "experiment"


def leave_sweep(
    config: DictConfig,
    home: Path,
    jobs: Sequence[Outcome] | None,
    words: Sequence[Sequence[str]] | None,
) -> SweepFile:
    """Write the file of a sweep that starts, and return what it holds.

    Where it cannot be written the log says so, and the sweep goes on.

    Parameters
    ----------
    config
        As it was composed for the whole sweep.
    home
        Folder of the records.
    jobs, words
        What is known of each job, and its words; None for a sweeper that decides as it goes.
    """
    task = [str(one) for one in config.hydra.overrides.task]
    settings: Any = OmegaConf.to_container(config)
    mask = Mask.of({key: one for key, one in settings.items() if key != "hydra"}, task)
    sweep = SweepFile(
        id=make_sweep_id([task] if words is None else words),
        name=_find_name(task),
        started=read_clock(),
        pid=os.getpid(),
        host=gethostname(),
        options=tuple(mask.text(one) for one in _list_options(config)),
        jobs=None if jobs is None or words is None else tuple(_plan(jobs, words, mask)),
    )
    try:
        remove_stale(home)
        save_sweep(home, sweep)
    except OSError as error:
        logging.getLogger(__name__).warning(
            "coldbench results status will not know this sweep: %s", explain_os_error(error)
        )
    return sweep


def withdraw_sweep(home: Path, sweep: str) -> None:
    """Remove the files of a sweep of which no run came to its data: its words were refused."""
    if any(note.run is not None for note in read_journal(home, sweep).values()):
        return  # the same sweep, started before
    with suppress(OSError):
        for path in (sweep_path(home, sweep), journal_path(home, sweep)):
            path.unlink(missing_ok=True)
        path.parent.rmdir()
        home.rmdir()  # each only where nothing else is there


def _plan(
    jobs: Sequence[Outcome], words: Sequence[Sequence[str]], mask: Mask
) -> Sequence[PlannedJob]:
    return [
        PlannedJob(
            number=one.number,
            method=mask.text(one.method),
            dataset=one.dataset,
            scenario=one.scenario,
            seed=one.seed,
            words=tuple(mask.text(word) for word in typed),
        )
        for one, typed in zip(jobs, words, strict=True)
    ]


def _find_name(words: Sequence[str]) -> str | None:
    """Return the experiment among typed words."""
    named = [one.partition("=") for one in words]
    return next((value for key, _, value in named if key.lstrip("+") == _EXPERIMENT), None)


def _list_options(config: DictConfig) -> list[str]:
    """Return the words by which the configuration itself was found."""
    options = [
        str(word)
        for word in config.hydra.overrides.hydra
        if str(word).lstrip("+").startswith("hydra.searchpath=")
    ]
    for source in config.hydra.runtime.config_sources:
        if source.provider == "command-line":
            options = ["--config-dir", str(source.path), *options]
    name = str(config.hydra.job.config_name)
    return options if name == CONFIG_NAME else ["--config-name", name, *options]
