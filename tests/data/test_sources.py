"""The datasets themselves: their counts, their columns, their options."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.config.enum_values import to_typed_form  # values are written
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import DataError
from coldbench.datasets.protocol.scenarios import NewItem
from coldbench.datasets.side_information import Provenance
from coldbench.datasets.sources.building import preprocessing as rules
from coldbench.datasets.sources.citeulike import CiteULikeA
from coldbench.datasets.sources.films.film_graphs import FilmGraph
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M
from coldbench.datasets.sources.films.movielens_100k import MovieLens100K
from coldbench.datasets.sources.films.movietweetings import EMBEDDED, MovieTweetings
from coldbench.datasets.sources.own_files.source import Files
from omegaconf import OmegaConf

Shared = Callable[[str], Path]


def shape(data: Dataset) -> tuple[int, int, int, int]:
    pairs = data.interactions
    return pairs.n_users, pairs.n_items, len(pairs), len(data.positives)


def check(data: Dataset) -> None:
    """Hold what every dataset promises."""
    pairs = data.interactions
    assert len(data.user_ids) == pairs.n_users and len(data.item_ids) == pairs.n_items
    assert len(set(data.user_ids.tolist())) == pairs.n_users
    keys = pairs.users.astype(np.int64) * pairs.n_items + pairs.items
    assert (np.diff(keys) > 0).all()
    assert np.bincount(pairs.users, minlength=pairs.n_users).min() > 0
    assert np.bincount(pairs.items, minlength=pairs.n_items).min() > 0
    for side, n in ((data.users, pairs.n_users), (data.items, pairs.n_items)):
        assert all(column.matrix.shape == (n, len(column.values)) for column in side.columns)
        assert all(np.isfinite(column.matrix.data).all() for column in side.columns)
        assert all(len(text.values) == n for text in side.texts)
    graph = data.graph
    if graph is not None:
        ends = np.concatenate([graph.heads, graph.tails])
        assert ends.min() >= 0 and ends.max() < graph.n_nodes
        assert set(range(graph.n_items, graph.n_nodes)) <= set(ends.tolist())
        assert len(graph.provenance) == len(graph.relation_names) > graph.relations.max()
        rows = np.stack([graph.heads, graph.relations, graph.tails])
        assert np.unique(rows, axis=1).shape == rows.shape
    assert not pairs.users.flags.writeable and not data.positive.flags.writeable


def column(data: Dataset, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    for one in data.users.columns + data.items.columns:
        if one.name == name:
            return one.values, one.matrix.toarray()
    raise AssertionError(f"no column {name}")


def triples_of(data: Dataset, item: str) -> set[tuple[str, int]]:
    """Return (relation, how many items share the tail) of an item's triples."""
    graph = data.graph
    assert graph is not None
    here = graph.heads == data.item_ids.tolist().index(item)
    sharing = np.bincount(graph.tails, minlength=graph.n_nodes)
    return {
        (graph.relation_names[r], int(sharing[t]))
        for r, t in zip(graph.relations[here], graph.tails[here], strict=True)
    }


def test_movietweetings_has_the_stated_core() -> None:
    data = MovieTweetings().load()
    check(data)
    assert shape(data) == (4333, 2414, 68055, 68055)
    assert data.merged == 0 and data.interactions.has_all_times
    assert {c.name: c.provenance for c in data.items.columns} == {
        "genre": Provenance.EDITORIAL,
        "decade": Provenance.INTRINSIC,
        "year": Provenance.INTRINSIC,
    }
    assert {t.name: t.provenance for t in data.items.texts} == {
        "title": Provenance.INTRINSIC,
        "genres": Provenance.EDITORIAL,
    }
    assert data.users.columns == () and data.users.texts == ()
    assert data.graph is not None
    assert data.graph.relation_names == ("genre", "year", "decade", "dbpedia")


def test_movietweetings_describes_a_film_rightly() -> None:
    data = MovieTweetings().load()
    at = data.item_ids.tolist().index("0111161")
    assert data.items.texts[0].values[at] == "The Shawshank Redemption (1994)"
    genres, flags = column(data, "genre")
    named = {name for name, flag in zip(genres, flags[at], strict=True) if flag}
    assert data.items.texts[1].values[at] == f"Genres: {', '.join(sorted(named))}"
    assert "Drama" in named
    assert column(data, "year")[1][at, 0] == 1994
    decades, flags = column(data, "decade")
    assert decades[int(flags[at].argmax())] == "1990s" and flags[at].sum() == 1


def test_movietweetings_without_a_core_keeps_everything() -> None:
    data = MovieTweetings(k_core=0, minimum_rating=8.0).load()
    check(data)
    assert shape(data) == (16554, 10506, 100_000, 24145 + 14005 + 12392)
    genres = column(data, "genre")[1]
    assert int((genres.sum(axis=1) == 0).sum()) == 66
    assert "at least 8" in data.rule
    links = data.graph.relations == 3  # type: ignore[union-attr]
    assert int(links.sum()) == 8639


def test_movietweetings_graph_without_links() -> None:
    full, lean = MovieTweetings().load(), MovieTweetings(dbpedia=False).load()
    assert lean.graph is not None and lean.graph.relation_names == ("genre", "year", "decade")
    assert lean.sha256 != full.sha256


def test_the_fingerprint_is_the_same_on_every_machine() -> None:
    """It changes only together with the data, the rule or what is read out of them."""
    assert MovieTweetings().load().sha256 == MovieTweetings().load().sha256 == MOVIETWEETINGS
    assert MovieTweetings(k_core=6).load().sha256 != MOVIETWEETINGS


MOVIETWEETINGS = "b98bcd008d0ebb11f9dfc75a38d7f2a4760fe80fb320516c70f5164e94dfa122"


def test_what_is_shipped_is_small_and_carries_its_notices() -> None:
    files = sorted(EMBEDDED.iterdir())
    assert sum(file.stat().st_size for file in files) < 1_500_000
    names = {file.name for file in files}
    assert names == {
        "ratings.dat.gz",
        "movies.dat.gz",
        "dbpedia.tsv.gz",
        "LICENSE.MovieTweetings",
        "LICENSE.MovieTweetingsMappings",
    }
    for name in names:
        if name.startswith("LICENSE"):
            assert "MIT License" in (EMBEDDED / name).read_text(encoding="utf-8")


def test_ml_100k(shared: Shared) -> None:
    data = MovieLens100K(path=str(shared("ml-100k")), k_core=0).load()
    check(data)
    assert shape(data) == (943, 1682, 100_000, 55_375)
    assert data.users.texts[0].values[0] == "male, 24, technician"
    assert column(data, "age")[1][0, 0] == 24
    years = next(one for one in data.items.columns if one.name == "year")
    assert years.matrix.nnz == 1681, "film 267 has no year"
    core = MovieLens100K(path=str(shared("ml-100k"))).load()
    check(core)
    assert shape(core) == (938, 1008, 95_215, 54_413)


def test_ml_1m(shared: Shared) -> None:
    data = MovieLens1M(path=str(shared("ml-1m")), k_core=0, zip_area=True).load()
    check(data)
    assert shape(data) == (6040, 3706, 1_000_209, 575_281)
    counts = np.bincount(data.interactions.values.astype(int))
    assert counts.tolist() == [0, 56_174, 107_557, 261_197, 348_971, 226_310]
    assert not data.interactions.has_all_times and data.positives.has_all_times
    assert "reconstruction" in data.rule
    assert data.users.texts[0].values[:2] == [
        "female, under 18, K-12 student",
        "male, 56 or older, self-employed",
    ]
    assert {c.name for c in data.users.columns} == {"gender", "age", "occupation", "zip_area"}
    assert {c.provenance for c in data.users.columns} == {Provenance.INTRINSIC}


def test_ml_1m_core_is_the_same_from_the_cache(shared: Shared, home: Path) -> None:
    source = MovieLens1M(path=str(shared("ml-1m")))
    fresh = source.load()
    check(fresh)
    assert shape(fresh) == (6034, 3125, 994_338, 574_376)
    assert len(list((home / "cache" / "pairs").glob("*.npz"))) == 1
    cached = source.load()
    assert cached.sha256 == fresh.sha256
    np.testing.assert_array_equal(cached.interactions.timestamps, fresh.interactions.timestamps)
    np.testing.assert_array_equal(cached.positive, fresh.positive)


@pytest.mark.parametrize(
    ("graph", "folder", "relations", "item", "has"),
    [
        (FilmGraph.GENRE, None, 3, "1", {"genre", "year", "decade"}),
        (FilmGraph.MKR, "kg-mkr", 10, "2", {"year", "film.film.genre", "film.film.star"}),
        (FilmGraph.DBPEDIA, "ml1m-dbpedia-attributes", 7, "2", {"genre", "director", "actor"}),
    ],
)
def test_ml_1m_graphs(
    shared: Shared,
    graph: FilmGraph,
    folder: str | None,
    relations: int,
    item: str,
    has: set[str],
) -> None:
    place = None if folder is None else str(shared(folder))
    source = MovieLens1M(path=str(shared("ml-1m")), k_core=0, graph=graph, graph_path=place)
    data = source.load()
    check(data)
    assert data.graph is not None and len(data.graph.relation_names) == relations
    assert has <= {name for name, _ in triples_of(data, item)}
    assert max(sharing for _, sharing in triples_of(data, item)) > 1


def test_the_mkr_graph_keeps_every_triple_of_the_rated_films(shared: Shared) -> None:
    source = MovieLens1M(
        path=str(shared("ml-1m")), k_core=0, graph=FilmGraph.MKR, graph_path=str(shared("kg-mkr"))
    )
    graph = source.load().graph
    assert graph is not None
    theirs = graph.relations >= 3
    heads, tails = graph.heads[theirs], graph.tails[theirs]
    items = {node for node in {*heads.tolist(), *tails.tolist()} if node < graph.n_items}
    assert 2200 < len(items) <= 2347 and 19_000 < len(heads) <= 20_782


def test_ml_1m_plots(shared: Shared) -> None:
    source = MovieLens1M(path=str(shared("ml-1m")), plots=str(shared("colakg-ml1m")))
    plots = source.load().items.texts[2]
    assert plots.name == "plot" and plots.values[1].startswith("Jumanji (1995) is a")


def test_citeulike(shared: Shared) -> None:
    data = CiteULikeA(path=str(shared("citeulike-a"))).load()
    check(data)
    assert shape(data) == (5551, 16_980, 204_986, 204_986)
    assert data.interactions.timestamps is None
    origins = {"cites": Provenance.INTRINSIC, "tag": Provenance.USER_GENERATED}
    cites, tags = data.items.columns
    assert {one.name: one.provenance for one in (cites, tags)} == origins
    assert data.graph is not None
    assert dict(zip(data.graph.relation_names, data.graph.provenance, strict=True)) == origins
    assert (data.graph.relations == 0).sum() == 44_661 and cites.matrix.nnz == 2 * 44_661
    assert data.graph.n_nodes == 16_980 + len(tags.values)
    assert (cites.matrix != cites.matrix.T).nnz == 0 and not cites.matrix.diagonal().any()


def test_citeulike_strict_training_knows_citations_of_warm_articles_alone(shared: Shared) -> None:
    data = CiteULikeA(path=str(shared("citeulike-a"))).load()
    split = NewItem().split(data, 0)
    ids = {int(name.removeprefix("cites=")) for name in split.train.items.feature_names}
    assert len(ids) > 8_000 and ids <= {int(data.item_ids[at]) for at in split.items}
    assert split.test["new_item/cold/k=0"].query.items.features.nnz > 1_000
    assert split.train.graph is not None and split.train.graph.relation_names == ("cites",)


def test_citeulike_takes_titles_and_abstracts(tmp_path: Path) -> None:
    for name, text in {
        "users.dat": "2 0 1\n1 1\n",
        "item-tag.dat": "2 0 1\n1 0\n",
        "tags.dat": "gene\nrare\n",
        "raw-data.csv": '"doc.id","title","citeulike.id","raw.title","raw.abstract"\n'
        '1,"a",42,"Genes, at last","We show\nthat"\n2,"b",43,"Zoë",""\n',
    }.items():
        (tmp_path / name).write_text(text, encoding="latin-1")
    data = CiteULikeA(path=str(tmp_path), minimum_tag_count=2).load()
    assert [(t.name, t.provenance.value, list(t.values)) for t in data.items.texts] == [
        ("title", "intrinsic", ["Genes, at last", "Zoë"]),
        ("abstract", "intrinsic", ["We show\nthat", ""]),
        ("tags", "user_generated", ["gene rare", "gene"]),
    ]
    (tags,) = data.items.columns
    assert tags.values == ("gene", "rare") and tags.minimum_count == 2
    assert data.graph is not None and data.graph.relation_names == ("tag",)


def test_duplicates_are_merged_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "WORTH_CACHING", 0)
    rows = "1::10::2::300\n1::10::5::100\n2::10::4::7\n1::10::3::200\n2::10::1::7\n"
    (tmp_path / "ratings.dat").write_text(rows)
    (tmp_path / "movies.dat").write_text("10::Heat (1995)::Action\n")
    (tmp_path / "users.dat").write_text("1::F::1::1::1\n2::M::1::1::2\n")
    source = MovieLens1M(path=str(tmp_path), k_core=0, minimum_rating=1.0)
    for _ in ("read", "cached"):
        data = source.load()
        assert data.merged == 3
        assert data.interactions.values.tolist() == [2, 1], "the latest, then the last row"


def test_a_graph_made_for_other_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"graph=mkr was made for ml-1m ids"):
        MovieLens100K(path=str(tmp_path), graph=FilmGraph.MKR).load()


@pytest.mark.parametrize("source", [MovieTweetings, MovieLens1M, MovieLens100K, CiteULikeA, Files])
def test_settings_go_through_the_configuration_and_back(source: type) -> None:
    config = OmegaConf.structured(source)
    assert OmegaConf.to_object(config) == source()
    written = OmegaConf.create(OmegaConf.to_yaml(config))
    assert written == to_typed_form(dataclasses.asdict(source()))
    assert OmegaConf.to_object(OmegaConf.merge(config, written)) == source()


def test_settings_of_files_are_typed_on_the_command_line() -> None:
    typed = OmegaConf.from_dotlist(
        ["interactions=a.csv", "minimum_rating=3.5", "texts=[title]", "provenance={tag: editorial}"]
    )
    merged = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Files), typed))
    origin = {"tag": "editorial"}
    assert merged == Files("a.csv", minimum_rating=3.5, texts=["title"], provenance=origin)
