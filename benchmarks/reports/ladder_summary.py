"""Ladders of several datasets in one table: what every rung adds on each, and over all of them."""

from collections.abc import Sequence
from math import isfinite, sqrt

from ..evaluation.comparison import correct_holm
from ..evaluation.spread import Spread
from ..terminal.fitted_table import TableColumn
from .differences import ALPHA, Difference
from .ladder import FROZEN, Rung
from .ladder_diagram import Ladder
from .table_grids import CellText, TableGrid, format_difference, format_p, format_spread

NOTE = (
    f"the paired difference to {FROZEN} with half of its 95 % interval, bold where it is separated "
    f"after Holm's correction over the rungs of the dataset; {FROZEN} has its own mean. Over all: "
    "the mean of the differences, of how many datasets in brackets, these taken as they are and "
    "their draws as independent; p after Holm's correction over the rungs"
)


def build_ladder_summary(ladders: Sequence[Ladder], names: Sequence[str]) -> TableGrid:
    """Return a line for each rung and a column for each dataset of one task.

    Parameters
    ----------
    ladders
        Of the same task and metric, one for each dataset.
    names
        All rungs, from the bottom up; those that no dataset has are left out.
    """
    columns = [
        TableColumn("rung", wraps=True),
        *(TableColumn(board.dataset) for board, _, _ in ladders),
        TableColumn("over all"),
        TableColumn("p (Holm)"),
    ]
    held = [{rung.name: rung for rung in rungs} for _, _, rungs in ladders]
    present = [name for name in names if any(name in one for one in held)]
    means = {name: _pool([one[name].added for one in held if name in one]) for name in present}
    tested = [name for name, (spread, _) in means.items() if isfinite(spread.error)]
    corrected = correct_holm([means[name][0].p_value for name in tested])
    p_values = dict(zip(tested, map(float, corrected), strict=True))
    lines = []
    for name in present:
        cells = [
            _describe(one.get(name), task) for one, (_, task, _) in zip(held, ladders, strict=True)
        ]
        spread, count = means[name]
        p = p_values.get(name)
        over_all = f"{format_spread(spread)} ({count})" if name in p_values else ""
        lines.append(
            [
                CellText(name),
                *cells,
                CellText(over_all, best=p is not None and p < ALPHA),
                CellText("" if p is None else format_p(p)),
            ]
        )
    return TableGrid(columns, lines)


def _describe(rung: Rung | None, task: str) -> CellText:
    """Return what a rung adds on a dataset; the mean of the one that the others are less."""
    if rung is None or (rung.added is None and rung.name != FROZEN):
        return CellText("")
    if rung.added is None:
        return CellText(f"{rung.row.cells[task].mean:.4f}")
    return CellText(format_difference(rung.added), best=rung.added.significant)


def _pool(found: Sequence[Difference | None]) -> tuple[Spread, int]:
    """Return the mean of the differences that have an error, and their number.

    The variance of a mean of independent means, with the degrees of freedom of Satterthwaite 1946.
    """
    spreads = [one.spread for one in found if one is not None and isfinite(one.spread.error)]
    count = len(spreads)
    if count < 2:
        return Spread(float("nan"), float("inf"), 1.0), count
    variances = [one.error**2 for one in spreads]
    total = sum(variances)
    parts = sum(v**2 / one.freedom for v, one in zip(variances, spreads, strict=True))
    mean = sum(one.mean for one in spreads) / count
    return Spread(mean, sqrt(total) / count, total**2 / parts if parts else 1.0), count
