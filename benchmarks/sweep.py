"""A sweep as a person sees it: a line per finished run, the time left, and a summary."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from .console import console, duration, table
from .fitted_table import Column
from .outcome import FILE, SKIPPED, Outcome, outcomes
from .progress import aside

POLL_SECONDS = 0.25

swept: list[Outcome] = []
"""The outcomes of the last sweep of this process, for its exit status."""


class Progress(Callback):
    """Hydra's callback in the launching process; jobs anywhere only leave their outcome files."""

    def __init__(self) -> None:
        self._watch: Watch | None = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Start to watch the folder of the sweep."""
        folder = Path(config.hydra.sweep.dir)
        self._watch = Watch(folder, job_count(config))
        self._watch.start()

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Report the last runs and close the sweep with its summary."""
        if self._watch is not None:
            self._watch.close()

    def __getstate__(self) -> dict[str, Any]:
        """Launchers send the callback to their workers; the watching stays here."""
        return {"_watch": None}


class Watch:
    """Prints the outcomes of a sweep as they appear in its folder."""

    current: "Watch | None" = None

    def __init__(self, folder: Path, total: int | None) -> None:
        self.folder, self.total = folder, total
        self.seen: set[int] = set()
        self._read: dict[Path, Outcome] = {}
        self.began = time.monotonic()
        self._console = console()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def start(self) -> None:
        """Forget an earlier sweep in the same folder and begin to look."""
        for old in self.folder.rglob(FILE):
            old.unlink()
        Watch.current = self
        self._thread.start()

    def close(self) -> None:
        """Print what is left and the summary; a second call does nothing."""
        if Watch.current is not self:
            return
        Watch.current = None
        self._stop.set()
        self._thread.join()
        found = self._look()
        swept.extend(found)
        if found:  # else nothing was launched, and the error says why
            summarise(found, self.total)

    def _poll(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> list[Outcome]:
        """Print the outcomes that are new and return all of them."""
        found = outcomes(self.folder, self._read)
        for one in found:
            if one.number not in self.seen:
                self.seen.add(one.number)
                with aside():
                    self._console.print(self._line(one, found), soft_wrap=True)
        return found

    def _line(self, one: Outcome, found: Sequence[Outcome]) -> str:
        of = f"/{self.total}" if self.total is not None else ""
        head = f"[{len(self.seen)}{of}] {one} · {duration(one.seconds)}"
        made = sum(known.status != SKIPPED for known in found if known.number in self.seen)
        if self.total is None or not made:
            return head
        each = (time.monotonic() - self.began) / made
        left = self.total - len(self.seen)
        return f"{head} · about {duration(each * left)} left" if left else head


def job_count(config: DictConfig) -> int | None:
    """Return how many jobs Hydra's own sweeper will make; None for another sweeper."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser

    if not str(config.hydra.sweeper._target_).endswith("BasicSweeper"):
        return None
    words = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    words += list(config.hydra.overrides.task)
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    try:
        return len(BasicSweeper.split_arguments(parser.parse_overrides(words), None)[0])
    except Exception as error:  # Hydra itself will refuse the words, with the better sentence
        logging.getLogger(__name__).debug("cannot count the jobs: %s", error)
        return None


def summarise(found: Sequence[Outcome], total: int | None) -> None:
    """Print how many runs ended how, and the reason of each one without scores."""
    out = console()
    counts = Counter(one.status for one in found)
    told = [f"{n} {status.replace('_', ' ')}" for status, n in sorted(counts.items())]
    if total is not None and total > len(found):
        told.append(f"{total - len(found)} not run")
    out.print(f"\n{len(found)} runs: {', '.join(told) or 'none'}", soft_wrap=True)
    bad = [one for one in found if one.status in ("failed", "not_applicable")]
    if not bad:
        return
    where_run = Column("scenario/dataset", leave=1)
    rows = table("status", "method", where_run, "seed", "reason", elsewhere="the records have them")
    for one in bad:
        where = f"{one.scenario}/{one.dataset}"
        reason = one.reason or ""
        rows.add_row(one.status.replace("_", " "), one.method, where, str(one.seed), reason)
    out.print(rows)
