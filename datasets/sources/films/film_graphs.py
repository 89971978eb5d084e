"""Knowledge graphs of the MovieLens 1M films, made by others."""

import ast
from collections.abc import Collection
from enum import Enum
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...reading.rows import Row, read_rows
from ...reading.tables import read_csv_rows
from ...sides import Provenance
from ..building.locate import file_of, folder_of
from ..building.triples import Node, Triples


class FilmGraph(str, Enum):
    """The knowledge graph of a MovieLens dataset."""

    NONE = "none"
    GENRE = "genre"  # genre, year and decade from the dataset's own film list
    MKR = "mkr"  # Microsoft Satori, as released with MKR (WWW 2019): 7 relations
    DBPEDIA = "dbpedia"  # director, actor, language and country from DBpedia


MKR_EDITORIAL = frozenset({"film.film.genre", "film.film.rating"})


def mkr_triples(path: str | None, ids: np.ndarray, known: Collection[int]) -> Triples:
    """Return the triples of MKR's movie graph among the films ``ids`` and its entities.

    Parameters
    ----------
    path
        The folder of ``kg.txt`` and ``item_index2entity_id.txt``; None looks for ``kg-mkr``.
    ids
        MovieLens ids of the kept films, in their order.
    known
        Every film id of the dataset; a link from any other is refused.
    """
    folder = folder_of("kg-mkr", path)
    folder = folder / "movie" if (folder / "movie").is_dir() else folder
    position = {key: at for at, key in enumerate(ids.tolist())}
    films: dict[int, int | None] = {}
    links = file_of("kg-mkr", folder, "item_index2entity_id.txt")
    for row in read_rows(links, ("film", "entity"), "\t"):
        films[row.whole("entity")] = position.get(_known_film(row, "film", known))
    triples = Triples(len(ids))
    edges: dict[str, list[tuple[Node, Node]]] = {}
    for row in read_rows(file_of("kg-mkr", folder, "kg.txt"), ("head", "relation", "tail"), "\t"):
        head, tail = (_node(row.whole(end), films) for end in ("head", "tail"))
        if head is not None and tail is not None:
            edges.setdefault(row["relation"], []).append((head, tail))
    for relation, pairs in sorted(edges.items()):
        editorial = relation in MKR_EDITORIAL
        provenance = Provenance.EDITORIAL if editorial else Provenance.INTRINSIC
        triples.relate(relation, provenance, pairs)
    return triples


def _node(entity: int, films: dict[int, int | None]) -> Node | None:
    """Return the film's index, the entity's name, or None for a film that is not kept."""
    return films.get(entity, f"entity:{entity}")


def _known_film(row: Row, column: str, known: Collection[int]) -> int:
    film = row.whole(column)
    if film not in known:
        raise row.error(
            f"item {film} of the graph is not in the dataset",
            column,
            remedy="use the graph that was made for this dataset",
        )
    return film


def dbpedia_triples(path: str | None, ids: np.ndarray, known: Collection[int]) -> Triples:
    """Return director, actor, language and country of the films ``ids``, from DBpedia.

    Parameters
    ----------
    path
        ``movies_metadata.csv`` or its folder; None looks for ``ml1m-dbpedia-attributes``.
    ids, known
        As for ``mkr_triples``.
    """
    given = Path(path).expanduser() if path else None
    name = "ml1m-dbpedia-attributes"
    if given is None or not given.is_file():
        given = file_of(name, folder_of(name, path), "movies_metadata.csv")
    wanted = ("movie_id", "director", "actor", "language", "country")
    rows = {_known_film(row, "movie_id", known): row for row in read_csv_rows(given, wanted)}
    triples = Triples(len(ids))
    for relation in ("director", "actor", "language", "country"):
        cells = [_values(rows[key], relation) if key in rows else [] for key in ids.tolist()]
        space = "person" if relation in ("director", "actor") else relation
        triples.describe(relation, Provenance.INTRINSIC, cells, space)
    return triples


def _values(row: Row, column: str) -> list[str]:
    cell = row[column]
    if not cell.startswith("["):
        return [cell] if cell else []
    try:
        values = ast.literal_eval(cell)
    except (SyntaxError, ValueError):
        raise row.error(f"{cell[:60]!r} is not a list of names", column) from None
    if not all(isinstance(value, str) for value in values):
        raise DataError("a name is not text", path=row.path, line=row.line, column=column)
    return [value for value in values if value]
