"""Small tables of text, row by row: the descriptions of users and items."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import DataError
from .raw_bytes import read_raw


class TextRow:
    """One line of a table, which knows where it stands.

    Parameters
    ----------
    cells
        The text of each field.
    names
        The name of each field.
    path, line
        Where it was read; lines count from 1.
    """

    __slots__ = ("cells", "line", "names", "path")

    def __init__(self, cells: Sequence[str], names: Sequence[str], path: Path, line: int) -> None:
        self.cells, self.names, self.path, self.line = cells, names, path, line

    def __getitem__(self, name: str) -> str:
        return self.cells[self.names.index(name)]

    def whole(self, name: str) -> int:
        """Return a field as a whole number from 0 on, or raise ``DataError``."""
        text = self[name]
        if not text.isascii() or not text.isdigit():
            kind = "negative" if text[:1] == "-" and text[1:].isdigit() else "not a whole number"
            raise self.error(f"{text!r} is {kind}", name)
        return int(text)

    def error(self, problem: str, name: str | None = None, remedy: str | None = None) -> DataError:
        """Return an error that names this row's place."""
        return DataError(problem, path=self.path, line=self.line, column=name, remedy=remedy)


def read_rows(
    path: Path, names: Sequence[str], separator: str, encoding: str = "utf-8"
) -> Iterator[TextRow]:
    """Yield the rows of a headerless table whose fields are ``names``.

    Raises
    ------
    DataError
        A row has another number of fields, or a line is not in ``encoding``.
    """
    width = len(names)
    for number, line in enumerate(read_lines(path, encoding), start=1):
        cells = line.split(separator)
        if len(cells) != width:
            raise DataError(
                f"{line!r} has {len(cells)} fields where {width} are expected",
                path=path,
                line=number,
                remedy=f"each line reads {separator.join(names)!r}",
            )
        yield TextRow(cells, names, path, number)


def read_lines(path: Path, encoding: str = "utf-8") -> list[str]:
    """Return the lines of a text file without their ends, and without blank ones at the end."""
    content = read_raw(path).rstrip(b"\r\n")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        start = content.rfind(b"\n", 0, error.start) + 1
        raise DataError(
            f"byte 0x{content[error.start]:02x} at position {error.start - start + 1} "
            f"is not {encoding}",
            path=path,
            line=content.count(b"\n", 0, error.start) + 1,
            remedy="give the original file in its own encoding",
        ) from None
    return text.replace("\r\n", "\n").split("\n")


def index_by_id(rows: Iterator[TextRow], name: str = "id") -> dict[int, TextRow]:
    """Return the rows by their id; a repeated id raises ``DataError`` naming both lines."""
    found: dict[int, TextRow] = {}
    at: int | None = None
    for row in rows:
        at = row.names.index(name) if at is None else at
        text = row.cells[at]
        key = int(text) if text.isascii() and text.isdigit() else row.whole(name)
        if key in found:
            raise row.error(f"id {key} was described before, in line {found[key].line}", name)
        found[key] = row
    return found
