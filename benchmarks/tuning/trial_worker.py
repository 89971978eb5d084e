"""What a process of a search does: it loads and splits the data once, then fits trials."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.dataset import check_dataset
from ...datasets.training import Report, TrainerSettings
from ...datasets.world import Query, Resources, Split
from ..config.run_config import RunConfig, to_plain
from ..config.trainer_groups import lightning_classes, trainer_departures
from ..evaluation.asked_task import is_rating
from ..evaluation.validation import group_of
from ..isolation.confinement import confined_loading
from ..plugins.requirements import require, require_device
from .fit_trial import TrialPruned, TrialResult, fit_trial
from .search_space import apply_settings
from .validation_split import cut_without_test
from .worker_pool import Ask


@dataclass(frozen=True)
class Setup:
    """What a process needs before its first trial.

    Attributes
    ----------
    config
        The run that is tuned.
    seeds
        Of the splits.
    log
        File of warnings and errors.
    pruning
        Whether validations of a training are reported.
    """

    config: RunConfig
    seeds: tuple[int, ...]
    log: Path
    pruning: bool


@dataclass(frozen=True)
class Trial:
    """A setting to be fitted: its number, the searched fields, and the seconds it may take."""

    number: int
    settings: dict[str, Any] = field(hash=False)
    seconds: float | None = None


def serve_trials(setup: Setup) -> tuple[dict[str, Any], Callable[[Trial, Ask], TrialResult]]:
    """Load and split; return the fingerprints and groups, and what fits a trial."""
    logging.basicConfig(filename=setup.log, format="%(asctime)s %(process)d %(message)s")
    config = setup.config
    require_device(config.device)
    with confined_loading(config.time_limit):
        data = check_dataset(config.dataset.load())
        splits = [cut_without_test(data, config.scenario, seed) for seed in setup.seeds]
    for split in splits:
        require(config.method, split, rating=is_rating(config.scenario))
    resources = Resources(config.threads, config.device, config.devices)

    def do(trial: Trial, ask: Ask) -> TrialResult:
        method = apply_settings(config.method, trial.settings)
        found, left = list[TrialResult](), trial.seconds
        for split in splits:
            first = setup.pruning and not found and config.devices == 1
            report = _make_report(trial.number, ask) if first else None
            result = fit_trial(
                method, split, seconds=left, resources=resources, trainer=_trainer(config, report)
            )
            found.append(result)
            if result.state != "complete":
                break
            if left is not None:
                left = max(left - result.seconds, 0.01)
        return _join(found)

    facts = {
        "data_sha256": data.sha256,
        "split_sha256": [one.fingerprint for one in splits],
        "groups": _list_groups(splits[0], config.scenario),
    }
    return facts, do


def _list_groups(split: Split, scenario: Any) -> list[str]:
    """Return the groups of tasks that ``validate`` measures."""
    if is_rating(scenario):
        return sorted({group_of(one) for one in split.validation.values()})
    return sorted(split.train.validate(_score_alike).groups)


def _score_alike(query: Query) -> FloatArray:
    return np.zeros((len(query.users), len(query.items)), dtype=np.float32)


def _make_report(number: int, ask: Ask) -> Report:
    def report(count: int, groups: Mapping[str, float]) -> None:
        if ask((number, count, dict(groups))):
            raise TrialPruned(f"after {count} validations: others had done better by then")

    return report


def _trainer(config: RunConfig, report: Report | None) -> TrainerSettings:
    """Return what the run sets of Lightning; a trial keeps no checkpoints and writes no logs."""
    found = trainer_departures(config)
    return TrainerSettings(
        flags=to_plain(found.get("trainer", {})),
        callbacks=to_plain(lightning_classes("callbacks", config.callbacks)),
        report=report,
    )


def _join(found: list[TrialResult]) -> TrialResult:
    """Return the mean over the splits, or how the last one ended."""
    last, seconds = found[-1], round(sum(one.seconds for one in found), 3)
    if last.state != "complete":
        return TrialResult(last.state, {}, seconds, last.reason)
    groups = {
        name: float(np.mean([one.groups[name] for one in found if name in one.groups]))
        for name in last.groups
    }
    return TrialResult("complete", groups, seconds)
