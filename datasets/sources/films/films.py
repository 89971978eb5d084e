"""Films as MovieLens and MovieTweetings describe them: a title with its year, and genres."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from ...card import Fact
from ...side_information import Provenance, SideInformation, TextColumn
from ..building.feature_columns import make_categorical, make_numeric
from ..building.triples import Triples

FREE_TEXT = "free text: its words are neither attributes nor entities of a graph"
FILM_FACTS = (
    Fact("genre", features="genre", text="genres", graph="genre"),
    Fact("year", features="year", text="title", graph="year"),
    Fact(
        "decade",
        features="decade",
        graph="decade",
        remark="the first three digits of the year, which the title holds",
    ),
    Fact("title", text="title", remark=FREE_TEXT),
)
"""What is known of every film."""

YEAR = re.compile(r"\((\d{4})\)")


@dataclass(frozen=True)
class Film:
    """A film: its title with the year, and its genres, sorted."""

    title: str
    genres: tuple[str, ...]

    @cached_property
    def year(self) -> int | None:
        """The last year in brackets in the title, or None."""
        found = YEAR.findall(self.title)
        return int(found[-1]) if found else None

    @property
    def years(self) -> list[str]:
        """The year as a list of at most one value."""
        return [] if self.year is None else [str(self.year)]

    @property
    def decades(self) -> list[str]:
        """The decade, ``"1990s"``, as a list of at most one value."""
        return [] if self.year is None else [f"{self.year // 10 * 10}s"]

    @property
    def genre_text(self) -> str:
        """``"Genres: Drama, War"``, or the empty string."""
        return f"Genres: {', '.join(self.genres)}" if self.genres else ""


@cache
def split_genres(cell: str) -> tuple[str, ...]:
    """Return the genres of a ``|`` separated cell, sorted; empty where there are none."""
    return tuple(sorted({name for name in cell.split("|") if name}))


def make_film_side(films: Sequence[Film], plots: Sequence[str] | None = None) -> SideInformation:
    """Return genre, decade, year and title of the films, and their plots where given."""
    columns = (
        make_categorical("genre", Provenance.EDITORIAL, [film.genres for film in films]),
        make_categorical("decade", Provenance.INTRINSIC, [film.decades for film in films]),
        make_numeric("year", Provenance.INTRINSIC, [film.year for film in films], dated=True),
    )
    texts = [
        TextColumn("title", Provenance.INTRINSIC, [film.title for film in films]),
        TextColumn("genres", Provenance.EDITORIAL, [film.genre_text for film in films]),
    ]
    if plots is not None:
        texts.append(TextColumn("plot", Provenance.EDITORIAL, plots))
    return SideInformation(columns, tuple(texts))


def add_film_triples(films: Sequence[Film]) -> Triples:
    """Return the triples film -genre->, -year-> and -decade->."""
    triples = Triples(len(films))
    triples.describe("genre", Provenance.EDITORIAL, [film.genres for film in films])
    triples.describe("year", Provenance.INTRINSIC, [film.years for film in films])
    triples.describe("decade", Provenance.INTRINSIC, [film.decades for film in films])
    return triples
