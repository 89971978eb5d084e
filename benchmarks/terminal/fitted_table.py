"""A table that fits the screen: long text wraps between words, columns that lack room are left out.

What is left out is said under the table. No word is broken unless it is longer than the screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from .foreign_text import strip_control

LONG = 40
"""A column with a longer cell wraps between words."""
NARROWEST = 24
"""What wraps has at least this width, or its whole text."""
BETWEEN, AROUND = 3, 2
"""Blanks between two columns, and at both ends together."""
WIDER = "a wider terminal or COLUMNS=240 shows them"


@dataclass(frozen=True)
class TableColumn:
    """A column of a table.

    Attributes
    ----------
    head
        Its title; lines below each other stay so.
    leave
        How soon it is left out where there is no room: the highest first, of equal ones the
        last. The first column of a table always stays.
    wraps
        Whether cells may go on in the next line at any width; long ones always do.
    """

    head: str
    leave: int = 0
    wraps: bool = False


class FittedTable:
    """Rows and columns that are laid out when printed, to the width that there is then.

    Parameters
    ----------
    columns
        A title alone is a column that is left out last.
    title
        Printed above.
    elsewhere
        Ends the sentence about what is left out: where it can be seen.
    """

    def __init__(
        self, columns: Sequence[str | TableColumn], title: str | None = None, elsewhere: str = WIDER
    ) -> None:
        self.columns = [TableColumn(one) if isinstance(one, str) else one for one in columns]
        self.title, self.elsewhere = title, elsewhere
        self.rows: list[list[Text]] = []

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def add_row(self, *cells: str | Text) -> None:
        """Add a row with one cell per column; control characters are removed."""
        self.rows.append([_harmless(cell) for cell in cells])

    def natural_width(self) -> int:
        """Return how wide the table is when nothing wraps and nothing is left out."""
        return _outer([self._natural(at) for at in range(len(self.columns))])

    def left_out(self, width: int) -> list[int]:
        """Return the columns for which there is no room, in their order."""
        return self._left_out(width, self._least(width))

    def _left_out(self, width: int, least: Sequence[int]) -> list[int]:
        order = sorted(
            range(1, len(self.columns)), key=lambda at: (self.columns[at].leave, at), reverse=True
        )
        shown = set(range(len(self.columns)))
        for at in order:
            if _outer([least[one] for one in shown]) <= width:
                break
            shown.remove(at)
        return [at for at in range(len(self.columns)) if at not in shown]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the table out for the width at hand."""
        width = options.max_width
        least = self._least(width)
        gone = self._left_out(width, least)
        shown = [at for at in range(len(self.columns)) if at not in gone]
        yield self._drawn(shown, self._widths(shown, width, least))
        if gone:
            heads = ", ".join(self.columns[at].head.replace("\n", "/") for at in gone)
            yield Text(f"not shown at {width} columns: {heads}; {self.elsewhere}")

    def _drawn(self, shown: Sequence[int], widths: Sequence[int]) -> Table:
        from rich import box

        made = Table(title=self.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for at, width in zip(shown, widths, strict=True):
            made.add_column(self.columns[at].head, width=width, overflow="fold")
        for row in self.rows:
            made.add_row(*(row[at] for at in shown))
        return made

    def _widths(self, shown: Sequence[int], width: int, least: Sequence[int]) -> list[int]:
        """Share out what is left over among the columns that wrap, the narrowest first."""
        widths = {at: least[at] for at in shown}
        wanted = {at: self._natural(at) - least[at] for at in shown}
        spare = max(width - _outer(list(widths.values())), 0)
        wanting = sorted((at for at in shown if wanted[at] > 0), key=lambda at: wanted[at])
        for served, at in enumerate(wanting):
            more = min(spare // (len(wanting) - served), wanted[at])
            widths[at] += more
            spare -= more
        return list(widths.values())

    def _lines(self, at: int) -> Iterator[Text]:
        for text in (Text(self.columns[at].head), *(row[at] for row in self.rows)):
            yield from text.split("\n", allow_blank=True)

    def _natural(self, at: int) -> int:
        return max((line.cell_len for line in self._lines(at)), default=0)

    def _least(self, width: int) -> list[int]:
        """Return the width of each column below which it cannot be read."""
        return [self._readable(at, width) for at in range(len(self.columns))]

    def _readable(self, at: int, width: int) -> int:
        natural = self._natural(at)
        if not self.columns[at].wraps and natural <= LONG:
            return natural
        words = (Text(word).cell_len for line in self._lines(at) for word in line.plain.split())
        longest = max((one for one in words if one + AROUND <= width), default=0)
        floor = 0 if self.columns[at].wraps else min(natural, NARROWEST)
        return max(longest, floor, 1)


def _outer(widths: Sequence[int]) -> int:
    """Return the width of a table of columns with these widths."""
    return sum(widths) + BETWEEN * (len(widths) - 1) + AROUND


def _harmless(cell: str | Text) -> Text:
    if isinstance(cell, str):
        return Text(strip_control(cell, lines=True))
    return Text(strip_control(cell.plain, lines=True), style=cell.style)
