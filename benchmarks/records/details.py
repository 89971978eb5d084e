"""The values that a record leaves to the table next to it: other cut-offs, other metrics, slices.

They are decimals: a mean below 10 has six places, in a slice five, a larger one seven digits, and
the ends of an interval one place fewer. So they are small, and the same numbers in any file.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluation.task_result import Estimate
from .board_tables import find_rows
from .table_kinds import DETAILS

if TYPE_CHECKING:
    import polars as pl

KEPT = ("ndcg@10", "recall@20", "harmonic_ndcg@10", "auc")
"""The values that a record itself holds; of a task that has none of them it holds all."""
PLACES, SLICE_PLACES, DIGITS = 6, 5, 7
"""Decimal places of a mean below 10, of a whole task and of a slice; digits of a larger one."""

Scores = Mapping[str, Mapping[str, Estimate]]
Slices = Mapping[str, Mapping[str, Mapping[str, Estimate]]]


def keep(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a task's values that a record holds."""
    return {name: one for name, one in values.items() if name in KEPT} or dict(values)


def round_kept(one: Estimate) -> Estimate:
    """Return a value as a record holds it: ten places, its interval six."""
    return Estimate(_round(one.mean, 10), _round(one.low, 6), _round(one.high, 6), int(one.n))


def round_detail(one: Estimate, places: int = PLACES) -> Estimate:
    """Return a value as the details hold it."""
    return _decoded(*_encoded(one, places))


def round_slices(
    slices: Mapping[str, Mapping[str, Estimate]],
) -> dict[str, dict[str, Estimate]]:
    """Return the slices of a task as the details hold them."""
    return {
        group: {name: round_detail(one, SLICE_PLACES) for name, one in values.items()}
        for group, values in slices.items()
    }


def round_scores(values: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the values of a task, each as it will come back."""
    held = keep(values)
    return {n: round_kept(one) if n in held else round_detail(one) for n, one in values.items()}


def tabulate(scores: Scores, slices: Slices) -> "pl.DataFrame | None":
    """Return the rows of a run's details; None where there are none."""
    rows = [
        (task, group, name, *_encoded(one, SLICE_PLACES if group else PLACES))
        for (task, group, name), one in _left_out(scores, slices)
    ]
    if not rows:
        return None
    import polars as pl

    types: dict[str, Any] = dict.fromkeys(DETAILS.keys, pl.String)
    types |= dict.fromkeys(("mean", "below", "above"), pl.Int64)
    types |= {"decimals": pl.Int8, "n": pl.Int32}
    return DETAILS.arranged(pl.DataFrame(rows, schema=types, orient="row"))


def _left_out(scores: Scores, slices: Slices) -> Iterator[tuple[tuple[str, str, str], Estimate]]:
    for task, values in scores.items():
        held = keep(values)
        for name, one in values.items():
            if name not in held:
                yield (task, "", name), one
    for task, groups in slices.items():
        for group, values in groups.items():
            for name, one in values.items():
                yield (task, group, name), one


def join(
    content: dict[str, Any], path: Path, metrics: Collection[str] | None = None
) -> dict[str, Any]:
    """Return a record's content with its details.

    Parameters
    ----------
    content
        As it was read from JSON.
    path
        Of the record.
    metrics
        Only these values of whole tasks; None is all of them, and the slices.

    Raises
    ------
    ColdbenchError
        When the table is not the one that the record names.
    """
    digest = content.get("details_sha256")
    if digest is None or (metrics is not None and set(metrics) <= set(KEPT)):
        return content
    rows = find_rows(DETAILS, path, digest)
    if rows is None:
        return content
    if metrics is not None:
        import polars as pl

        rows = rows.filter((pl.col("group") == "") & pl.col("metric").is_in(list(metrics)))
    scores = {task: dict(values) for task, values in content["scores"].items()}
    slices: dict[str, dict[str, dict[str, Any]]] = {}
    for task, group, name, *stored in rows.select(DETAILS.columns).iter_rows():
        one = _decoded(*stored)
        place = slices.setdefault(task, {}).setdefault(group, {}) if group else scores[task]
        place[name] = {"mean": one.mean, "low": one.low, "high": one.high, "n": one.n}
    return content | {"scores": scores, "slices": slices}


def _encoded(one: Estimate, places: int) -> tuple[int | None, int | None, int | None, int, int]:
    """Return mean, the distances of low and high from it, places of the mean, and n."""
    if one.mean is None or not math.isfinite(one.mean):
        return None, None, None, places, int(one.n)
    # Rounded before its size is asked for: what comes back must be taken apart in the same way.
    near = max((round(one.mean, places), float(f"{one.mean:.{DIGITS - 1}e}")), key=abs)
    if abs(near) >= 10:
        places = max(1, DIGITS - 1 - math.floor(math.log10(abs(near))))
    mean, unit = round(one.mean * 10**places), 10 ** (places - 1)
    middle = mean / 10**places
    low, high = (
        None if end is None or not math.isfinite(end) else round((end - middle) * unit)
        for end in (one.low, one.high)
    )
    return mean, low if low is None else -low, high, places, int(one.n)


def _decoded(
    mean: int | None, below: int | None, above: int | None, places: int, n: int
) -> Estimate:
    if mean is None:
        return Estimate(None, None, None, n)
    low = None if below is None else (mean - 10 * below) / 10**places
    high = None if above is None else (mean + 10 * above) / 10**places
    return Estimate(mean / 10**places, low, high, n)


def _round(number: float | None, places: int) -> float | None:
    return None if number is None or not math.isfinite(number) else round(float(number), places)
