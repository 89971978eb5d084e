"""What the releases of MovieLens share: terms, citation, ratings, and films that have no row."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...reading.schema import Kind, NumberColumn
from ...reading.text_rows import TextRow

LICENCE = (
    "GroupLens terms of use (see the README in the archive): research use with acknowledgement; "
    "'The user may not redistribute the data without separate permission' and 'may not use this "
    "information for any commercial or revenue-bearing purposes without first obtaining "
    "permission'. Not shipped."
)
"""Of MovieLens 1M and 100K; that of Latest is another."""

CITATION = (
    "Harper, Konstan: The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015, "
    "doi:10.1145/2827872"
)


def describe_rating_columns(*, times_may_lack: bool) -> tuple[NumberColumn, ...]:
    """Return the columns of the ratings of MovieLens 1M and 100K."""
    return (
        NumberColumn("user", Kind.ID),
        NumberColumn("item", Kind.ID),
        NumberColumn("rating", Kind.NUMBER, 1, 5),
        NumberColumn("timestamp", Kind.TIME, blank=times_may_lack),
    )


def list_rows(
    rows: Mapping[int, TextRow], ids: np.ndarray, what: str, folder: Path
) -> list[TextRow]:
    """Return the rows of the given ids; an id without one raises ``DataError``."""
    for key in ids.tolist():
        if key not in rows:
            raise DataError(
                f"{what} {key} has ratings but no description",
                path=folder,
                remedy="all files must be of the same release",
            )
    return [rows[key] for key in ids.tolist()]
