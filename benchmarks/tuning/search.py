"""A search: trials are given to processes until their number or the clock is over."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.dataset_name import find_dataset_name
from ..config.run_config import to_plain
from ..plugins.registry import find_name
from ..records.digests import run_id
from ..records.home import results_home
from ..runs.code_version import find_code
from .fit_trial import TrialResult, find_objective
from .study import Study, open_study
from .trial_table import TrialRow, list_rows
from .trial_worker import Setup, Trial, serve_trials
from .tune_settings import TunePlan
from .worker_pool import Event, WorkerPool

FOLDER = ".tune"
"""Below the results: a folder for each search, until somebody removes it."""
DEATHS = 2
"""So often a trial is begun whose process dies."""
LEAST_SECONDS = 0.5

Progress = Callable[[int, int, float | None], None]
"""Called with finished trials, all trials, and the best objective so far."""


def find_place(plan: TunePlan) -> tuple[str, str, str]:
    """Return scenario, dataset and method of a search: the folders of its records."""
    config = plan.config
    return (
        find_name("scenarios", config.scenario),
        find_dataset_name(config.dataset),
        find_name("methods", config.method),
    )


def identify_search(plan: TunePlan) -> dict[str, Any]:
    """Return what must be the same for a search to go on: trials and clock are not in it."""
    config, budget, settings = plan.config, plan.budget, plan.settings
    space = {one.name: {**vars(one.search), "integer": one.integer} for one in plan.dimensions}
    return {
        "method": to_plain(config.method),
        "dataset": to_plain(config.dataset),
        "scenario": to_plain(config.scenario),
        "place": list(find_place(plan)),
        "code": {name: one.model_dump() for name, one in find_code(config).items()},
        "device": [config.device, config.devices, config.threads],
        "trainer": [to_plain(config.trainer), to_plain(config.callbacks)],
        "space": to_plain(space),
        "group": budget.group,
        "seeds": list(budget.seeds),
        "search_seed": settings.search_seed,
        "pruning": settings.pruning,
    }


def study_folder(plan: TunePlan) -> Path:
    """Return where the trials of a search are kept: the same words, the same folder."""
    name = f"{plan.budget.group}-{run_id(identify_search(plan))[:8]}"
    return results_home(plan.config.results).joinpath(FOLDER, *find_place(plan), name)


def run_search(plan: TunePlan, progress: Progress | None = None) -> list[TrialRow]:
    """Fit what is missing of a search and return its trials by number.

    A search whose trials are all there, or whose clock is over, fits nothing.

    Raises
    ------
    ColdbenchError
        When data or split cannot be made, or the trials in the folder are of other data.
    """
    folder, seed = study_folder(plan), plan.settings.search_seed
    identity = identify_search(plan)
    with open_study(folder, identity, plan.dimensions, plan.config.method, seed) as study:
        search = _Search(plan, study, progress)
        if not search.is_over():
            setup = Setup(
                plan.config, tuple(plan.budget.seeds), folder / "trials.log", plan.settings.pruning
            )
            with ExitStack() as stack:
                stack.callback(search.stop_clock)
                count = min(plan.settings.workers, search.missing())
                search.run(stack.enter_context(WorkerPool(serve_trials, setup, count)))
        return list_rows(study.list_finished())


@dataclass
class _Search:
    """The trials that are being fitted."""

    plan: TunePlan
    study: Study
    progress: Progress | None
    deaths: dict[int, int] = field(default_factory=dict)
    clock: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Return the seconds that are left of the budget."""
        used = self.study.seconds + time.monotonic() - self.clock
        return max(0.0, 60 * self.plan.budget.minutes - used)

    def missing(self) -> int:
        """Return how many trials are not finished."""
        return self.plan.budget.trials - len(self.study.list_finished())

    def is_over(self) -> bool:
        """Say whether no trial may be begun any more."""
        return self.missing() <= 0 or self.left() < LEAST_SECONDS

    def stop_clock(self) -> None:
        """Count the seconds since the clock was last looked at."""
        now = time.monotonic()
        self.study.add_seconds(now - self.clock)
        self.clock = now

    def run(self, pool: WorkerPool) -> None:
        """Fit trials until all are finished or the clock is over."""
        while True:
            for worker in pool.list_idle():
                self._give(worker)
            if not pool.list_busy() and self.is_over():
                return
            for event in pool.listen(0.2):
                self._handle(event)

    def _give(self, worker: Any) -> None:
        left = self.left()
        if left < LEAST_SECONDS:
            return
        chosen = self.study.next_trial(self.plan.budget.trials)
        if chosen is None:
            return
        limit = self.plan.config.time_limit
        seconds = min(left, limit) if limit else left
        worker.give(Trial(*chosen, seconds), seconds)

    def _handle(self, event: Event) -> None:
        if event.kind == "refused":
            raise event.content
        if event.kind == "died" and event.job is None:
            raise ColdbenchError(f"a process {event.content}")
        if event.kind == "ready":
            self._check(event.content)
        elif event.kind == "asks":
            number, count, groups = event.content
            value = find_objective(groups, self.plan.budget.group)
            event.worker.connection.send(self.study.report(number, count, value))
        elif event.kind == "done":
            self._finish(event.job.number, event.content)
        else:
            self._bury(event)

    def _check(self, facts: Mapping[str, Any]) -> None:
        find_objective(dict.fromkeys(facts["groups"], 0.0), self.plan.budget.group)
        self.study.require("facts", {"data": facts["data_sha256"], "split": facts["split_sha256"]})

    def _bury(self, event: Event) -> None:
        """Let a trial whose process died be fitted once more; then it has failed."""
        number = event.job.number
        self.deaths[number] = self.deaths.get(number, 0) + 1
        if event.worker.overdue or self.deaths[number] >= DEATHS:
            self._finish(number, TrialResult("failed", reason=f"its process {event.content}"))
        else:
            self.study.release(number)

    def _finish(self, number: int, result: TrialResult) -> None:
        objective = None
        if result.state == "complete":
            objective = find_objective(result.groups, self.plan.budget.group)
        self.study.finish(number, result, objective)
        self.stop_clock()
        if self.progress is not None:
            rows = list_rows(self.study.list_finished())
            values = [one.objective for one in rows if one.objective is not None]
            self.progress(len(rows), self.plan.budget.trials, max(values, default=None))
