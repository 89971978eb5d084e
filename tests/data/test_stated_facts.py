"""Features, text and graph of every dataset say the same of its users and items."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.plugins.registry import find, list_offers
from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.side_information import SideInformation
from coldbench.datasets.sources.citeulike import CiteULikeA
from coldbench.datasets.sources.films.film_graphs import FilmGraph
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M
from coldbench.datasets.sources.films.movielens_100k import MovieLens100K
from coldbench.datasets.sources.films.movielens_latest import MovieLensLatestSmall
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.hetrec_lastfm import HetRecLastFM
from coldbench.datasets.sources.online_retail import OnlineRetailII
from coldbench.datasets.stated_facts import find_disagreements

Shared = Callable[[str], Path]
FACTS = MovieTweetings.card.facts


def disagreements(source: Any) -> list[str]:
    return list(find_disagreements(source.load(), source.card.facts))


def test_movietweetings() -> None:
    assert disagreements(MovieTweetings()) == []
    assert disagreements(MovieTweetings(k_core=0, dbpedia=False)) == []


@pytest.mark.parametrize(
    ("source", "folder", "settings"),
    [
        (MovieLens100K, "ml-100k", {"zip_area": True}),
        (MovieLens100K, "ml-100k", {"graph": FilmGraph.NONE}),
        (MovieLens1M, "ml-1m", {"zip_area": True}),
        (MovieLensLatestSmall, "ml-latest-small", {"k_core": 0}),
        (HetRecLastFM, "hetrec-lastfm", {}),
        (OnlineRetailII, "online-retail-ii", {}),
        (CiteULikeA, "citeulike-a", {}),
    ],
)
def test_fetched_ones(source: Any, folder: str, settings: dict[str, Any], shared: Shared) -> None:
    assert disagreements(source(path=str(shared(folder)), **settings)) == []


@pytest.mark.parametrize(
    ("graph", "folder"),
    [(FilmGraph.MKR, "kg-mkr"), (FilmGraph.DBPEDIA, "ml1m-dbpedia-attributes")],
)
def test_graphs_of_others(graph: FilmGraph, folder: str, shared: Shared) -> None:
    source = MovieLens1M(path=str(shared("ml-1m")), graph=graph, graph_path=str(shared(folder)))
    assert disagreements(source) == []
    names = {one.name for one in source.load().items.columns}
    assert names >= ({"film.film.star"} if graph is FilmGraph.MKR else {"actor", "country"})


def without(side: SideInformation, name: str) -> SideInformation:
    return replace(
        side,
        columns=tuple(one for one in side.columns if one.name != name),
        texts=tuple(one for one in side.texts if one.name != name),
    )


def other_year(data: Dataset) -> Dataset:
    """Return the dataset in which the features give the first film another film's year."""
    columns = []
    for one in data.items.columns:
        matrix = one.matrix.copy()
        if one.name == "year":
            matrix.data = matrix.data.copy()
            matrix.data[0] = matrix.data[matrix.data != matrix.data[0]][0]
        columns.append(replace(one, matrix=matrix))
    return replace(data, items=replace(data.items, columns=tuple(columns)))


def without_relation(data: Dataset, name: str) -> Dataset:
    assert data.graph is not None
    names = tuple(f"not {one}" if one == name else one for one in data.graph.relation_names)
    return replace(data, graph=replace(data.graph, relation_names=names))


def other_genres(data: Dataset) -> Dataset:
    assert data.graph is not None
    tails = data.graph.tails.copy()
    of_genre = np.flatnonzero(data.graph.relations == 0)
    tails[of_genre] = np.roll(tails[of_genre], 1)
    return replace(data, graph=replace(data.graph, tails=make_read_only(tails)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda d: replace(d, items=without(d.items, "genre")),
            "genre: there is no 'genre' in the features",
        ),
        (
            lambda d: replace(d, items=without(d.items, "genres")),
            "genre: there is no 'genres' in the texts",
        ),
        (other_year, "year: text 'title' .* lacks"),
        (other_year, "year: relation 'year' links other items"),
        (lambda d: without_relation(d, "decade"), "decade: there is no 'decade' in the graph"),
        (lambda d: without_relation(d, "decade"), "states no fact for relation 'not decade'"),
        (other_genres, "genre: relation 'genre' links other items than the features"),
        (
            lambda d: replace(d, users=SideInformation(d.items.columns[:1])),
            "no fact for column 'genre' of users",
        ),
    ],
)
def test_what_is_said_otherwise_is_found(change: Callable[[Dataset], Dataset], told: str) -> None:
    found = list(find_disagreements(change(MovieTweetings().load()), FACTS))
    assert any(re.search(told, one) for one in found), found


def test_a_form_that_lacks_a_fact_needs_a_reason() -> None:
    bare = tuple(replace(one, remark="") for one in FACTS)
    found = list(find_disagreements(MovieTweetings().load(), bare))
    assert "decade is not in the texts, and the card does not say why" in found
    assert {one.split(" is ")[0] for one in found} == {"decade", "title", "DBpedia resource"}


def test_every_dataset_with_a_card_states_its_facts() -> None:
    for name in list_offers("datasets"):
        card = getattr(find("datasets", name), "card", None)
        # The last has texts of other items on purpose.
        assert name in ("files", "planted", "text_control") or card.facts, name
