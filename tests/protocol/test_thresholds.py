"""What decides which values are frequent enough: the entities to train on, and they alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coldbench.datasets.protocol.scenarios import NewItem
from coldbench.datasets.protocol.views.side_view import view_side
from coldbench.datasets.side_information import (
    FeatureColumn,
    Provenance,
    Side,
    SideInformation,
    Track,
)
from coldbench.datasets.sources.citeulike import CiteULikeA
from coldbench.datasets.sources.films.movielens_latest import MovieLensLatestSmall
from coldbench.datasets.sources.hetrec_lastfm import HetRecLastFM
from coldbench.datasets.sources.lastfm_mkr import LastFMWithGraph
from scipy.sparse import csr_matrix

CARRIED = csr_matrix(np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 1, 1]], dtype=np.float32))


def names(minimum: int, visible: list[int]) -> tuple[str, ...]:
    column = FeatureColumn("tag", Provenance.INTRINSIC, CARRIED, tuple("abc"), False, minimum)
    at = np.array(visible, dtype=np.int32)
    view = view_side(Side.ITEM, SideInformation((column,)), 4, Track.STRICT, at, at, None)
    return view.feature_names


def test_a_value_needs_enough_of_the_visible_entities() -> None:
    assert names(1, [0, 1, 2, 3]) == ("tag=a", "tag=b", "tag=c")
    assert names(2, [0, 1, 2]) == ("tag=a", "tag=b")
    assert names(3, [0, 1, 2, 3]) == ("tag=b",)
    assert names(2, [2, 3]) == ("tag=b",)


def test_a_value_that_nobody_has_is_left_out_whatever_the_threshold() -> None:
    assert names(0, [1]) == names(1, [1]) == ("tag=a",)


# Real sources, in small: 30 researchers, 20 articles, a tag per article and one of all of them.

ARTICLES = 20


def citeulike(folder: Path, tags: dict[int, list[int]]) -> Path:
    """Write a folder in the format of CiteULike; article i carries tag i and those of ``tags``."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    libraries = [sorted(rng.permutation(ARTICLES)[:12].tolist()) for _ in range(30)]
    carried = [[article, *tags.get(article, [])] for article in range(ARTICLES)]
    for name, lists in (("users.dat", libraries), ("item-tag.dat", carried)):
        rows = [" ".join(map(str, [len(one), *one])) for one in lists]
        (folder / name).write_text("\n".join(rows) + "\n")
    (folder / "tags.dat").write_text("".join(f"word{at}\n" for at in range(ARTICLES + 1)))
    return folder


def test_tags_of_cold_articles_reach_no_training_world(tmp_path: Path) -> None:
    """The raw files say more of cold articles: which tags are frequent does not change."""
    scenario = NewItem(track="open")
    shared = {article: [ARTICLES] for article in range(ARTICLES)}

    def train(folder: str, tags: dict[int, list[int]]):
        data = CiteULikeA(path=str(citeulike(tmp_path / folder, tags)), minimum_tag_count=3).load()
        return data, scenario.split(data, 0)

    data, before = train("before", shared)
    cold = sorted(set(range(ARTICLES)) - {int(data.item_ids[row]) for row in before.items})
    assert len(cold) == 4
    every = {at: [tag for tag in range(ARTICLES + 1) if tag != at] for at in cold}
    changed, after = train("after", shared | every)
    assert changed.sha256 != data.sha256
    assert before.train.items.feature_names == after.train.items.feature_names
    assert before.train.items.feature_names == (f"tag=word{ARTICLES}",)
    assert before.train.items.text.tolist() == after.train.items.text.tolist()
    assert (before.train.items.features != after.train.items.features).nnz == 0
    evaluated = after.test["new_item/cold/k=0"].query.items
    assert all("word0 word1 word2" in text for text in evaluated.text)


def test_the_text_of_tags_holds_every_tag_of_its_article(tmp_path: Path) -> None:
    data = CiteULikeA(path=str(citeulike(tmp_path / "a", {})), minimum_tag_count=3).load()
    (text,) = data.items.texts
    assert list(text.values) == [f"word{article}" for article in data.item_ids]


@pytest.mark.parametrize(
    ("source", "folder"),
    [(CiteULikeA, "citeulike-a"), (MovieLensLatestSmall, "ml-latest-small")],
)
def test_sources_hand_over_rare_tags_and_the_threshold(source, folder, shared_data) -> None:
    data = source(path=str(shared_data / folder), minimum_tag_count=7).load()
    column = next(one for one in data.items.columns if one.name == "tag")
    counts = np.bincount(column.matrix.indices, minlength=len(column.values))
    assert counts.min() == 1 and column.minimum_count == 7
    split = NewItem(track="open").split(data, 0)
    kept = [name for name in split.train.items.feature_names if name.startswith("tag=")]
    warm = np.bincount(column.matrix[split.items].indices, minlength=len(column.values))
    assert kept == [f"tag={column.values[at]}" for at in np.flatnonzero(warm >= 7)]


def test_the_threshold_is_part_of_the_content(tmp_path: Path) -> None:
    folder = str(citeulike(tmp_path / "a", {}))
    hashes = {CiteULikeA(path=folder, minimum_tag_count=n).load().sha256 for n in (1, 2, 3, 2)}
    assert len(hashes) == 3


def test_every_source_with_a_threshold_leaves_it_to_the_split() -> None:
    """A new source with such a setting is to be looked at here."""
    from coldbench.benchmarks.plugins.registry import find, list_names

    found = set()
    for kind in (find("datasets", name) for name in list_names("datasets")):
        if any("minimum" in one and "count" in one for one in kind.__dataclass_fields__):
            found.add(kind)
    assert found == {CiteULikeA, HetRecLastFM, LastFMWithGraph, MovieLensLatestSmall}


def test_the_card_of_the_data_says_from_where_values_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from coldbench.benchmarks.cli.data import main

    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path))
    citeulike(tmp_path / "citeulike-a", {})
    assert main(["info", "citeulike-a"]) == 0
    assert "20, kept from 5 on" in capsys.readouterr().out


def test_a_threshold_survives_replace() -> None:
    column = FeatureColumn("tag", Provenance.INTRINSIC, CARRIED, tuple("abc"), minimum_count=2)
    assert replace(column, name="mark").minimum_count == 2
