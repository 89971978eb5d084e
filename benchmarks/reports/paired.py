"""Rows of a board beside the best one, user by user: how sure it is that they are behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from ..evaluation.comparison import Comparison, PerUser, compare, draws_p
from ..records.record import RunRecord, place
from ..records.tables import check_table, users_path
from ..terminal.fitted_table import Column
from .grids import Grid, Shown
from .standings import Board, Row

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
        rows differ in every seed or it is not sure.
    p_draws
        Of a t test over the seeds' differences, corrected for the overlap of their training sets;
        None where there is one split and nothing else was drawn.
    counts
        Whether the task crowns anybody; else nothing is sure.
    """

    label: str
    difference: float
    low: float
    high: float
    wins: int
    losses: int
    seeds: int
    behind: int
    p_bootstrap: float
    p_wilcoxon: float
    p_draws: float | None
    counts: bool

    @property
    def sure(self) -> bool:
        """Whether the other row is behind in every seed, by each test."""
        largest = max(self.p_bootstrap, self.p_wilcoxon, self.p_draws or 0.0)
        return self.counts and self.behind == self.seeds and largest < ALPHA


def paired(board: Board, task: str, home: Path) -> tuple[str, list[Paired], list[str]]:
    """Return the label of the best row, the others beside it, and the rows that cannot be compared.

    A row can be where it and the best one have per-user tables of the same seed.

    Parameters
    ----------
    home
        Folder of the records, with the per-user tables that a run leaves beside its own.
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
    """Return the figure of each user (original id) by seed, where there is a table of it."""
    found = {one.seed: _users(one, task, metric, home) for one in row.records if one.scores}
    return {seed: users for seed, users in found.items() if users}


def _users(record: RunRecord, task: str, metric: str, home: Path) -> dict[str, float]:
    import polars as pl

    path = users_path(place(home, record))
    if not path.exists():
        return {}
    check_table(path, record.users_sha256)
    table = pl.scan_parquet(path).filter(pl.col("task") == task).select("user", metric).collect()
    known = table.drop_nulls()
    return dict(zip(known["user"].to_list(), known[metric].to_list(), strict=True))


def _numbered(tables: dict[str, dict[str, float]]) -> dict[str, PerUser]:
    """Return the figures with the same number for the same user."""
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
        None if board.one_split else draws_p(ahead),
        not board.uncrowned(task),
    )


def paired_grid(best: str, rows: Sequence[Paired]) -> Grid:
    """Return one line per row; those that are surely behind the best one say so."""
    columns = [
        Column(f"{best} beside", wraps=True), Column("ahead by"), Column("95 % interval", leave=1),
        Column("users better", leave=4), Column("worse", leave=5), Column("behind in"),
        Column("p bootstrap", leave=3), Column("p Wilcoxon", leave=3), Column("p seeds", leave=2),
        Column("sure"),
    ]  # fmt: skip
    lines = [
        [
            Shown(one.label),
            Shown(f"{one.difference:.4f}"),
            Shown(f"{one.low:.4f} to {one.high:.4f}"),
            Shown(str(one.wins)),
            Shown(str(one.losses)),
            Shown(f"{one.behind} of {one.seeds}"),
            Shown(_chance(one.p_bootstrap)),
            Shown(_chance(one.p_wilcoxon)),
            Shown("-" if one.p_draws is None else _chance(one.p_draws)),
            Shown("yes" if one.sure else "no"),
        ]
        for one in rows
    ]
    return Grid(columns, lines)


def _chance(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"
