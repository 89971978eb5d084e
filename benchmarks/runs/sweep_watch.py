"""The output of a sweep: a line per finished run, the time left, and a summary."""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ..config.masking import Mask
from ..isolation.child_process import tell_parent, watch_parent
from ..records.home import results_home
from ..store.live_marks import SWEEP, hold_mark
from ..store.sweep_file import sweep_path
from ..terminal.console import format_duration, make_console
from ..terminal.progress_bar import hide_bar
from .job_outcome import FILE, SKIPPED, Outcome, read_outcomes
from .masked_files import mask_sweep_files
from .summary import list_job_words, list_missing, plan_jobs, save_plan, summarise
from .sweep_job import join_sweep
from .sweep_plan import leave_sweep, withdraw_sweep
from .tracked_boards import update_leaderboards

POLL_SECONDS = 0.25
NO_OUTCOME = "no outcome: its process died, or it still runs"

_watches_launcher = False
swept: list[Outcome] = []
"""The outcomes of the last sweep of this process, for its exit status; what was not run too."""


class SweepCallback(Callback):
    """Hydra's callback in the launching process; jobs anywhere only leave their outcome files."""

    def __init__(self) -> None:
        self._watch: SweepWatch | None = None
        self._sweep: str | None = None
        self._launcher = os.getpid()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Start to watch the folder of the sweep."""
        folder, words = Path(config.hydra.sweep.dir), list_job_words(config)
        jobs = plan_jobs(config, words)
        self._watch = SweepWatch(folder, None if jobs is None else len(jobs))
        self._watch.start()
        save_plan(folder, jobs)
        tell_parent(sweep=str(folder.resolve()))
        home = results_home(config.get("results"))
        self._sweep = leave_sweep(config, home, jobs, words).id
        self._watch.mark(home, self._sweep)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Report the last runs and close the sweep with its summary."""
        if self._watch is not None:
            self._watch.close()
        update_leaderboards(config)

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Update the leaderboards of W&B after a single run, where that is asked for."""
        update_leaderboards(config)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say which job of which sweep this process does from here on, and go where it was typed.

        A worker of a cluster was started somewhere else, where relative paths mean other folders.
        """
        if Path.cwd() != Path(config.hydra.runtime.cwd):
            os.chdir(config.hydra.runtime.cwd)
        if self._sweep is not None:
            join_sweep(self._sweep, int(config.hydra.job.num))
        if "joblib" in str(config.hydra.launcher.get("_target_")):
            self._end_with_launcher()

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        """Leave the sweep."""
        if self._sweep is not None:
            join_sweep(None, 0)

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say where a single run leaves its log, should its process die."""
        tell_parent(run=str(Path(config.hydra.run.dir)))

    def __getstate__(self) -> dict[str, Any]:
        """Launchers send the callback to their workers; the watching stays here."""
        return {"_watch": None, "_sweep": self._sweep, "_launcher": self._launcher}

    def _end_with_launcher(self) -> None:
        """Let a worker of joblib end when the sweep is killed; it would wait minutes for jobs."""
        global _watches_launcher
        if os.getppid() == self._launcher and not _watches_launcher:
            _watches_launcher = True
            watch_parent(self._launcher)


class SweepWatch:
    """Prints the outcomes of a sweep as they appear in its folder."""

    current: "SweepWatch | None" = None

    def __init__(self, folder: Path, total: int | None) -> None:
        self.folder, self.total = folder, total
        self.seen: set[int] = set()
        self._read: dict[Path, Outcome] = {}
        self.began = time.monotonic()
        self._console = make_console()
        self._marks = ExitStack()
        self._sweep: tuple[Path, str] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def start(self) -> None:
        """Forget an earlier sweep in the same folder and begin to look."""
        for old in self.folder.rglob(FILE):
            old.unlink()
        SweepWatch.current = self
        self._thread.start()

    def mark(self, home: Path, sweep: str) -> None:
        """Mark the sweep as going on until the watch is closed."""
        self._sweep = home, sweep
        self._marks.enter_context(hold_mark(home, SWEEP, sweep=sweep))

    def mask(self, mask: Mask) -> None:
        """Hide what a mask hides in the files of the sweep."""
        plan = () if self._sweep is None else (sweep_path(*self._sweep),)
        mask_sweep_files(mask, self.folder, *plan)

    def close(self) -> None:
        """Print what is left and the summary; a second call does nothing."""
        if SweepWatch.current is not self:
            return
        SweepWatch.current = None
        self._stop.set()
        self._thread.join()
        self._marks.close()
        found, lost = self._look(), list_missing(self.folder, NO_OUTCOME)
        swept.extend([*found, *lost])
        began = bool(found) or any(one.reason for one in lost)
        if began:  # else the error says why
            summarise(found, lost)
        refused = not lost and all(one.record is None for one in found)
        if self._sweep is not None and (refused or not began):
            withdraw_sweep(*self._sweep)
        tell_parent(sweep=None)

    def _poll(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> list[Outcome]:
        """Print the outcomes that are new and return all of them."""
        found = read_outcomes(self.folder, self._read)
        for one in found:
            if one.number not in self.seen:
                self.seen.add(one.number)
                with hide_bar():
                    self._console.print(self._line(one, found), soft_wrap=True)
        return found

    def _line(self, one: Outcome, found: Sequence[Outcome]) -> str:
        of = f"/{self.total}" if self.total is not None else ""
        head = f"[{len(self.seen)}{of}] {one} · {format_duration(one.seconds)}"
        made = sum(known.status != SKIPPED for known in found if known.number in self.seen)
        if self.total is None or not made:
            return head
        each = (time.monotonic() - self.began) / made
        left = self.total - len(self.seen)
        return f"{head} · about {format_duration(each * left)} left" if left else head
