"""What a record says of a run before it is made, and the figures it adds afterwards."""

import math
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from ...datasets.dataset import Dataset
from ...datasets.world import Split
from ...methods.base import Family
from ..config.dataset_name import dataset_name
from ..config.masking import masked_settings
from ..config.run_config import RunConfig, plain
from ..evaluation.results import Estimate, TaskResult
from ..plugins.registry import GROUPS, available, name_of
from ..records.record import Figure, RunRecord, Status, now, run_id
from .code_version import code_of
from .environment import commit, environment

UNSEEN = ("results", "force", "save_rankings", "time_limit", "tracking")
"""Settings of a run that are no part of its identity: they say where and whether, not what."""

_PATH_FIELDS = ("path", "file", "files", "folder", "directory")
_OF_FILES = ("dataset", "scenario")
_ELSEWHERE = (("dataset", "path"), ("scenario", "files"))
"""Folders that only say where the same content lies."""


def describe(config: RunConfig, data: Dataset, split: Split) -> RunRecord:
    """Return the record of a run that has not been made yet."""
    names = {group: name_of(kind, getattr(config, group)) for group, kind in GROUPS.items()}
    names["dataset"] = dataset_name(config.dataset)
    settings = identity(config)
    prints = {"data_sha256": data.sha256, "split_sha256": split.fingerprint}
    code = code_of(config, _metrics(config))
    made_by = {part: one.model_dump() for part, one in code.items()}
    head, dirty = commit()
    return RunRecord(
        run_id=run_id(
            {**names, **prints, "config": settings, "seed": config.seed, "code": made_by}
        ),
        status=Status.FAILED,
        family=Family(config.method.family).value,
        reference=config.method.reference,
        seed=config.seed,
        config=settings,
        code=code,
        scenario_version=getattr(config.scenario, "version", 1),
        side_information=_value(config.scenario, "side_information"),
        track=_value(config.scenario, "track"),
        facts=dict(split.facts) | {"candidates": _candidates(split)},
        duplicates=data.merged,
        environment=environment(config),
        commit=head,
        dirty=dirty,
        started=now(),
        method=names["method"],
        preset=config.preset,
        dataset=names["dataset"],
        scenario=names["scenario"],
        data_sha256=data.sha256,
        split_sha256=split.fingerprint,
    )


def identity(config: RunConfig) -> dict[str, Any]:
    """Return the resolved configuration that identifies a run, the same on any machine.

    A path is cut down to its last part: what it holds is in ``data_sha256`` or ``split_sha256``.
    Of the folder of a dataset or of a published split nothing is kept, since everybody's is called
    differently.
    Settings of a method may hold names with a slash (of a published model), which are kept. What
    looks like a secret is masked: which key opens a service is no part of what is computed.
    """
    settings = plain(config)
    for name in UNSEEN:
        del settings[name]
    del settings["evaluation"]["block"]
    for group, name in _ELSEWHERE:
        if name in settings[group]:
            settings[group][name] = None
    shown = {
        name: _without_folders(value, name, everywhere=name in _OF_FILES)
        for name, value in settings.items()
    }
    return {name: masked_settings(value) for name, value in shown.items()}


def _candidates(split: Split) -> dict[str, int]:
    """Return how many candidates each task has."""
    return {task: len(holdout.items) for task, holdout in split.test.items()}


def _metrics(config: RunConfig) -> tuple[str, ...]:
    """Return the names of what is measured."""
    return tuple(config.evaluation.metrics or available("metrics"))


def figures(
    results: Mapping[str, TaskResult],
) -> tuple[dict[str, dict[str, Figure]], dict[str, dict[str, dict[str, Figure]]]]:
    """Return the scores and the slices of every task as a record holds them."""
    scores = {task: _figures(result.scores) for task, result in results.items()}
    slices = {
        task: {group: _figures(one) for group, one in result.slices.items()}
        for task, result in results.items()
    }
    return scores, {task: groups for task, groups in slices.items() if groups}


def is_rating(scenario: Any) -> bool:
    """Say whether a scenario asks for ratings instead of ranked lists."""
    return _value(scenario, "task") == "rating"


def _figures(estimates: Mapping[str, Estimate]) -> dict[str, Figure]:
    return {
        name: Figure(mean=_finite(e.mean), low=_finite(e.low), high=_finite(e.high), n=int(e.n))
        for name, e in estimates.items()
    }


def _finite(number: float) -> float | None:
    """Return a figure to ten decimals, None where it is not defined."""
    return round(float(number), 10) if math.isfinite(number) else None


def _value(scenario: Any, field: str) -> str | None:
    """Return an enum or text field of a scenario as text, None where it has no such field."""
    value = getattr(scenario, field, None)
    if value is None:
        return None
    return str(value.value if isinstance(value, Enum) else value)


def _without_folders(value: Any, name: str, everywhere: bool) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(one, key, everywhere) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_folders(one, name, everywhere) for one in value]
    if isinstance(value, str) and (everywhere or _is_path(name, value)):
        return PurePath(value).name
    return value


def _is_path(name: str, value: str) -> bool:
    named = any(name == part or name.endswith(f"_{part}") for part in _PATH_FIELDS)
    return named or value.startswith("~") or PurePath(value).is_absolute()
