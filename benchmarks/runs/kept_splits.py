"""The latest splits of this process, shared by the runs on them and audited once."""

from collections import OrderedDict
from dataclasses import dataclass

from ...datasets.dataset import Dataset
from ...datasets.world import Split
from ..config.run_config import RunConfig
from ..conformance.audits.split_audit import find_leaks
from ..evaluation.validation import with_validation
from ..isolation.confinement import confined
from ..isolation.error_advice import hide_folders
from ..isolation.read_only import make_read_only
from ..isolation.time_limit import OutOfTime
from ..records.digests import run_id, to_jsonable

SPLITS_KEPT = 4


@dataclass
class KeptSplit:
    """A split that several runs share, and what its audit found; None before it was audited."""

    split: Split
    findings: list[str] | None = None


_splits: "OrderedDict[str, KeptSplit]" = OrderedDict()


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
        _splits[key] = KeptSplit(config.scenario.split(data, config.seed))
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
