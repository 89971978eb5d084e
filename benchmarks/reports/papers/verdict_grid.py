"""The comparison of a paper's rows with ours, as a table."""

from collections.abc import Sequence

from ...terminal.fitted_table import TableColumn
from ..table_grids import CellText, TableGrid, shorten
from .paper_table import PaperTable
from .verdicts import WIDEST, Comparison, Difference

OUTSIDE = "*"
"""Behind a difference: the published value is outside the 95 % interval of ours."""
CAPTION = (
    f"ours less published, with the 95 % interval of ours (a paper's is not known); {OUTSIDE} "
    "marks a published value outside it. A row is reproduced if none is outside, and undecided if "
    f"an interval reaches farther than {WIDEST:.0%} of the value"
)


def build_verdict_grid(table: PaperTable, compared: Sequence[Comparison]) -> TableGrid:
    """Return one line for each pair of a published row and a row of ours."""
    columns = [
        TableColumn("published", wraps=True),
        TableColumn("ours", wraps=True),
        *(TableColumn(column.head, leave=2) for column in table.columns),
        TableColumn("draws", leave=3),
        TableColumn("verdict", leave=1, wraps=True),
    ]
    return TableGrid(columns, [[CellText(text) for text in _texts(one)] for one in compared])


def _texts(one: Comparison) -> list[str]:
    return [
        one.published,
        one.ours,
        *map(_format_difference, one.differences),
        str(one.draws),
        one.verdict,
    ]


def _format_difference(one: Difference) -> str:
    """Return a difference with its interval, ``-.012 (-.020 to -.005)*``."""
    if not one.given:
        return "-"
    mean, low, high = (shorten(f"{value:+.3f}") for value in (one.mean, one.low, one.high))
    return f"{mean} ({low} to {high}){'' if one.agrees else OUTSIDE}"
