"""The tables of a run, read from wherever they are in one folder to be written into another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...datasets.atomic import replace_atomically
from ..records.board_tables import find_rows, packed_digests, write_own
from ..records.partial_records import AS_WRITTEN
from ..records.per_user_tables import check_table, rankings_path, users_path
from ..records.record import read
from ..records.table_kinds import KINDS, TableKind

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TableCopy:
    """One table of a run.

    Attributes
    ----------
    place
        Gives its path from that of a record.
    content
        The bytes of a file, or the rows of a table that may be packed.
    kind
        Of rows.
    """

    place: Callable[[Path], Path]
    content: "bytes | pl.DataFrame"
    kind: TableKind | None = None

    def is_there(self, record: Path) -> bool:
        """Say whether a record has such a table, of its own or packed."""
        if self.place(record).exists():
            return True
        if self.kind is None:
            return False
        return record.stem in packed_digests(self.kind.packed_path(record))

    def write(self, record: Path) -> None:
        """Write it next to a record, atomically."""
        path = self.place(record)
        if isinstance(self.content, bytes):
            with replace_atomically(path) as file:
                file.write(self.content)
        elif self.kind is not None:
            write_own(self.kind, path, self.content)


def read_tables(record: Path) -> list[TableCopy]:
    """Return the tables of a record.

    Raises
    ------
    ColdbenchError
        When one of them is not the one that the record names.
    """
    named, found = read(record, AS_WRITTEN), list[TableCopy]()
    whole = (users_path, named.users_sha256), (rankings_path, named.rankings_sha256)
    for place, digest in whole:
        if place(record).exists():
            check_table(place(record), digest)
            found.append(TableCopy(place, place(record).read_bytes()))
    for kind in KINDS:
        rows = find_rows(kind, record, getattr(named, f"{kind.name}_sha256"))
        if rows is not None:
            found.append(TableCopy(kind.own_path, rows, kind))
    return found
