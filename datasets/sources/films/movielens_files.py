"""How the files of MovieLens 1M and 100K are laid out."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...reading.columns import Column, Kind
from ...reading.rows import Row, by_id, read_rows
from ..building.locate import file_of
from .films import Film, genres_of

REBUILT = "ratings_rebuilt.dat"
"""A reconstruction of ``ratings.dat`` whose timestamps are partly empty."""

GENRES_100K = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
ITEM_100K = ("id", "title", "release", "video", "url", *GENRES_100K)


def rating_columns(*, times_may_lack: bool) -> tuple[Column, ...]:
    """Return the columns of the ratings, which both releases share."""
    return (
        Column("user", Kind.ID),
        Column("item", Kind.ID),
        Column("rating", Kind.NUMBER, 1, 5),
        Column("timestamp", Kind.TIME, blank=times_may_lack),
    )


def described_1m(folder: Path) -> tuple[dict[int, Row], dict[int, Row]]:
    """Return the rows of ``movies.dat`` and ``users.dat`` by id."""
    films = file_of("ml-1m", folder, "movies.dat")
    people = file_of("ml-1m", folder, "users.dat")
    return (
        by_id(read_rows(films, ("id", "title", "genres"), "::", "latin-1")),
        by_id(read_rows(people, ("id", "gender", "age", "occupation", "zip"), "::")),
    )


def described_100k(folder: Path) -> tuple[dict[int, Row], dict[int, Row]]:
    """Return the rows of ``u.item`` and ``u.user`` by id."""
    films = file_of("ml-100k", folder, "u.item")
    people = file_of("ml-100k", folder, "u.user")
    return (
        by_id(read_rows(films, ITEM_100K, "|", "latin-1")),
        by_id(read_rows(people, ("id", "age", "gender", "occupation", "zip"), "|")),
    )


def rows_of(rows: Mapping[int, Row], ids: np.ndarray, what: str, folder: Path) -> list[Row]:
    """Return the rows of the given ids; an id without one raises ``DataError``."""
    for key in ids.tolist():
        if key not in rows:
            raise DataError(
                f"{what} {key} has ratings but no description",
                path=folder,
                remedy="all files must be of the same release",
            )
    return [rows[key] for key in ids.tolist()]


def listed_film(row: Row) -> Film:
    """Return the film of a row whose genres are a list."""
    return Film(row["title"], genres_of(row["genres"]))


def flagged_film(row: Row) -> Film:
    """Return the film of a row whose genres are 19 flags."""
    for genre in GENRES_100K:
        if row[genre] not in ("0", "1"):
            raise row.error(f"flag {row[genre]!r} is neither 0 nor 1", genre)
    return Film(row["title"], tuple(name for name in GENRES_100K[1:] if row[name] == "1"))
