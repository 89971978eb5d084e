"""A table that fits the screen: long text wraps between words, columns that lack room are left out.

What is left out is said under the table. No word is broken unless it is longer than the screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from .foreign_text import strip_control

LONG = 40
"""A column with a longer cell wraps between words."""
NARROWEST = 24
"""What wraps has at least this width, or its whole text."""
BETWEEN, AROUND = 3, 2
"""Blanks between two columns, and at both ends together."""
GAP, EDGE = Segment(" " * BETWEEN), Segment(" " * (AROUND // 2))
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
        yield from self._draw(shown, self._widths(shown, width, least), console, options)
        if gone:
            heads = ", ".join(self.columns[at].head.replace("\n", "/") for at in gone)
            yield Text(f"not shown at {width} columns: {heads}; {self.elsewhere}")

    def _draw(
        self,
        shown: Sequence[int],
        widths: Sequence[int],
        console: Console,
        options: ConsoleOptions,
    ) -> Iterator[Segment]:
        """Yield the lines of a ``rich.table.Table`` with these widths and a line under its head.

        A cell that fits is set as it is: what a ``Table`` does with each takes four times as long.
        """
        outer = _outer(widths)
        empty = " " * outer
        rule = ("-" if options.ascii_only else "─") * (outer - AROUND)
        if self.title:
            title = _harmless(Text(self.title, "table.title"))
            for line in console.render_lines(title, options.update(width=outer)):
                yield from (*line, Segment.line())
        yield from (Segment(empty), Segment.line())
        bold = console.get_style("table.header")
        heads = [_harmless(self.columns[at].head) for at in shown]
        yield from _draw_row(heads, widths, console, options, bold, at_bottom=True)
        yield from (EDGE, Segment(rule), EDGE, Segment.line())
        for row in self.rows:
            cells = [row[at] for at in shown]
            yield from _draw_row(cells, widths, console, options, Style.null())
        yield from (Segment(empty), Segment.line())

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

    def _cells(self, at: int) -> Iterator[str]:
        yield _harmless(self.columns[at].head).plain
        yield from (row[at].plain for row in self.rows)

    def _natural(self, at: int) -> int:
        return max(cell_len(line) for cell in self._cells(at) for line in cell.split("\n"))

    def _least(self, width: int) -> list[int]:
        """Return the width of each column below which it cannot be read."""
        return [self._readable(at, width) for at in range(len(self.columns))]

    def _readable(self, at: int, width: int) -> int:
        natural = self._natural(at)
        if not self.columns[at].wraps and natural <= LONG:
            return natural
        words = (cell_len(word) for cell in self._cells(at) for word in cell.split())
        longest = max((one for one in words if one + AROUND <= width), default=0)
        floor = 0 if self.columns[at].wraps else min(natural, NARROWEST)
        return max(longest, floor, 1)


def _draw_row(
    cells: Sequence[Text],
    widths: Sequence[int],
    console: Console,
    options: ConsoleOptions,
    style: Style,
    at_bottom: bool = False,
) -> Iterator[Segment]:
    """Yield the lines of one row, cells of fewer lines filled up below, or above."""
    drawn = [
        _draw_cell(cell, width, console, options, style)
        for cell, width in zip(cells, widths, strict=True)
    ]
    height = max(map(len, drawn))
    align = Segment.align_bottom if at_bottom else Segment.align_top
    if height > 1:
        drawn = [
            align(cell, width, height, style) for cell, width in zip(drawn, widths, strict=True)
        ]
    for at in range(height):
        yield EDGE
        for place, cell in enumerate(drawn):
            if place:
                yield GAP
            yield from cell[at]
        yield from (EDGE, Segment.line())


def _draw_cell(
    cell: Text, width: int, console: Console, options: ConsoleOptions, style: Style
) -> list[list[Segment]]:
    spare = width - cell.cell_len
    if spare < 0 or "\n" in cell.plain:
        folded = options.update(width=width, overflow="fold")
        return console.render_lines(cell, folded, style=style)
    text = Segment(cell.plain, style + console.get_style(cell.style))
    return [[text, Segment(" " * spare, style)]]


def _outer(widths: Sequence[int]) -> int:
    """Return the width of a table of columns with these widths."""
    return sum(widths) + BETWEEN * (len(widths) - 1) + AROUND


def _harmless(cell: str | Text) -> Text:
    if isinstance(cell, str):
        return Text(strip_control(cell, lines=True))
    return Text(strip_control(cell.plain, lines=True), style=cell.style)
