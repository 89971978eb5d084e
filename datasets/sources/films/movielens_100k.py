"""MovieLens 100K: the ratings, films and users that GroupLens published in 1998."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet
from ...card import Card
from ...dataset import Dataset
from ...parameters import parameter
from ...reading.ratings import read_ratings
from ...reading.text_rows import TextRow, index_by_id, read_rows
from ..building.build import build_dataset
from ..building.preprocessing import Rule, read_rated_pairs, to_text
from .film_graphs import FilmGraph, require_own_graph
from .films import FILM_FACTS, Film, add_film_triples, make_film_side
from .grouplens import CITATION, LICENCE, describe_rating_columns, list_rows
from .people import PEOPLE_FACTS, Person, gender_of, list_people, make_people_side

NAME = "ml-100k"
GENRES = (
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
FILMS = ("id", "title", "release", "video", "url", *GENRES)
PEOPLE = ("id", "age", "gender", "occupation", "zip")


@dataclass
class MovieLens100K:
    """100,000 film ratings 1..5 by 943 users, with the users' attributes; 1997 to 1998."""

    version: ClassVar[int] = 2

    minimum_rating: float = parameter(4.0, "a pair is a positive from this rating on")
    k_core: int = parameter(
        5, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(None, "folder of the files; by default $COLDBENCH_DATA/ml-100k")
    zip_area: bool = parameter(False, "add the first digit of the users' zip code as a column")
    graph: FilmGraph = parameter(
        FilmGraph.GENRE, "knowledge graph: genre (genre, year and decade), or none"
    )

    card: ClassVar[Card] = Card(
        title="MovieLens 100K",
        publisher="GroupLens Research, University of Minnesota, April 1998",
        page="https://grouplens.org/datasets/movielens/100k/",
        licence=LICENCE,
        citation=CITATION,
        limitations=(
            "Film 267 is called `unknown` and has neither year nor genre.",
            "Some films appear under two ids.",
            "Of the release date only the year is used, that in the title, in every form.",
        ),
        facts=(*FILM_FACTS, *PEOPLE_FACTS),
    )
    files: ClassVar[FileSet] = FileSet(
        NAME,
        files=(
            DataFile("u.data", "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"),
            DataFile("u.item", "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701"),
            DataFile("u.user", "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c"),
            DataFile("README", optional=True),
        ),
        downloads=(
            Download(
                "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
                "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
                4_924_029,
            ),
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        require_own_graph(self.graph)
        files = self.files.installed(self.path)
        ratings = files.path("u.data")
        rule = Rule(self.minimum_rating, self.k_core)
        read = partial(read_ratings, ratings, describe_rating_columns(times_may_lack=False), "\t")
        pairs = read_rated_pairs(rule, NAME, ratings, read)
        films = index_by_id(read_rows(files.path("u.item"), FILMS, "|", "latin-1"))
        people = index_by_id(read_rows(files.path("u.user"), PEOPLE, "|"))
        items = [_film(row) for row in list_rows(films, pairs.item_ids, "film", files.folder)]
        users = list_people(list_rows(people, pairs.user_ids, "user", files.folder), _person)
        return build_dataset(
            NAME,
            pairs,
            (to_text(pairs.user_ids), to_text(pairs.item_ids)),
            make_people_side(users, years=True, area=self.zip_area),
            make_film_side(items),
            None if self.graph is FilmGraph.NONE else add_film_triples(items).graph(),
            rule.sentence(),
        )


def _film(row: TextRow) -> Film:
    """Return the film of a row whose genres are 19 flags."""
    for genre in GENRES:
        if row[genre] not in ("0", "1"):
            raise row.error(f"flag {row[genre]!r} is neither 0 nor 1", genre)
    return Film(row["title"], tuple(name for name in GENRES[1:] if row[name] == "1"))


def _person(row: TextRow) -> Person:
    """Return the user of a row whose age is in years and whose occupation is a word."""
    age = row.whole("age")
    if age > 120:
        raise row.error(f"age {age} is outside 0..120", "age")
    return Person(gender_of(row), str(age), row["occupation"], row["zip"][:1])
