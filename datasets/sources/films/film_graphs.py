"""Which knowledge graph a MovieLens dataset takes, and films that a graph of others names."""

from collections.abc import Collection
from enum import Enum

from ...errors import DataError
from ...reading.text_rows import TextRow


class FilmGraph(str, Enum):
    """The knowledge graph of a MovieLens dataset."""

    NONE = "none"
    GENRE = "genre"  # genre, year and decade from the dataset's own film list
    MKR = "mkr"  # besides, 7 relations of Microsoft Satori, as released with MKR (WWW 2019)
    DBPEDIA = "dbpedia"  # besides, director, actor, language and country from DBpedia


def require_own_graph(chosen: FilmGraph) -> None:
    """Refuse a graph of others for a dataset whose film ids are not those of MovieLens 1M."""
    if chosen not in (FilmGraph.NONE, FilmGraph.GENRE):
        raise DataError(
            f"graph={chosen.value} was made for ml-1m ids",
            remedy="choose dataset.graph=genre or none",
        )


def film_named(row: TextRow, column: str, known: Collection[int]) -> int:
    """Return the film that a row of a graph names; one that the dataset does not have is refused.

    Raises
    ------
    DataError
        With file and line.
    """
    film = row.whole(column)
    if film not in known:
        raise row.error(
            f"item {film} of the graph is not in the dataset",
            column,
            remedy="use the graph that was made for this dataset",
        )
    return film
