"""MovieLens 1M: the ratings, films and users that GroupLens published in 2003."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet, Published
from ...card import Card, Fact
from ...dataset import Dataset
from ...graph import Graph
from ...parameters import parameter
from ...reading.ratings import read_ratings
from ...reading.text_rows import TextRow, index_by_id, read_rows
from ...side_information import SideInformation
from ..building.build import build_dataset
from ..building.preprocessing import RatedPairs, Rule, read_rated_pairs, to_text
from .dbpedia_graph import DBPEDIA, DBPEDIA_FACTS, add_dbpedia_triples
from .film_graphs import FilmGraph
from .films import FILM_FACTS, FREE_TEXT, Film, add_film_triples, make_film_side, split_genres
from .grouplens import CITATION, LICENCE, describe_rating_columns, list_rows
from .mkr_graph import MKR, MKR_FACTS, add_mkr_triples
from .people import PEOPLE_FACTS, Person, gender_of, list_people, make_people_side
from .plots import COLAKG, read_plots

NAME = "ml-1m"
REBUILT = "ratings_rebuilt.dat"
"""A reconstruction of ``ratings.dat`` whose timestamps are partly empty."""

REBUILT_NOTE = "; read from a reconstruction in which ratings of 3 and below may lack their time"

AGES = {
    1: "under 18",
    18: "18-24",
    25: "25-34",
    35: "35-44",
    45: "45-49",
    50: "50-55",
    56: "56 or older",
}
OCCUPATIONS = (
    "other occupation",
    "academic or educator",
    "artist",
    "clerical or admin",
    "college or grad student",
    "customer service",
    "doctor or health care",
    "executive or managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales or marketing",
    "scientist",
    "self-employed",
    "technician or engineer",
    "tradesman or craftsman",
    "unemployed",
    "writer",
)


@dataclass
class MovieLens1M:
    """One million film ratings 1..5 by 6,040 users, with the users' attributes; 2000 to 2003."""

    version: ClassVar[int] = 2

    minimum_rating: float = parameter(4.0, "a pair is a positive from this rating on")
    k_core: int = parameter(
        5, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(None, "folder of the files; by default $COLDBENCH_DATA/ml-1m")
    zip_area: bool = parameter(False, "add the first digit of the users' zip code as a column")
    plots: str | None = parameter(None, "a file of plots: CSV id,plot, or the JSON of colakg-ml1m")
    graph: FilmGraph = parameter(
        FilmGraph.GENRE, "knowledge graph; genre is genre, year and decade of the film list"
    )
    graph_path: str | None = parameter(
        None, "where the files of mkr or dbpedia are; by default under $COLDBENCH_DATA"
    )

    card: ClassVar[Card] = Card(
        title="MovieLens 1M",
        publisher="GroupLens Research, University of Minnesota, February 2003",
        page="https://grouplens.org/datasets/movielens/1m/",
        licence=LICENCE,
        citation=CITATION,
        limitations=(
            "`ratings_rebuilt.dat` is a reconstruction, not the original: every pair and rating is "
            "there, but 337,147 ratings of 3 and below have no timestamp, so the temporal strategy "
            "refuses it for ratings; results on it must say so.",
            "177 of the 3,883 films have no rating and are left out.",
            "CoLaKG's plots are written by a language model from facts of a knowledge graph; they "
            "may be wrong, and the model may know the dataset.",
            "With graph=dbpedia people, languages and countries are in features and text too; with "
            "graph=mkr its entities are in the features, but have no names to write. Both graphs "
            "have genre, year and decade of the film list besides.",
        ),
        facts=(
            *FILM_FACTS,
            Fact("plot", text="plot", remark=FREE_TEXT),
            *PEOPLE_FACTS,
            *MKR_FACTS,
            *DBPEDIA_FACTS,
        ),
    )
    files: ClassVar[FileSet] = FileSet(
        NAME,
        files=(
            DataFile(
                "ratings.dat",
                alternative=DataFile(
                    REBUILT, "9d71633d436c552b3c13f24de0900b2bd5c47cf3eab6693064027b4d42300f8e"
                ),
            ),
            DataFile(
                "movies.dat", "0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9"
            ),
            DataFile(
                "users.dat", "1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3"
            ),
            DataFile("README", optional=True),
        ),
        downloads=(
            Download(
                "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
                size=5_917_549,
                md5="c4d9eecfca2ab87c1945afe126590906",
            ),
        ),
    )
    extras: ClassVar[tuple[Published, ...]] = (MKR, DBPEDIA, COLAKG)

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        files = self.files.installed(self.path)
        ratings = files.path("ratings.dat")
        rebuilt = ratings.name.startswith(REBUILT)
        columns = describe_rating_columns(times_may_lack=rebuilt)
        rule = Rule(self.minimum_rating, self.k_core)
        read = partial(read_ratings, ratings, columns, "::")
        pairs = read_rated_pairs(rule, NAME, ratings, read)
        titles, people = files.path("movies.dat"), files.path("users.dat")
        films = index_by_id(read_rows(titles, ("id", "title", "genres"), "::", "latin-1"))
        known = index_by_id(read_rows(people, ("id", "gender", "age", "occupation", "zip"), "::"))
        users = list_people(list_rows(known, pairs.user_ids, "user", files.folder), _person)
        items = [_film(row) for row in list_rows(films, pairs.item_ids, "film", files.folder)]
        plots = read_plots(self.plots, pairs.item_ids, films) if self.plots else None
        graph, more = self._graph(pairs, items, films)
        side = make_film_side(items, plots)
        return build_dataset(
            NAME,
            pairs,
            (to_text(pairs.user_ids), to_text(pairs.item_ids)),
            make_people_side(users, years=False, area=self.zip_area),
            SideInformation(side.columns + more.columns, side.texts + more.texts),
            graph,
            rule.sentence() + (REBUILT_NOTE if rebuilt else ""),
        )

    def _graph(
        self, pairs: RatedPairs, items: list[Film], known: Mapping[int, TextRow]
    ) -> tuple[Graph | None, SideInformation]:
        """Return the graph, and what a graph of others says of the films as columns and texts."""
        more = SideInformation()
        if self.graph is FilmGraph.NONE:
            return None, more
        triples = add_film_triples(items)
        if self.graph is FilmGraph.MKR:
            more = add_mkr_triples(triples, self.graph_path, pairs.item_ids, known)
        if self.graph is FilmGraph.DBPEDIA:
            more = add_dbpedia_triples(triples, self.graph_path, pairs.item_ids, known)
        return triples.graph(), more


def _film(row: TextRow) -> Film:
    """Return the film of a row whose genres are a list."""
    return Film(row["title"], split_genres(row["genres"]))


def _person(row: TextRow) -> Person:
    """Return the user of a row, whose age and occupation are codes."""
    age, occupation = row.whole("age"), row.whole("occupation")
    if age not in AGES:
        raise row.error(f"age code {age} is not one of {', '.join(map(str, AGES))}", "age")
    if occupation >= len(OCCUPATIONS):
        raise row.error(f"occupation code {occupation} is outside 0..20", "occupation")
    return Person(gender_of(row), AGES[age], OCCUPATIONS[occupation], row["zip"][:1])
