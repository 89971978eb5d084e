"""The kinds of table that a board's runs leave next to their records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

RUN = "run_id"
_NULL = np.iinfo(np.int64).min


@dataclass(frozen=True)
class TableKind:
    """One kind of table.

    Attributes
    ----------
    name
        In file names, and in the record's ``<name>_sha256``.
    keys
        Text columns that tell the rows of a run apart.
    values
        The other columns, whole numbers or null.
    shared
        Of the values, the one that is the same for all runs on a split; None where none is.
    varied
        Of the values, those of which few repeat. Packed, they are decimals without places: whole
        numbers would be numbered as in a dictionary, which compresses half as well.
    predicted
        Of the values, those that another column tells roughly, and the expression for it. Packed,
        they are what is left of them.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    shared: str | None = None
    varied: tuple[str, ...] = ()
    predicted: Mapping[str, Callable[[], "pl.Expr"]] = field(default_factory=dict, hash=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of a run's own file."""
        return self.keys + self.values

    def own_path(self, record: Path) -> Path:
        """Return the path of a run's own file, from that of its record."""
        return record.with_suffix(f".{self.name}.parquet")

    def packed_path(self, record: Path) -> Path:
        """Return the path of the packed table, from that of a record."""
        return record.parent.parent / f"{self.name}.parquet"

    def arranged(self, rows: "pl.DataFrame") -> "pl.DataFrame":
        """Return the rows of one run in the order in which they are digested."""
        return rows.select(self.columns).sort(self.keys)

    def sorted_for_packing(self, rows: "pl.DataFrame") -> "pl.DataFrame":
        """Return the rows of several runs with what repeats next to each other.

        That is, by task, then the runs of one split together, by user or item: the columns of keys
        and of what these runs share repeat then, and compress to almost nothing.
        """
        import polars as pl

        if self.shared is None:
            return rows.sort(RUN, *self.keys)
        # Runs of one split have the same keys and shared values, so the same weighted sum. Other
        # runs that should have it too would stand among them, and cost some bytes.
        shared = pl.col(self.shared).cast(pl.Int64)
        split = (shared * pl.int_range(1, pl.len() + 1)).sum().over("task", RUN)
        task, entity = self.keys
        found = rows.sort(task, RUN, entity).with_columns(split.alias("split"))
        return found.sort(task, "split", entity, RUN).drop("split")

    def digest(self, rows: "pl.DataFrame") -> str:
        """Return sha256 over the content of one run's rows, whatever file they come from."""
        held = sha256()
        for name, column in zip(self.columns, self.arranged(rows), strict=True):
            held.update(f"{name}\0{len(column)}\0".encode())
            if name in self.keys:
                held.update("\0".join(column.to_list()).encode())
            else:
                held.update(column.cast(int).fill_null(int(_NULL)).to_numpy().astype("<i8").data)
        return held.hexdigest()


def _tell_upper_distance() -> "pl.Expr":
    """Return the other distance: an interval reaches about as far above its mean as below."""
    import polars as pl

    return pl.col("below").cast(int)


def _tell_hits() -> "pl.Expr":
    """Return the hits of the first ten, which the first twenty hold too."""
    import polars as pl

    return pl.col("top10").cast(int).bitwise_count_ones().cast(int)


DETAILS = TableKind(
    "details",
    ("task", "group", "metric"),
    ("mean", "below", "above", "decimals", "n"),
    varied=("mean", "below", "above"),
    predicted={"above": _tell_upper_distance},
)
"""The values that a record leaves out; see ``details``."""
HITS = TableKind(
    "hits",
    ("task", "user"),
    ("truth", "top10", "hits20"),
    shared="truth",
    predicted={"hits20": _tell_hits},
)
"""What each user's list hit; see ``stored_values``."""
ITEMS = TableKind(
    "items",
    ("task", "item"),
    ("users", "ndcg10", "recall20"),
    shared="users",
    varied=("ndcg10", "recall20"),
)
"""What each cold item contributes; see ``stored_values``."""
KINDS = (DETAILS, HITS, ITEMS)
