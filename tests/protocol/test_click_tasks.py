"""Yes-or-no tasks: as many sampled items as positives, none of them known of the user."""

from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.conformance.audits.split_audit import find_leaks
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import SplitError
from coldbench.datasets.protocol.paper_scenarios import ClickThrough
from coldbench.datasets.protocol.scenarios import Grid, NewItem, Warm
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.world import Holdout


@pytest.fixture(scope="module")
def data() -> Dataset:
    return MovieTweetings().load()


def pairs(task: Holdout, matrix: Any) -> set[tuple[int, int]]:
    found = matrix.tocoo()
    users, items = task.users[found.row], task.items[found.col]
    return set(zip(users.tolist(), items.tolist(), strict=True))


@pytest.mark.parametrize("scenario", [Warm(task="click"), Grid(task="click"), ClickThrough()])
def test_each_positive_has_a_sampled_item_of_the_same_user(scenario: Any, data: Dataset) -> None:
    split = scenario.split(data, 3)
    for name, task in (*split.validation.items(), *split.test.items()):
        assert task.negatives is not None
        assert np.array_equal(np.diff(task.negatives.indptr), np.diff(task.truth.indptr)), name
        drawn = pairs(task, task.negatives)
        assert len(drawn) == task.negatives.nnz
        assert not drawn & (pairs(task, task.truth) | pairs(task, task.masked))
    assert find_leaks(split, data, scenario) == []


def test_validation_and_test_share_no_sampled_pair(data: Dataset) -> None:
    split = Warm(task="click").split(data, 0)
    (validation,), (test,) = split.validation.values(), split.test.values()
    held = pairs(test, test.negatives)
    assert not pairs(validation, validation.negatives) & held
    every = {item for _, item in held}
    assert len(every) > 0.9 * len(test.items), "any candidate can be drawn"


def test_the_draw_depends_on_the_seed_and_ranks_the_same_truth(data: Dataset) -> None:
    first, again, other = (NewItem(task="click").split(data, seed) for seed in (0, 0, 1))
    ranking = NewItem().split(data, 0)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint not in (other.fingerprint, ranking.fingerprint)
    for name, task in ranking.test.items():
        assert task.negatives is None
        assert (task.truth != first.test[name].truth).nnz == 0


def test_shots_share_their_sampled_items(data: Dataset) -> None:
    test = Grid(task="click", shots=[0, 5]).split(data, 0).test
    none, five = (test[f"new_user/warm/k={k}"] for k in (0, 5))
    assert pairs(none, none.negatives) == pairs(five, five.negatives)


def test_click_through_draws_pairs_and_keeps_items_without_training(data: Dataset) -> None:
    split = ClickThrough().split(data, 0)
    (task,) = split.test.values()
    shares = [len(split.train.interactions), task.truth.nnz]
    assert np.allclose(np.array(shares) / len(data.positives), (0.6, 0.2), atol=0.01)
    assert len(task.items) == len(data.item_ids) and task.cold_items.any()
    trained = np.unique(split.items[split.train.interactions.items])
    assert set(task.items[~task.cold_items].tolist()) == set(trained.tolist())


@pytest.mark.parametrize("settings", [{"strategy": "temporal"}, {"task": "rating"}])
def test_click_through_is_of_random_pairs(settings: dict[str, Any], data: Dataset) -> None:
    with pytest.raises(SplitError, match="use strategy=random with task=click"):
        ClickThrough(**settings).split(data, 0)
