"""What is known of a run before it is made, resolved once from its configuration."""

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset
from ...datasets.protocol.settings import Task
from ...datasets.world import Resources, Split
from ...methods.base import Family
from ..config.dataset_name import find_dataset_name
from ..config.masking import Mask
from ..config.run_config import RunConfig, to_plain
from ..evaluation.asked_task import find_task
from ..evaluation.validation import with_validation
from ..isolation.read_only import make_read_only
from ..plugins.registry import GROUPS, find_name, list_names
from ..records.digests import run_id
from ..records.home import results_home
from ..records.record import RunRecord, Status, find_identity, read_clock, record_path
from .code_version import find_code
from .environment import describe_environment, find_commit
from .identity import make_identity
from .kept_splits import KeptSplit


@dataclass(frozen=True)
class Plan:
    """One run, resolved: whatever a later step asks of it stands here.

    Attributes
    ----------
    config
        As it was composed.
    data
        What was loaded.
    kept
        The split as the scenario made it, shared with other runs; for its audit only.
    split
        The same with ``validate`` and resources, read-only: no method can change it for the runs
        after this one.
    record
        The record of the run as far as it is known: names, identity, code, environment; it has
        failed until it has come to its end.
    path
        Where the record belongs.
    task
        What the scenario asks for.
    resources
        Threads and device.
    mask
        Hides the secrets of the configuration.
    """

    config: RunConfig
    data: Dataset
    kept: KeptSplit
    split: Split
    record: RunRecord
    path: Path
    task: Task
    resources: Resources
    mask: Mask

    @property
    def label(self) -> str:
        """The run in a line: ``kgcn · grid/ml-1m · seed 0``."""
        one = self.record
        return f"{one.method} · {one.scenario}/{one.dataset} · seed {one.seed}"


def plan_run(config: RunConfig, data: Dataset, kept: KeptSplit) -> Plan:
    """Resolve a run whose data is loaded and split."""
    record = _describe(config, data, kept.split)
    resources = Resources(config.threads, config.device, config.devices)
    split = replace(kept.split, train=replace(kept.split.train, resources=resources))
    return Plan(
        config=config,
        data=data,
        kept=kept,
        split=make_read_only(with_validation(split, config.scenario)),
        record=record,
        path=record_path(results_home(config.results), record),
        task=find_task(config.scenario),
        resources=resources,
        mask=Mask.of(to_plain(config)),
    )


def _describe(config: RunConfig, data: Dataset, split: Split) -> RunRecord:
    """Return the record of a run that has not been made yet."""
    names = {group: find_name(kind, getattr(config, group)) for group, kind in GROUPS.items()}
    names["dataset"] = find_dataset_name(config.dataset)
    metrics = tuple(config.evaluation.metrics or list_names("metrics"))
    head, dirty = find_commit()
    draft = RunRecord(
        run_id="",
        status=Status.FAILED,
        family=Family(config.method.family).value,
        reference=config.method.reference,
        seed=config.seed,
        config=make_identity(config),
        code=find_code(config, metrics),
        scenario_version=getattr(config.scenario, "version", 1),
        side_information=_text_of(config.scenario, "side_information"),
        track=_text_of(config.scenario, "track"),
        facts=dict(split.facts) | {"candidates": _count_candidates(split)},
        duplicates=data.merged,
        environment=describe_environment(config),
        commit=head,
        dirty=dirty,
        started=read_clock(),
        method=names["method"],
        preset=config.preset,
        tuning=config.tuning,
        tuning_trials=config.tuning["trials"] if config.tuning else 0,
        dataset=names["dataset"],
        scenario=names["scenario"],
        data_sha256=data.sha256,
        split_sha256=split.fingerprint,
    )
    return draft.model_copy(update={"run_id": run_id(find_identity(draft))})


def _count_candidates(split: Split) -> dict[str, int]:
    """Return how many candidates each task has."""
    return {task: len(holdout.items) for task, holdout in split.test.items()}


def _text_of(scenario: Any, field: str) -> str | None:
    """Return an enum or text field of a scenario as text, None where it has no such field."""
    value = getattr(scenario, field, None)
    if value is None:
        return None
    return str(value.value if isinstance(value, Enum) else value)
