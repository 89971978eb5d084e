"""What is sent of a record: its values, and a configuration by allow-list."""

import re
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

from ..evaluation.task_result import Estimate
from ..records.record import RunRecord
from .allowed import find_settings

PER_K = ("task", "metric", "k", "mean", "low", "high", "n")
SLICES = ("task", "group", "metric", "k", "mean", "low", "high", "n")

Row = list[str | float | int | None]
Curve = dict[int, float]


def make_configuration(record: RunRecord) -> dict[str, Any]:
    """Return names, settings, seed, fingerprints and versions; nothing else of a run.

    No path, no error text, no environment variable and no argument of the command line; of the
    dataset only its name, since its settings name files.
    """
    method = find_settings("methods", record.method, record.config.get("method"))
    scenario = find_settings("scenarios", record.scenario, record.config.get("scenario"))
    return {
        "method": {"name": record.method, **method},
        "dataset": {"name": record.dataset},
        "scenario": {"name": record.scenario, **scenario},
        "seed": record.seed,
        "fingerprints": {
            "run_id": record.run_id,
            "data_sha256": record.data_sha256,
            "split_sha256": record.split_sha256,
        },
        "versions": {
            "record": record.schema_,
            "scenario": record.scenario_version,
            "python": record.environment.python,
            "commit": record.commit,
            **record.environment.packages,
        },
    }


def make_tags(record: RunRecord) -> list[str]:
    """Return what runs are filtered by: family, side information, track, seed."""
    named = (record.family, record.side_information, record.track, f"seed={record.seed}")
    return [tag for tag in named if tag]


def collect_scalars(record: RunRecord) -> dict[str, float | int | str]:
    """Return every mean as ``task/metric@k``, the cost as ``cost/...`` and the status.

    On validation, which alone may choose settings, the value of each group of tasks as
    ``validation/<group>`` and what `coldbench tune` calls their mean, that of the cold ones, as
    ``validation/mean``. A value that is undefined or not known is left out, as W&B would show it
    as zero or as text.
    """
    found: dict[str, float | int | str] = {"status": record.status.value}
    for task, scores in record.scores.items():
        for name, metric_value in scores.items():
            if metric_value.mean is not None:
                found[f"{task}/{name}"] = metric_value.mean
    if record.cost is not None:
        cost = record.cost.model_dump()
        found |= {f"cost/{name}": value for name, value in cost.items() if value is not None}
    groups = record.validation.get("groups", {})
    found |= {f"validation/{group}": value for group, value in groups.items()}
    if groups:
        cold = [value for group, value in groups.items() if group != "warm"]
        found["validation/mean"] = fmean(cold or groups.values())
    plain = dict(_leaves(record.training))
    found |= {f"training/{name}": one for name, one in plain.items() if _is_number(one)}
    return found


def list_values_per_k(record: RunRecord) -> list[Row]:
    """Return one row per task, metric and cut-off, in the columns of ``PER_K``."""
    return [
        [task, *_measured(name, metric_value)]
        for task, scores in record.scores.items()
        for name, metric_value in scores.items()
    ]


def list_slices(record: RunRecord) -> list[Row]:
    """Return one row per task, group, metric and cut-off, in the columns of ``SLICES``."""
    return [
        [task, group, *_measured(name, metric_value)]
        for task, groups in record.slices.items()
        for group, scores in groups.items()
        for name, metric_value in scores.items()
    ]


def collect_curves(record: RunRecord) -> dict[str, Curve]:
    """Return the lists of numbers that the method reports of its training, by epoch.

    A plain list counts its epochs from 1; a list of pairs ``[epoch, value]`` names them.
    """
    found = {f"training/{name}": _curve(one) for name, one in _leaves(record.training)}
    return {name: curve for name, curve in found.items() if curve}


def _leaves(report: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is not a dict, by its path; a first part ``training`` adds nothing and goes."""
    for key, value in report.items():
        name = f"{place}{key}"
        if isinstance(value, dict):
            yield from _leaves(value, "" if name == "training" else f"{name}/")
        else:
            yield name, value


def _curve(value: Any) -> Curve:
    """Return a list of numbers or of pairs as values by epoch; empty for anything else."""
    if not isinstance(value, list):
        return {}
    if any(map(_is_number, value)) and all(one is None or _is_number(one) for one in value):
        value = [[epoch, one] for epoch, one in enumerate(value, start=1)]
    if not all(isinstance(one, list) and len(one) == 2 for one in value):
        return {}
    if not all(type(epoch) is int and epoch >= 0 for epoch, _ in value):
        return {}
    return {epoch: float(one) for epoch, one in value if _is_number(one)}


def _measured(name: str, metric_value: Estimate) -> Row:
    metric, k = split_name(name)
    return [metric, k, metric_value.mean, metric_value.low, metric_value.high, metric_value.n]


def split_name(name: str) -> tuple[str, int | None]:
    """Return the metric and its cut-off, None for one without.

    Examples
    --------
    >>> split_name("ndcg@10"), split_name("auc")
    (('ndcg', 10), ('auc', None))
    """
    found = re.fullmatch(r"(.+)@(\d+)", name)
    return (found[1], int(found[2])) if found else (name, None)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
