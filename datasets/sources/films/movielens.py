"""MovieLens 1M and 100K, read from the files that GroupLens publishes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from ...dataset import Dataset
from ...errors import DataError
from ...graph import Graph
from ...reading.ratings import read_ratings
from ...reading.rows import Row
from ..building.build import dataset
from ..building.card import Card
from ..building.locate import file_of, folder_of
from ..building.rule import RatedPairs, Rule, as_text, rated_pairs
from .film_graphs import FilmGraph, dbpedia_triples, mkr_triples
from .films import Film, film_side, film_triples
from .movielens_files import (
    REBUILT,
    described_1m,
    described_100k,
    flagged_film,
    listed_film,
    rating_columns,
    rows_of,
)
from .people import coded_person, people_of, people_side, plain_person
from .plots import read_plots

LICENCE = (
    "GroupLens terms: research use with acknowledgement; 'The user may not redistribute the data "
    "without separate permission', and no commercial use without permission. Not shipped."
)
CITATION = (
    "Harper, Konstan: The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015, "
    "doi:10.1145/2827872"
)
REBUILT_NOTE = "; read from a reconstruction in which ratings of 3 and below may lack their time"


@dataclass
class MovieLens1M:
    """One million film ratings 1..5 by 6,040 users, with the users' attributes; 2000 to 2003.

    Attributes
    ----------
    minimum_rating, k_core
        The rule: a positive is a rating of at least the first; kept is the core of the second.
    path
        Folder of the files; by default ``$COLDBENCH_DATA/ml-1m``.
    zip_area
        Add the first digit of the users' zip code as a column.
    plots
        A file of plots (CSV ``id,plot``, or CoLaKG's JSON), or None.
    graph
        ``none``, ``genre`` (genre, year, decade), ``mkr`` or ``dbpedia``.
    graph_path
        Where the files of ``mkr`` or ``dbpedia`` are; by default under ``$COLDBENCH_DATA``.
    """

    version: ClassVar[int] = 1

    minimum_rating: float = 4.0
    k_core: int = 5
    path: str | None = None
    zip_area: bool = False
    plots: str | None = None
    graph: FilmGraph = FilmGraph.GENRE
    graph_path: str | None = None

    card: ClassVar[Card] = Card(
        title="MovieLens 1M",
        publisher="GroupLens Research, University of Minnesota, February 2003 "
        "(https://grouplens.org/datasets/movielens/1m/)",
        licence=LICENCE,
        citation=CITATION,
        gaps=(
            "`ratings_rebuilt.dat` is a reconstruction, not the original: every pair and rating is "
            "there, but 337,147 ratings of 3 and below have no timestamp, so the temporal strategy "
            "refuses it for ratings; results on it must say so.",
            "177 of the 3,883 films have no rating and are left out.",
            "CoLaKG's plots are written by a language model from facts of a knowledge graph; they "
            "may be wrong, and the model may know the dataset.",
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        folder = folder_of("ml-1m", self.path)
        ratings = file_of("ml-1m", folder, "ratings.dat", REBUILT)
        rebuilt = ratings.name.startswith(REBUILT)
        columns = rating_columns(times_may_lack=rebuilt)
        rule = Rule(self.minimum_rating, self.k_core)
        read = partial(read_ratings, ratings, columns, "::")
        pairs = rated_pairs(rule, "ml-1m", ratings, read)
        films, people = described_1m(folder)
        users = people_of(rows_of(people, pairs.user_ids, "user", folder), coded_person)
        items = [listed_film(row) for row in rows_of(films, pairs.item_ids, "film", folder)]
        plots = read_plots(self.plots, pairs.item_ids, films) if self.plots else None
        return dataset(
            "ml-1m",
            pairs,
            (as_text(pairs.user_ids), as_text(pairs.item_ids)),
            people_side(users, years=False, area=self.zip_area),
            film_side(items, plots),
            self._graph(pairs, items, films),
            rule.sentence() + (REBUILT_NOTE if rebuilt else ""),
        )

    def _graph(
        self, pairs: RatedPairs, items: list[Film], known: Mapping[int, Row]
    ) -> Graph | None:
        if self.graph is FilmGraph.NONE:
            return None
        if self.graph is FilmGraph.MKR:
            return mkr_triples(self.graph_path, pairs.item_ids, known).graph()
        if self.graph is FilmGraph.DBPEDIA:
            return dbpedia_triples(self.graph_path, pairs.item_ids, known).graph()
        return film_triples(items).graph()


@dataclass
class MovieLens100K:
    """100,000 film ratings 1..5 by 943 users, with the users' attributes; 1997 to 1998.

    Attributes
    ----------
    minimum_rating, k_core
        The rule: a positive is a rating of at least the first; kept is the core of the second.
    path
        Folder of the files; by default ``$COLDBENCH_DATA/ml-100k``.
    zip_area
        Add the first digit of the users' zip code as a column.
    graph
        ``none`` or ``genre`` (genre, year, decade).
    """

    version: ClassVar[int] = 1

    minimum_rating: float = 4.0
    k_core: int = 5
    path: str | None = None
    zip_area: bool = False
    graph: FilmGraph = FilmGraph.GENRE

    card: ClassVar[Card] = Card(
        title="MovieLens 100K",
        publisher="GroupLens Research, University of Minnesota, April 1998 "
        "(https://grouplens.org/datasets/movielens/100k/)",
        licence=LICENCE,
        citation=CITATION,
        gaps=(
            "Film 267 is called `unknown` and has neither year nor genre.",
            "Some films appear under two ids.",
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        if self.graph not in (FilmGraph.NONE, FilmGraph.GENRE):
            raise DataError(
                f"graph={self.graph.value} was made for ml-1m ids",
                remedy="choose dataset.graph=genre or none",
            )
        folder = folder_of("ml-100k", self.path)
        ratings = file_of("ml-100k", folder, "u.data")
        rule = Rule(self.minimum_rating, self.k_core)
        read = partial(read_ratings, ratings, rating_columns(times_may_lack=False), "\t")
        pairs = rated_pairs(rule, "ml-100k", ratings, read)
        films, people = described_100k(folder)
        items = [flagged_film(row) for row in rows_of(films, pairs.item_ids, "film", folder)]
        users = people_of(rows_of(people, pairs.user_ids, "user", folder), plain_person)
        return dataset(
            "ml-100k",
            pairs,
            (as_text(pairs.user_ids), as_text(pairs.item_ids)),
            people_side(users, years=True, area=self.zip_area),
            film_side(items),
            None if self.graph is FilmGraph.NONE else film_triples(items).graph(),
            rule.sentence(),
        )
