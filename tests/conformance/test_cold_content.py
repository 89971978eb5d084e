"""Whatever is said of cold entities, the training data stays equal to the last bit."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.conformance.audits.cold_content import (
    multiply_content,
    remove_content,
    replace_content,
)
from coldbench.benchmarks.conformance.audits.resplit import audit_scenario, mark_cold_entities
from coldbench.benchmarks.conformance.test_splits import list_view_parts
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.graph import Graph
from coldbench.datasets.hashing import hash_content
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser
from coldbench.datasets.side_information import SideInformation
from coldbench.datasets.sources.citeulike import CiteULikeA
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Split

EDITS = [replace_content, remove_content, multiply_content]
Edit = Callable[[Dataset, np.ndarray, np.ndarray], Dataset]
HERE = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("COLDBENCH_TEST_DATA", HERE.parent / "shared" / "data"))


def with_threshold(data: Dataset, minimum: int) -> Dataset:
    def rarer(side: SideInformation) -> SideInformation:
        columns = (
            one if one.numeric else replace(one, minimum_count=minimum) for one in side.columns
        )
        return replace(side, columns=tuple(columns))

    return replace(data, users=rarer(data.users), items=rarer(data.items))


@cache
def dataset(name: str) -> Dataset:
    if name == "planted":
        return Planted(n_users=200, n_items=200, graph=0.9, user_attributes=0.9).load()
    if name == "citeulike-a":
        if not (SHARED / name).is_dir():
            pytest.skip(f"no CiteULike at {SHARED / name}; set COLDBENCH_TEST_DATA")
        return CiteULikeA(path=str(SHARED / name)).load()
    return with_threshold(MovieTweetings().load(), 12)


def world(split: Split) -> str:
    assert split.train.unseen_users is None and split.train.unseen_items is None
    return hash_content(*list_view_parts(split.train))


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("movietweetings", Grid),
        ("movietweetings", NewItem),  # nothing is known of its users: no new_user here
        ("planted", Grid),
        ("planted", NewItem),
        ("planted", NewUser),
    ],
)
def test_training_does_not_see_what_is_said_of_cold_entities(
    name: str, scenario: type[Grid], seed: int, edit: Edit
) -> None:
    made = scenario(track="open")
    data, before = dataset(name), made.split(dataset(name), seed)
    changed = edit(data, *mark_cold_entities(before, data))
    assert changed.sha256 != data.sha256
    assert world(made.split(changed, seed)) == world(before)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("format", ["aldi", "heater"])
def test_published_training_does_not_see_it_either(format: str, edit: Edit) -> None:
    data = dataset("citeulike-a")
    files = str(SHARED / f"citeulike-{format}-split")
    made = NewItem(strategy="published", format=format, files=files, track="open")
    before = made.split(data, 0)
    changed = edit(data, *mark_cold_entities(before, data))
    assert changed.sha256 != data.sha256
    assert world(made.split(changed, 0)) == world(before)


def test_the_questions_do_see_it() -> None:
    data = dataset("movietweetings")
    before = Grid().split(data, 0)
    after = Grid().split(multiply_content(data, *mark_cold_entities(before, data)), 0)
    one, two = (split.test["new_item/cold/k=0"].query.items for split in (before, after))
    assert one.feature_names == two.feature_names
    assert (one.features != two.features).nnz and (one.text != two.text).all()
    assert len(two.links.rows) > len(one.links.rows)


# Scenarios that count over everybody; each gives in to the flood.


class ThresholdOfEverybody(NewItem):
    """Leaves out rare values over all entities, as a source would."""

    def split(self, data: Dataset, seed: int, *rest: object) -> Split:
        columns = []
        for column in data.items.columns:
            counts = np.bincount(column.matrix.indices, minlength=column.matrix.shape[1])
            keep = np.flatnonzero((counts >= column.minimum_count) | column.numeric)
            values = tuple(column.values[at] for at in keep)
            matrix = column.matrix[:, keep]
            columns.append(replace(column, matrix=matrix, values=values, minimum_count=1))
        return super().split(replace(data, items=replace(data.items, columns=tuple(columns))), seed)


class RelationsOfEverybody(NewItem):
    """Names every relation of the dataset, as a view without the cold ones would not."""

    def split(self, data: Dataset, seed: int, *rest: object) -> Split:
        made = super().split(data, seed)
        assert data.graph is not None and made.train.graph is not None
        named = ("relation_names", "provenance")
        graph: Graph = replace(made.train.graph, **{one: getattr(data.graph, one) for one in named})
        return replace(made, train=replace(made.train, graph=graph))


class WordsOfEverybody(NewItem):
    """Gives every text the number of words of all texts."""

    def split(self, data: Dataset, seed: int, *rest: object) -> Split:
        made = super().split(data, seed)
        count = len(
            {word for one in data.items.texts for text in one.values for word in text.split()}
        )
        text = np.array([f"{one} {count}" for one in made.train.items.text], dtype=object)
        return replace(made, train=replace(made.train, items=replace(made.train.items, text=text)))


@pytest.mark.parametrize("scenario", [ThresholdOfEverybody, RelationsOfEverybody, WordsOfEverybody])
def test_counting_over_everybody_is_found(scenario: type[NewItem]) -> None:
    found = {finding.rule for finding in audit_scenario(scenario(), dataset("movietweetings"), 0)}
    assert "cold_side_information" in found


def test_nothing_is_changed_where_nobody_is_cold() -> None:
    data = dataset("planted")
    nobody = np.zeros(len(data.user_ids), bool), np.zeros(len(data.item_ids), bool)
    assert all(edit(data, *nobody).sha256 == data.sha256 for edit in EDITS)
