"""MovieTweetings 100K: the real dataset that comes with coldbench."""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...acquire.data_file import DataFile
from ...acquire.file_set import FileSet
from ...card import Card, Fact
from ...dataset import Dataset
from ...parameters import parameter
from ...reading.ratings import read_ratings
from ...reading.schema import Kind, NumberColumn
from ...reading.text_rows import index_by_id, read_rows
from ...side_information import Provenance, SideInformation
from ..building.build import build_dataset
from ..building.preprocessing import Rule, read_rated_pairs, to_text
from .films import FILM_FACTS, Film, add_film_triples, make_film_side, split_genres

EMBEDDED = Path(__file__).parents[2] / "embedded" / "movietweetings"

RATINGS = (
    NumberColumn("user", Kind.ID),
    NumberColumn("item", Kind.ID),
    NumberColumn("rating", Kind.NUMBER, 0, 10),
    NumberColumn("timestamp", Kind.TIME),
)


@dataclass
class MovieTweetings:
    """Ratings 0..10 of films, collected from tweets between February and September 2013."""

    version: ClassVar[int] = 2

    minimum_rating: float = parameter(
        0.0, "a pair is a positive from this rating on; 0: to see a film and tweet about it counts"
    )
    k_core: int = parameter(
        5, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    dbpedia: bool = parameter(True, "put each film's DBpedia resource into the graph")

    card: ClassVar[Card] = Card(
        title="MovieTweetings, snapshot 100K",
        publisher="Simon Dooms, Ghent University, 2013; links to DBpedia by Jaroslav Kuchař, 2015 "
        "(MovieTweetingsMappings)",
        page="https://github.com/sidooms/MovieTweetings",
        licence="MIT, (c) 2013 Simon Dooms; mappings MIT, (c) 2015 Jaroslav Kuchař: shipped with "
        "both notices",
        citation="Dooms, De Pessemier, Martens: MovieTweetings: a Movie Rating Dataset Collected "
        "From Twitter, CrowdRec at RecSys 2013; Kuchař: Augmenting a Feature Set of Movies Using "
        "Linked Open Data, RuleML 2015",
        limitations=(
            "There are no user attributes; the file of Twitter ids is left out on purpose.",
            "66 of the 10,506 films have no genre, 1,867 no DBpedia link.",
            "A DBpedia link names one film, so the relation `dbpedia` ends in a node of its own: "
            "only 28 pairs of the 10,506 films share a resource and none of the default 5-core. "
            "It says which film is meant, it connects nothing; `dataset.dbpedia=false` drops it.",
        ),
        facts=(
            *FILM_FACTS,
            Fact(
                "DBpedia resource",
                graph="dbpedia",
                remark="names the film itself, as its id does: no attribute, and no words",
            ),
        ),
    )
    files: ClassVar[FileSet] = FileSet(
        "movietweetings",
        files=(
            DataFile(
                "ratings.dat", "c0dd868c2632d10002ebc928ddc5345f33adeaa59eca52c2941c26a2c5e36fd6"
            ),
            DataFile(
                "movies.dat", "e63fb84bc734e3c574f135634a40d3cbafab22b8f94f5fc0b80f80d1d2076efc"
            ),
            DataFile(
                "dbpedia.tsv", "0370cfa0c3ea2e5ab09dcb06b7e7262bc0ad8c15389036f15c94efc072e9d219"
            ),
            DataFile(
                "LICENSE.MovieTweetings",
                "ae985d01e5fe4f32d14937099a4e871dbdc2d93d8ccc2f7a141ec4ecddcab41c",
                optional=True,
            ),
            DataFile(
                "LICENSE.MovieTweetingsMappings",
                "168f44ace2cbb10e0f3d1eaba446e18b460951dda026855b4110bc0a5070a806",
                optional=True,
            ),
        ),
        embedded=EMBEDDED,
    )

    def load(self) -> Dataset:
        """Read the embedded files, once for the runs of a process, and return the dataset."""
        return _read(self.minimum_rating, self.k_core, self.dbpedia)


@lru_cache(maxsize=1)
def _read(minimum_rating: float, k_core: int, dbpedia: bool) -> Dataset:
    rule = Rule(minimum_rating, k_core)
    path = EMBEDDED / "ratings.dat.gz"
    pairs = read_rated_pairs(
        rule, "movietweetings", path, partial(read_ratings, path, RATINGS, "::")
    )
    films = _films(pairs.item_ids)
    triples = add_film_triples(films)
    if dbpedia:
        triples.describe("dbpedia", Provenance.EDITORIAL, _resources(pairs.item_ids))
    return build_dataset(
        "movietweetings",
        pairs,
        (to_text(pairs.user_ids), to_text(pairs.item_ids, width=7)),
        SideInformation(),
        make_film_side(films),
        triples.graph(),
        rule.sentence(),
    )


def _films(ids: np.ndarray) -> list[Film]:
    rows = index_by_id(read_rows(EMBEDDED / "movies.dat.gz", ("id", "title", "genres"), "::"))
    return [Film(rows[key]["title"], split_genres(rows[key]["genres"])) for key in ids.tolist()]


def _resources(ids: np.ndarray) -> list[list[str]]:
    links = index_by_id(read_rows(EMBEDDED / "dbpedia.tsv.gz", ("id", "resource"), "\t"))
    return [[links[key]["resource"]] if key in links else [] for key in ids.tolist()]
