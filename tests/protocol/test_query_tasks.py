"""New users and ten of their rated items: what is asked, shown and masked."""

from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.conformance.audits.split_audit import find_leaks
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import SplitError
from coldbench.datasets.protocol.paper_scenarios import RatedQueries
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.world import Split


@pytest.fixture(scope="module")
def data() -> Dataset:
    return MovieTweetings(minimum_rating=8.0, k_core=0).load()


@pytest.fixture(scope="module")
def split(data: Dataset) -> Split:
    return RatedQueries().split(data, 0)


def rated(data: Dataset, user: int) -> tuple[set[int], set[int]]:
    """Return the liked and the other rated items of a user."""
    own = data.interactions.users == user
    items = data.interactions.items[own]
    return set(items[data.positive[own]].tolist()), set(items[~data.positive[own]].tolist())


@pytest.mark.parametrize("stage", ["validation", "test"])
def test_a_query_is_ten_rated_items_and_the_support_the_other_liked_ones(
    stage: str, data: Dataset, split: Split
) -> None:
    task = getattr(split, stage)["rated_queries/rated/k=90"]
    counts = np.bincount(data.interactions.users, minlength=len(data.user_ids))
    for row, user in enumerate(task.users.tolist()):
        liked, others = rated(data, user)
        assert 13 <= counts[user] <= 100
        ranked = set(task.items[np.flatnonzero(task.masked[row].toarray()[0] == 0)].tolist())
        truth = set(task.items[task.truth[row].indices].tolist())
        shown = set(split.items[task.query.users.history[row].indices].tolist())
        assert ranked <= liked | others and len(ranked) <= 10
        assert truth == ranked & liked and truth
        assert task.negatives is not None
        assert set(task.items[task.negatives[row].indices].tolist()) == ranked - truth
        assert not shown & ranked and shown <= liked
        assert len(shown) >= len(liked & set(split.items.tolist())) - 10
    assert (task.query.users.known == -1).all()


def test_the_full_catalogue_has_the_same_truth_and_masks_the_support(split: Split) -> None:
    few, many = (split.test[f"rated_queries/{name}/k=90"] for name in ("rated", "warm"))
    assert few.query is not many.query and (few.truth != many.truth).nnz == 0
    assert (many.masked != many.query.users.history).nnz == 0
    assert len(many.items) == len(split.train.items) and many.negatives is None


def test_training_is_of_the_liked_pairs_of_the_other_users(data: Dataset, split: Split) -> None:
    new = {*split.test["rated_queries/warm/k=90"].users.tolist()}
    new |= {*split.validation["rated_queries/warm/k=90"].users.tolist()}
    trained = set(split.users.tolist())
    assert not trained & new
    for user in list(trained)[:50]:
        mine = split.train.interactions.users == np.flatnonzero(split.users == user)[0]
        items = split.items[split.train.interactions.items[mine]]
        assert set(items.tolist()) == rated(data, user)[0]
    assert len(trained) / (len(trained) + len(new)) == pytest.approx(0.8, abs=0.02)


def test_the_split_is_clean_and_seeded(data: Dataset, split: Split) -> None:
    assert find_leaks(split, data, RatedQueries()) == []
    assert RatedQueries().split(data, 0).fingerprint == split.fingerprint
    assert RatedQueries().split(data, 1).fingerprint != split.fingerprint


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"strategy": "temporal"}, "use strategy=random with task=ranking"),
        ({"task": "rating"}, "use strategy=random with task=ranking"),
        ({"lengths": [10, 100]}, "the first above query=10; use for example"),
        ({"lengths": [4000, 4001]}, "none that has 4000 to 4001 rated items"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], told: str, data: Dataset) -> None:
    with pytest.raises(SplitError, match=told):
        RatedQueries(**settings).split(data, 0)
