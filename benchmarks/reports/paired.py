"""Comparison of the rows of a task with the best one: over draws, and user by user."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..evaluation.comparison import Comparison, PerUser, compare
from ..records.record import RunRecord, record_path
from ..records.stored_values import read_user_values
from ..terminal.fitted_table import TableColumn
from .board import Board
from .differences import Difference, compare_rows
from .rows import Row
from .table_grids import CellText, TableGrid, format_difference, format_p


@dataclass(frozen=True)
class Paired:
    """The best row less another one.

    Attributes
    ----------
    label
        The other row.
    difference
        The other row less the best one over the draws of the split, as on the leaderboard.
    wins, losses
        Users, of all draws, for whom the best row is better, and worse.
    draws, losing_draws
        How many have per-user tables of both rows, and in how many of them the other is behind.
    p_wilcoxon
        The largest of the draws' p-values over users, each corrected by Holm over the rows of its
        draw: it says whether the users of these draws differ, not whether those of another would.
    significant
        Whether the other row is separated from the best one on the leaderboard.
    """

    label: str
    difference: Difference
    wins: int
    losses: int
    draws: int
    losing_draws: int
    p_wilcoxon: float
    significant: bool


def compare_with_best(board: Board, task: str, home: Path) -> tuple[str, list[Paired], list[str]]:
    """Return the best row's label, its comparisons, and the rows that cannot be compared.

    A row can be where it and the best one have per-user tables of the same draw.

    Parameters
    ----------
    home
        Folder of the records, with the per-user tables that a run leaves next to its own.
    """
    ranked = [row for _, row, _ in board.ranking(task)]
    best = next(iter(board.best(task)), ranked[0])
    tables = {id(row): _by_split(row, task, board.metric, home) for row in ranked}
    found: dict[int, list[Comparison]] = {id(row): [] for row in ranked if row is not best}
    for split in tables[id(best)]:
        same = {key: splits[split] for key, splits in tables.items() if split in splits}
        labels = {row.label: id(row) for row in ranked if id(row) in same}
        values = _numbered({label: same[key] for label, key in labels.items()})
        for one in compare(values, baseline=best.label):
            found[labels[one.first]].append(one)
    rows = [_joined(row, found[id(row)], board, task) for row in ranked if found.get(id(row))]
    lacking = [row.label for row in ranked if row is not best and not found[id(row)]]
    return best.label, rows, ([] if tables[id(best)] else [best.label]) + lacking


def _joined(row: Row, draws: Sequence[Comparison], board: Board, task: str) -> Paired:
    """Return the comparison over the draws; ``compare`` has the best row second."""
    sign = -1.0 if board.lower_is_better else 1.0
    counts = (sum(one.losses for one in draws), sum(one.wins for one in draws))
    wins, losses = counts if sign > 0 else counts[::-1]
    difference = board.difference(row, task)
    if difference is None:  # a metric without a better side has no best row
        difference = compare_rows(row, board.ranking(task)[0][1], task)
    assert difference is not None, "rows with tables of one draw share it"
    standing = board.standing(task)
    separated = row in standing.contenders and row not in (
        *standing.leaders,
        *standing.not_separated,
    )
    return Paired(
        row.label,
        difference,
        wins,
        losses,
        len(draws),
        sum(-sign * one.difference > 0 for one in draws),
        max(one.holm_wilcoxon for one in draws),
        separated and not board.find_reasons_against_winner(task),
    )


def build_paired_grid(best: str, rows: Sequence[Paired]) -> TableGrid:
    """Return one line per row, with whether it is separated from the best one."""
    columns = [
        TableColumn(f"next to {best}", wraps=True),
        TableColumn("difference"),
        TableColumn("p (Holm)", leave=1),
        TableColumn("draws lost", leave=2),
        TableColumn("users lost", leave=4),
        TableColumn("users won", leave=5),
        TableColumn("p Wilcoxon", leave=3),
        TableColumn("significant"),
    ]
    lines = [
        [
            CellText(one.label),
            CellText(format_difference(one.difference)),
            CellText("-" if one.difference.p_holm is None else format_p(one.difference.p_holm)),
            CellText(f"{one.losing_draws} of {one.draws}"),
            CellText(str(one.wins)),
            CellText(str(one.losses)),
            CellText(format_p(one.p_wilcoxon)),
            CellText("yes" if one.significant else "no"),
        ]
        for one in rows
    ]
    return TableGrid(columns, lines)


def _by_split(row: Row, task: str, metric: str, home: Path) -> dict[str, dict[str, float]]:
    """Return the value of each user (original id) by split, where there is a table of it."""
    found = {one.split_sha256: _users(one, task, metric, home) for one in row.records if one.scores}
    return {split: users for split, users in found.items() if users}


def _users(record: RunRecord, task: str, metric: str, home: Path) -> dict[str, float]:
    path = record_path(home, record)
    found = read_user_values([path], task, metric).get(path)
    return {} if found is None else dict(zip(found.users, map(float, found.values), strict=True))


def _numbered(tables: dict[str, dict[str, float]]) -> dict[str, PerUser]:
    """Return the values with the same number for the same user."""
    everyone = sorted(set().union(*tables.values()))
    number = {user: at for at, user in enumerate(everyone)}
    return {
        label: PerUser(
            np.array([number[user] for user in users], dtype=np.int32),
            np.array(list(users.values()), dtype=np.float64),
        )
        for label, users in tables.items()
    }
