"""The knowledge graph of the MovieLens 1M films that was released with MKR: Microsoft Satori."""

from collections.abc import Collection

import numpy as np

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet, InstalledFiles, Published
from ...card import Card, Fact
from ...reading.text_rows import read_rows
from ...side_information import Provenance, SideInformation
from ..building.feature_columns import make_categorical
from ..building.triples import Node, Triples
from .film_graphs import film_named

FOLDER = (
    "https://raw.githubusercontent.com/hwwang55/MKR/d6bb77c426960bc04f5d88c39f09d87a844776b4/"
    "data/movie"
)
KG = "60d0a28e8646423654b47a36b4438dcd70a87ac90a7d1512ef0cf59f19c869a9"
INDEX = "ba88da11d2fffdcea4fc0d73f1fd16f5478d8fcfb362e16331dc30cceea81f60"

MKR = Published(
    Card(
        title="Knowledge graph of MKR, films of MovieLens 1M",
        publisher="Hongwei Wang and others, 2019; triples from Microsoft Satori",
        page="https://github.com/hwwang55/MKR",
        licence="The repository is MIT-licensed, (c) Hongwei Wang; its triples come from Microsoft "
        "Satori. Only the graph of the MovieLens films is taken. Not shipped.",
        citation="Wang, Zhang, Zhao, Li, Xie, Guo: Multi-Task Feature Learning for Knowledge Graph "
        "Enhanced Recommendation, WWW 2019",
    ),
    FileSet(
        "kg-mkr",
        files=(DataFile("kg.txt", KG), DataFile("item_index2entity_id.txt", INDEX)),
        downloads=(
            Download(f"{FOLDER}/kg.txt", KG, 576_426),
            Download(f"{FOLDER}/item_index2entity_id.txt", INDEX, 24_062),
        ),
    ),
)

EDITORIAL = frozenset({"film.film.genre", "film.film.rating"})


RELATIONS = ("country", "director", "genre", "language", "rating", "star", "writer")
MKR_FACTS = tuple(
    Fact(name, features=name, graph=name, remark="the graph's entities have no names to write")
    for name in (f"film.film.{relation}" for relation in RELATIONS)
)


def add_mkr_triples(
    triples: Triples, path: str | None, ids: np.ndarray, known: Collection[int]
) -> SideInformation:
    """Add the triples of MKR's movie graph; return what they say of each film as columns.

    Parameters
    ----------
    triples
        Of the films ``ids``; added to.
    path
        The folder of ``kg.txt`` and ``item_index2entity_id.txt``; None looks for ``kg-mkr``.
    ids
        MovieLens ids of the kept films, in their order.
    known
        Every film id of the dataset; a link from any other is refused.
    """
    files = _films_of(MKR.files.installed(path))
    position = {key: at for at, key in enumerate(ids.tolist())}
    films: dict[int, int | None] = {}
    for row in read_rows(files.path("item_index2entity_id.txt"), ("film", "entity"), "\t"):
        films[row.whole("entity")] = position.get(film_named(row, "film", known))
    edges: dict[str, list[tuple[Node, Node]]] = {}
    for row in read_rows(files.path("kg.txt"), ("head", "relation", "tail"), "\t"):
        head, tail = (_node(row.whole(end), films) for end in ("head", "tail"))
        if head is not None and tail is not None:
            edges.setdefault(row["relation"], []).append((head, tail))
    columns = []
    for relation, pairs in sorted(edges.items()):
        editorial = relation in EDITORIAL
        provenance = Provenance.EDITORIAL if editorial else Provenance.INTRINSIC
        triples.relate(relation, provenance, pairs)
        columns.append(make_categorical(relation, provenance, _cells(pairs, len(ids))))
    return SideInformation(tuple(columns))


def _cells(edges: list[tuple[Node, Node]], n_items: int) -> list[list[str]]:
    """Return the entities that each film is linked with."""
    cells: list[list[str]] = [[] for _ in range(n_items)]
    for ends in (*edges, *((tail, head) for head, tail in edges)):
        if isinstance(ends[0], int) and isinstance(ends[1], str):
            cells[ends[0]].append(ends[1])
    return cells


def _films_of(files: InstalledFiles) -> InstalledFiles:
    """Return the files of the films: in MKR's own repository every domain has a folder."""
    films = files.folder / "movie"
    return InstalledFiles(files.declared, films) if films.is_dir() else files


def _node(entity: int, films: dict[int, int | None]) -> Node | None:
    """Return the film's index, the entity's name, or None for a film that is not kept."""
    return films.get(entity, f"entity:{entity}")
