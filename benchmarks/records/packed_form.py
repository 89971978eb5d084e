"""The form of rows in a packed table: the same values, written so that they compress.

Tables of earlier forms, in which these values stand as they are, are read as well.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .table_kinds import RUN, TableKind

if TYPE_CHECKING:
    import polars as pl


def find_stored_name(kind: TableKind, name: str) -> str:
    """Return the name of a column in the packed table: a predicted one holds what is left."""
    return f"{name}_rest" if name in kind.predicted else name


def is_current(kind: TableKind, schema: Mapping[str, Any]) -> bool:
    """Say whether a packed table of these columns and types has today's form."""
    import polars as pl

    varied = (schema.get(find_stored_name(kind, name)) for name in kind.varied)
    return all(find_stored_name(kind, name) in schema for name in kind.values) and all(
        isinstance(one, pl.Decimal) for one in varied
    )


def encode(kind: TableKind, rows: "pl.DataFrame") -> "pl.DataFrame":
    """Return the rows of several runs as they are packed."""
    import polars as pl

    rest = [
        (pl.col(name).cast(int) - tell().fill_null(0)).alias(name)
        for name, tell in kind.predicted.items()
    ]
    left = rows.with_columns(rest)
    decimals = left.with_columns(pl.col(kind.varied).cast(pl.Decimal(18, 0)))
    return decimals.rename({name: find_stored_name(kind, name) for name in kind.predicted})


def decode(kind: TableKind, rows: "pl.LazyFrame") -> "pl.LazyFrame":
    """Return the rows of a packed table as they were before, values as whole numbers."""
    import polars as pl

    held = set(rows.collect_schema().names())
    rest = [name for name in kind.predicted if find_stored_name(kind, name) in held]
    named = rows.rename({find_stored_name(kind, name): name for name in rest})
    whole = named.with_columns(pl.col(kind.varied).cast(pl.Int64))
    added = [pl.col(name) + kind.predicted[name]().fill_null(0) for name in rest]
    text = pl.col(RUN, *kind.keys).cast(pl.String)
    return whole.with_columns(text, *added).select(RUN, *kind.columns)
