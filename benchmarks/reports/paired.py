"""Paired comparison of the rows of a task with the best one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from ..evaluation.comparison import Comparison, PerUser, compare, p_over_splits
from ..records.per_user_tables import check_table, users_path
from ..records.record import RunRecord, record_path
from ..terminal.fitted_table import TableColumn
from .board import Board, Row
from .table_grids import CellText, TableGrid

ALPHA = 0.05


@dataclass(frozen=True)
class Paired:
    """The best row less another one, on the same users.

    Attributes
    ----------
    label
        The other row.
    difference
        Mean over the seeds.
    low, high
        The lowest and highest bound of any seed's 95 % paired bootstrap interval.
    wins, losses
        Users, of all seeds, for whom the best row is better, and worse.
    seeds, behind
        How many both rows have, and in how many of them the other row is behind.
    p_bootstrap, p_wilcoxon
        The largest of the seeds' p-values, each corrected by Holm over the rows of its seed: the
        difference must hold in every seed.
    p_seeds
        Of a t test over the seeds' differences, corrected for the overlap of their training sets;
        None where there is one split and nothing else was drawn.
    counts
        Whether the task has a winner; else nothing is significant.
    """

    label: str
    difference: float
    low: float
    high: float
    wins: int
    losses: int
    seeds: int
    losing_seeds: int
    p_bootstrap: float
    p_wilcoxon: float
    p_seeds: float | None
    counts: bool

    @property
    def significant(self) -> bool:
        """Whether the other row is behind in every seed, by each test."""
        largest = max(self.p_bootstrap, self.p_wilcoxon, self.p_seeds or 0.0)
        return self.counts and self.losing_seeds == self.seeds and largest < ALPHA


def compare_with_best(board: Board, task: str, home: Path) -> tuple[str, list[Paired], list[str]]:
    """Return the best row's label, its comparisons, and the rows that cannot be compared.

    A row can be where it and the best one have per-user tables of the same seed.

    Parameters
    ----------
    home
        Folder of the records, with the per-user tables that a run leaves next to its own.
    """
    ranked = [row for _, row, _ in board.ranking(task)]
    tables = {row.label: _by_seed(row, task, board.metric, home) for row in ranked}
    best = ranked[0].label
    found: dict[str, list[Comparison]] = {label: [] for label in tables if label != best}
    for seed in tables[best]:
        same = {label: seeds[seed] for label, seeds in tables.items() if seed in seeds}
        for one in compare(_numbered(same), baseline=best, seed=seed):
            found[one.first].append(one)
    rows = [_joined(label, seeds, board, task) for label, seeds in found.items() if seeds]
    without_any = [] if tables[best] else [best]
    return best, rows, without_any + [label for label, seeds in found.items() if not seeds]


def _by_seed(row: Row, task: str, metric: str, home: Path) -> dict[int, dict[str, float]]:
    """Return the value of each user (original id) by seed, where there is a table of it."""
    found = {one.seed: _users(one, task, metric, home) for one in row.records if one.scores}
    return {seed: users for seed, users in found.items() if users}


def _users(record: RunRecord, task: str, metric: str, home: Path) -> dict[str, float]:
    import polars as pl

    path = users_path(record_path(home, record))
    if not path.exists():
        return {}
    check_table(path, record.users_sha256)
    table = pl.scan_parquet(path).filter(pl.col("task") == task).select("user", metric).collect()
    known = table.drop_nulls()
    return dict(zip(known["user"].to_list(), known[metric].to_list(), strict=True))


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


def _joined(label: str, seeds: Sequence[Comparison], board: Board, task: str) -> Paired:
    """Return the comparison over the seeds; ``compare`` has the best row second."""
    sign = -1.0 if board.lower_is_better else 1.0
    ahead = [-sign * one.difference for one in seeds]
    bounds = [sorted((-sign * one.low, -sign * one.high)) for one in seeds]
    counts = (sum(one.losses for one in seeds), sum(one.wins for one in seeds))
    wins, losses = counts if sign > 0 else counts[::-1]
    return Paired(
        label,
        fmean(ahead),
        min(low for low, _ in bounds),
        max(high for _, high in bounds),
        wins,
        losses,
        len(seeds),
        sum(one > 0 for one in ahead),
        # Behind in every seed is claimed: of such an intersection the largest p-value is a valid
        # one, without a correction for the number of seeds (Berger 1982).
        max(one.holm_bootstrap for one in seeds),
        max(one.holm_wilcoxon for one in seeds),
        None if board.one_split else p_over_splits(ahead),
        not board.find_reasons_against_winner(task),
    )


def build_paired_grid(best: str, rows: Sequence[Paired]) -> TableGrid:
    """Return one line per row, with whether the difference is significant."""
    columns = [
        TableColumn(f"{best} vs", wraps=True),
        TableColumn("difference"),
        TableColumn("95 % interval", leave=1),
        TableColumn("wins", leave=4),
        TableColumn("losses", leave=5),
        TableColumn("seeds lost"),
        TableColumn("p bootstrap", leave=3),
        TableColumn("p Wilcoxon", leave=3),
        TableColumn("p seeds", leave=2),
        TableColumn("significant"),
    ]
    lines = [
        [
            CellText(one.label),
            CellText(f"{one.difference:.4f}"),
            CellText(f"{one.low:.4f} to {one.high:.4f}"),
            CellText(str(one.wins)),
            CellText(str(one.losses)),
            CellText(f"{one.losing_seeds} of {one.seeds}"),
            CellText(_format_p(one.p_bootstrap)),
            CellText(_format_p(one.p_wilcoxon)),
            CellText("-" if one.p_seeds is None else _format_p(one.p_seeds)),
            CellText("yes" if one.significant else "no"),
        ]
        for one in rows
    ]
    return TableGrid(columns, lines)


def _format_p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"
