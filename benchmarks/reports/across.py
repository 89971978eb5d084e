"""One task over several datasets: average ranks, and which methods are practically equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ...datasets.arrays import DoubleArray
from ..evaluation.spread import spread_over_draws
from ..terminal.fitted_table import TableColumn
from .board import Board
from .contenders import UNINFORMED
from .rows import Row
from .table_grids import CellText, TableGrid, format_p

REGION = 0.005
"""Differences up to this value count as practically equal."""
LEAST_DATASETS, LEAST_ROWS = 3, 3


@dataclass(frozen=True)
class Ranks:
    """The methods that every dataset has, in one task.

    Attributes
    ----------
    task, datasets
        What they were ranked on.
    labels, ranks
        Best average rank first.
    p_friedman
        Of all rows being equal (Friedman 1937).
    critical
        Two average ranks that differ by less are not separated (Nemenyi 1963; Demsar 2006).
    """

    task: str
    datasets: list[str]
    labels: list[str]
    ranks: list[float]
    p_friedman: float
    critical: float


def rank_values(values: DoubleArray) -> tuple[DoubleArray, float, float]:
    """Return the average ranks, Friedman's p-value and Nemenyi's critical difference at 5 %.

    Parameters
    ----------
    values
        float64, (datasets, rows): higher is better; ties share the average of their ranks.
    """
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    count, rows = values.shape
    ranks = rankdata(-values, axis=1).mean(axis=0)
    quantile = studentized_range.ppf(0.95, rows, np.inf) / np.sqrt(2)
    critical = quantile * np.sqrt(rows * (rows + 1) / (6 * count))
    same = bool((values == values[:, :1]).all())
    p = 1.0 if same else float(friedmanchisquare(*values.T).pvalue)
    return ranks, p, float(critical)


def compare_practically(
    differences: Sequence[float], overlap: float, region: float = REGION
) -> tuple[float, float, float]:
    """Return the probabilities that a difference is below, within and above the region.

    The Bayesian correlated t test (Corani and Benavoli 2015, equation 8; Benavoli et al. 2017):
    with a flat prior the mean difference over draws is Student's t around their mean, with the
    variance of Nadeau and Bengio.
    """
    from scipy.special import stdtr

    found = spread_over_draws(differences, overlap)
    if not np.isfinite(found.error):
        return 0.0, 1.0, 0.0
    if found.error == 0:
        return float(found.mean < -region), float(abs(found.mean) <= region), float(
            found.mean > region
        )  # fmt: skip
    ends = [float(stdtr(found.freedom, (e - found.mean) / found.error)) for e in (-region, region)]
    return ends[0], ends[1] - ends[0], 1.0 - ends[1]


def rank_across(boards: Sequence[Board], task: str) -> Ranks | None:
    """Return the average ranks in a task of the methods that every dataset has.

    One leaderboard per dataset, with drawn splits; None with fewer than three datasets or methods.
    """
    held = _choose_boards(boards, task)
    rows = [_find_rows(board, task) for board in held]
    labels = sorted(set.intersection(*map(set, rows))) if rows else []
    if len(held) < LEAST_DATASETS or len(labels) < LEAST_ROWS:
        return None
    sign = [-1.0 if board.lower_is_better else 1.0 for board in held]
    values = np.array(
        [[s * by[label].cells[task].mean for label in labels]
         for s, by in zip(sign, rows, strict=True)]
    )  # fmt: skip
    ranks, p, critical = rank_values(values)
    order = np.argsort(ranks, kind="stable")  # equal ones by label
    return Ranks(
        task, [board.dataset for board in held], [labels[at] for at in order],
        [float(ranks[at]) for at in order], p, critical,
    )  # fmt: skip


def _choose_boards(boards: Sequence[Board], task: str) -> list[Board]:
    """Return the first leaderboard of each dataset that has the task on drawn splits."""
    found: dict[str, Board] = {}
    for board in boards:
        if task in board.tasks and not board.has_no_ranking and not board.one_split:
            found.setdefault(board.dataset, board)
    return list(found.values())


def _find_rows(board: Board, task: str) -> dict[str, Row]:
    """Return the row of each method that counts: of its settings the one that contends.

    On the strict track where a method has both; a row that knows nothing of the task ranks last
    by its value.
    """
    reasons = board.standing(task).reasons_not_to_contend
    rows = [r for r in board.rows if task in r.cells and reasons.get(id(r), "") in ("", UNINFORMED)]
    rows.sort(key=lambda row: (row.first.track == "open", id(row) in reasons))
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.first.method, row)
    return found


def build_across_grid(boards: Sequence[Board], found: Ranks, region: float = REGION) -> TableGrid:
    """Return one line per row: its average rank, and its chances next to the best one."""
    columns = [
        TableColumn("method", wraps=True), TableColumn("average rank"),
        TableColumn("separated"), TableColumn("worse", leave=1),
        TableColumn("practically equal", leave=1), TableColumn("better", leave=1),
    ]  # fmt: skip
    best = found.labels[0]
    lines = []
    for label, rank in zip(found.labels, found.ranks, strict=True):
        chances = None
        if label != best:
            chances = _average_chances(boards, found.task, label, best, region)
        apart = rank - found.ranks[0] > found.critical
        shown = ["", "", ""] if chances is None else [f"{one:.2f}" for one in chances]
        texts = [label, f"{rank:.2f}", "yes" if apart else "no" if label != best else "", *shown]
        lines.append([CellText(text) for text in texts])
    return TableGrid(columns, lines)


def _average_chances(
    boards: Sequence[Board], task: str, label: str, best: str, region: float
) -> tuple[float, ...] | None:
    """Return the probabilities of worse, equal and better, a mean over the datasets."""
    found = []
    for board in _choose_boards(boards, task):
        rows = _find_rows(board, task)
        if label in rows and best in rows:
            differences = _differences(rows[label], rows[best], task, board.lower_is_better)
            if len(differences) > 1:
                overlap = max(rows[name].cells[task].overlap for name in (label, best))
                found.append(compare_practically(differences, overlap, region))
    return tuple(fmean(part) for part in zip(*found, strict=True)) if found else None


def _differences(row: Row, best: Row, task: str, lower_is_better: bool) -> list[float]:
    one, other = row.cells[task].by_split, best.cells[task].by_split
    sign = -1.0 if lower_is_better else 1.0
    return [sign * (one[s].mean - other[s].mean) for s in one if s in other]


def describe_ranks(found: Ranks, region: float = REGION) -> str:
    """Return what a table of average ranks rests on."""
    return (
        f"{found.task}: {len(found.labels)} methods on {len(found.datasets)} datasets "
        f"({', '.join(found.datasets)}); Friedman p {format_p(found.p_friedman)}; average ranks "
        f"that differ by less than {found.critical:.2f} are not separated (Nemenyi, 5 %); "
        f"worse, practically equal (within {region}) and better than the first one: Bayesian "
        "correlated t test, a mean over the datasets"
    )
