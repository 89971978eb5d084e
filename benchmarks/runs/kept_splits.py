"""The data of a run and the latest splits of this process, shared by runs and audited once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from ...datasets.dataset import Dataset, check_dataset
from ...datasets.world import Split
from ..config.run_config import RunConfig
from ..conformance.audits.split_audit import find_leaks
from ..evaluation.validation import with_validation
from ..isolation.confinement import confined
from ..isolation.error_advice import hide_folders
from ..isolation.read_only import make_read_only
from ..isolation.run_process import Tell
from ..isolation.time_limit import OutOfTime
from ..records.digests import run_id, to_jsonable
from .shared_objects import shared

SPLITS_KEPT = 4


@dataclass
class KeptSplit:
    """A split that several runs share, and what its audit found; None before it was audited."""

    key: str
    split: Split
    findings: list[str] | None = None


_splits: "OrderedDict[str, KeptSplit]" = OrderedDict()


def load_data(config: RunConfig, tell: Tell) -> Dataset:
    """Return the data of a run, as an earlier run of the sweep or the dataset itself loads it."""
    kind = type(config.dataset)
    settings = to_jsonable(vars(config.dataset))
    key = run_id({"dataset": f"{kind.__module__}.{kind.__qualname__}", "settings": settings})
    found = shared.read(key)
    if found is None:
        found = check_dataset(config.dataset.load())
        tell(shared.write(key, found))
    data: Dataset = found
    return data


def keep_split(config: RunConfig, data: Dataset) -> KeptSplit:
    """Return the split of a run as its scenario makes it, now or for an earlier run."""
    kind = type(config.scenario)
    key = run_id(
        {
            "data": data.sha256,
            "scenario": f"{kind.__module__}.{kind.__qualname__}",
            "settings": to_jsonable(vars(config.scenario)),
            "seed": config.seed,
        }
    )
    if key not in _splits:
        split = shared.read(key)
        if split is None:
            split = config.scenario.split(data, config.seed)
        _splits[key] = KeptSplit(key, split, shared.read_findings(key))
    _splits.move_to_end(key)
    while len(_splits) > SPLITS_KEPT:
        _splits.popitem(last=False)
    return _splits[key]


def split_once(config: RunConfig, data: Dataset) -> Split:
    """Return the split of a run with ``validate``, read-only against changes by any method."""
    return make_read_only(with_validation(keep_split(config, data).split, config.scenario))


def audit_once(kept: KeptSplit, config: RunConfig, data: Dataset) -> list[str]:
    """Return what the audit finds in a kept split, looked for at the first call.

    An audit that does not end within the time limit is itself a finding.
    """
    if kept.findings is None:
        try:
            with confined(config.time_limit):
                found = find_leaks(kept.split, data, config.scenario)
        except OutOfTime as error:
            found = [f"the audit of the split came to no end: {error}"]
        kept.findings = [hide_folders(one) for one in found]
    return kept.findings


def share_split(kept: KeptSplit) -> dict[str, Any]:
    """Write a split for the runs to come, and return what their sweep is to be told of it."""
    return shared.write(kept.key, kept.split)


def share_findings(kept: KeptSplit) -> dict[str, Any]:
    """Return what the audit found, for the runs to come."""
    return {} if kept.findings is None else shared.write_findings(kept.key, kept.findings)
