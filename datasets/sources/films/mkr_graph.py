"""The knowledge graph of the MovieLens 1M films that was released with MKR: Microsoft Satori."""

from collections.abc import Collection

import numpy as np

from ...acquire.file_set import Published
from ...card import Card, Fact
from ...reading.text_rows import read_rows
from ...side_information import SideInformation
from ..building.satori_graph import (
    INDEX,
    NO_NAMES,
    TRIPLES,
    add_satori_triples,
    declare_files,
    find_domain,
)
from ..building.triples import Triples
from .film_graphs import film_named

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
    declare_files(
        "kg-mkr",
        "movie",
        {
            TRIPLES: "60d0a28e8646423654b47a36b4438dcd70a87ac90a7d1512ef0cf59f19c869a9",
            INDEX: "ba88da11d2fffdcea4fc0d73f1fd16f5478d8fcfb362e16331dc30cceea81f60",
        },
        {TRIPLES: 576_426, INDEX: 24_062},
    ),
)

EDITORIAL = frozenset({"film.film.genre", "film.film.rating"})


RELATIONS = ("country", "director", "genre", "language", "rating", "star", "writer")
MKR_FACTS = tuple(
    Fact(name, features=name, graph=name, remark=NO_NAMES)
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
    files = find_domain(MKR.files.installed(path), "movie")
    position = {key: at for at, key in enumerate(ids.tolist())}
    films: dict[int, int | None] = {}
    for row in read_rows(files.path(INDEX), ("film", "entity"), "\t"):
        films[row.whole("entity")] = position.get(film_named(row, "film", known))
    return add_satori_triples(triples, files, films, EDITORIAL)
