"""MovieLens Latest, small: half-star ratings with times, and the users' own tags."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet
from ...card import Card, Fact
from ...dataset import Dataset
from ...graph import Graph
from ...parameters import parameter
from ...reading.csv_rows import read_csv_rows
from ...reading.frames import read_frame
from ...reading.schema import Kind, NumberColumn
from ...reading.text_rows import TextRow, index_by_id
from ...side_information import Provenance, SideInformation, TextColumn
from ..building.build import build_dataset
from ..building.feature_columns import make_categorical
from ..building.preprocessing import Rows, Rule, read_rated_pairs, to_text
from .film_graphs import FilmGraph, require_own_graph
from .films import FILM_FACTS, Film, add_film_triples, make_film_side, split_genres
from .grouplens import CITATION, list_rows

NAME = "ml-latest-small"
NO_GENRES = "(no genres listed)"
PUBLISHED = {
    "ratings.csv": "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
    "movies.csv": "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
    "tags.csv": "92a9f8bb7916dceef6151209845788c3643f794dfa79d1feaec7121b5960399d",
}
"""The sha256 of each file that is read."""

RATINGS = (
    NumberColumn("userId", Kind.ID),
    NumberColumn("movieId", Kind.ID),
    NumberColumn("rating", Kind.NUMBER, 0.5, 5),
    NumberColumn("timestamp", Kind.TIME),
)


@dataclass
class MovieLensLatestSmall:
    """100,836 film ratings 0.5..5 by 610 users between 1996 and 2018, with tags by the users."""

    version: ClassVar[int] = 3

    minimum_rating: float = parameter(4.0, "a pair is a positive from this rating on")
    k_core: int = parameter(
        5, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(
        None, "folder of the files; by default $COLDBENCH_DATA/ml-latest-small"
    )
    minimum_tag_count: int = parameter(
        2, "drop tags that fewer of the training films carry; the text keeps every tag", minimum=1
    )
    graph: FilmGraph = parameter(
        FilmGraph.GENRE, "knowledge graph: genre (genre, year, decade and tag), or none"
    )

    card: ClassVar[Card] = Card(
        title="MovieLens Latest, small",
        publisher="GroupLens Research, University of Minnesota, snapshot of 26 September 2018",
        page="https://grouplens.org/datasets/movielens/latest/",
        licence="GroupLens terms of use (see README.txt in the archive): research purposes with "
        "acknowledgement; 'may redistribute the data set ... so long as it is distributed under "
        "these same license conditions'; 'may not use this information for any commercial or "
        "revenue-bearing purposes without first obtaining permission'. Not shipped.",
        citation=CITATION,
        limitations=(
            "GroupLens replaces the `latest` datasets from time to time; the checksum is that of "
            "the 2018 snapshot, another one is refused.",
            "There are no user attributes.",
            "18 of the 9,742 films have no rating and are left out; 34 others have no genre.",
            "Tags are written by the very users who are predicted: user-generated, so the strict "
            "track leaves them out. They are compared without regard to case.",
        ),
        facts=(*FILM_FACTS, Fact("tag", features="tag", text="tags", graph="tag")),
    )
    files: ClassVar[FileSet] = FileSet(
        NAME,
        files=(
            *(DataFile(name, sha256) for name, sha256 in PUBLISHED.items()),
            DataFile(
                "links.csv",
                "97ad18e4e56a09363c65676b6cb3482ce3e2cea2372a24620c1599c843325f31",
                optional=True,
            ),
            DataFile("README.txt", optional=True),
        ),
        downloads=(
            Download(
                "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip",
                "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
                978_202,
            ),
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        require_own_graph(self.graph)
        files = self.files.installed(self.path)
        ratings = files.path("ratings.csv")
        rule = Rule(self.minimum_rating, self.k_core)
        pairs = read_rated_pairs(rule, NAME, ratings, partial(_rated, ratings))
        described = index_by_id(
            read_csv_rows(files.path("movies.csv"), ("movieId", "title", "genres")),
            "movieId",
        )
        films = [_film(row) for row in list_rows(described, pairs.item_ids, "film", files.folder)]
        tags = _tags(files.path("tags.csv"), pairs.item_ids)
        return build_dataset(
            NAME,
            pairs,
            (to_text(pairs.user_ids), to_text(pairs.item_ids)),
            SideInformation(),
            _side(films, tags, self.minimum_tag_count),
            None if self.graph is FilmGraph.NONE else _graph(films, tags),
            rule.sentence(),
        )


def _rated(path: Path, stored: bytes) -> Rows:
    frame = read_frame(path, RATINGS, ",", stored)
    return {
        "user": frame["userId"].to_numpy(),
        "item": frame["movieId"].to_numpy(),
        "rating": frame["rating"].to_numpy().astype(np.float32),
        "timestamp": frame["timestamp"].to_numpy(),
    }


def _film(row: TextRow) -> Film:
    cell = row["genres"]
    return Film(row["title"].strip(), () if cell == NO_GENRES else split_genres(cell))


def _side(films: list[Film], tags: list[list[str]], minimum: int) -> SideInformation:
    side = make_film_side(films)
    written = TextColumn("tags", Provenance.USER_GENERATED, ["; ".join(cell) for cell in tags])
    return SideInformation(
        (*side.columns, make_categorical("tag", Provenance.USER_GENERATED, tags, minimum)),
        (*side.texts, written),
    )


def _graph(films: list[Film], tags: list[list[str]]) -> Graph:
    triples = add_film_triples(films)
    triples.describe("tag", Provenance.USER_GENERATED, tags)
    return triples.graph()


def _tags(path: Path, ids: np.ndarray) -> list[list[str]]:
    """Return the distinct tags of each film, sorted."""
    cells: dict[int, set[str]] = {key: set() for key in ids.tolist()}
    for row in read_csv_rows(path, ("userId", "movieId", "tag")):
        film, tag = row.whole("movieId"), " ".join(row["tag"].lower().split())
        if not tag:
            raise row.error("the tag is empty", "tag")
        if film in cells:
            cells[film].add(tag)
    return [sorted(cell) for cell in cells.values()]
