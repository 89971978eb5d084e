"""AUC and F1 of labelled pairs, against counts by hand and the rank sums of scipy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coldbench import evaluate
from coldbench.benchmarks.evaluation.clicks import evaluate_clicks
from coldbench.benchmarks.evaluation.roc_areas import LabelledPairs, areas_by_user, pooled_areas
from coldbench.benchmarks.evaluation.task_result import EvaluationSettings
from coldbench.benchmarks.evaluation.validation import split
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol.scenarios import Grid, Warm
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.reference.popularity import Popularity
from coldbench.methods.reference.random_scores import RandomScores
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

SETTINGS = EvaluationSettings(bootstrap=200)


def by_hand(scores: np.ndarray, liked: np.ndarray) -> float:
    above = (scores[liked][:, None] > scores[~liked][None]).mean()
    return float(above + (scores[liked][:, None] == scores[~liked][None]).mean() / 2)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.booleans(), st.integers(-3, 3)), min_size=2, max_size=60
    )
)
def test_areas_are_shares_of_pairs_in_order(rows: list[tuple[int, bool, int]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    users = np.array([user for user, _, _ in rows])
    liked = np.array([yes for _, yes, _ in rows])
    scores = np.array([float(score) for _, _, score in rows])
    pairs = LabelledPairs(users, liked, scores, None, 5)
    whole = pooled_areas(pairs, np.ones((1, 5)))[0]
    if liked.all() or not liked.any():
        assert np.isnan(whole)
    else:
        assert whole == pytest.approx(by_hand(scores, liked))
        other = mannwhitneyu(scores[liked], scores[~liked]).statistic
        assert whole == pytest.approx(other / (liked.sum() * (~liked).sum()))
    for user, area in enumerate(areas_by_user(pairs)):
        own = users == user
        if liked[own].any() and not liked[own].all():
            assert area == pytest.approx(by_hand(scores[own], liked[own]))
        else:
            assert np.isnan(area)


def test_a_resample_counts_a_user_as_often_as_drawn() -> None:
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(6), 8)
    pairs = LabelledPairs(users, rng.random(48) < 0.5, rng.integers(0, 9, 48) * 1.0, None, 6)
    drawn = np.array([[2.0, 0, 1, 0, 3, 0]])
    at = np.concatenate([np.flatnonzero(users == user) for user in (0, 0, 2, 4, 4, 4)])
    assert pooled_areas(pairs, drawn)[0] == pytest.approx(
        by_hand(pairs.scores[at], pairs.liked[at])
    )


class Oracle(RandomScores):
    """Knows the truth; says yes with probability .9 and no with .3."""

    def __init__(self, truth: Any) -> None:
        super().__init__()
        self.truth = truth

    def score_block(self, users: Any, items: Any) -> np.ndarray:
        return self.truth.toarray().astype(np.float32)

    def click_probability(self, scores: np.ndarray) -> np.ndarray:
        return np.where(scores > 0, 0.9, 0.3)


def test_what_knows_the_truth_is_right_and_lot_is_at_one_half() -> None:
    made = split(Planted().load(), Warm(task="click"), 0)
    ((name, task),) = made.test.items()
    block = EvaluationSettings(bootstrap=200, block=len(task.users))
    found = evaluate_clicks(Oracle(task.truth), {name: task}, block, seed=0)[name]
    assert {one: value.mean for one, value in found.scores.items()} == {
        "auc_pairs": 1.0, "auc_users": 1.0, "f1_pairs": 1.0, "accuracy_pairs": 1.0,
    }  # fmt: skip
    wrong = replace(task, truth=task.negatives, negatives=task.truth)
    upside = evaluate_clicks(Oracle(task.truth), {name: wrong}, block, seed=0)[name]
    assert upside.scores["auc_pairs"].mean == upside.scores["f1_pairs"].mean == 0
    lot = evaluate_clicks(RandomScores().fit(made.train), {name: task}, SETTINGS, seed=0)[name]
    area = lot.scores["auc_pairs"]
    assert area.low < 0.5 < area.high and "f1_pairs" not in lot.scores


def test_popularity_beats_lot_where_some_items_are_liked_by_many() -> None:
    made = split(MovieTweetings().load(), Grid(task="click"), 0)
    known = evaluate(Popularity().fit(made.train), made, SETTINGS)
    assert known["warm/warm/k=0"].scores["auc_pairs"].low > 0.5
    assert made.train.validate(Popularity().fit(made.train)) > 0.5
    assert set(known) == set(made.test)


def test_a_score_that_is_not_finite_is_refused_with_the_user() -> None:
    made = split(Planted().load(), Warm(task="click"), 0)

    class Broken(RandomScores):
        def score_block(self, users: Any, items: Any) -> np.ndarray:
            return np.full((len(users), len(items)), np.nan, dtype=np.float32)

    with pytest.raises(ColdbenchError, match=r"Broken returned a score that is not finite"):
        evaluate_clicks(Broken().fit(made.train), made.test, SETTINGS, seed=0)
    ranking = split(Planted().load(), Warm(), 0)
    with pytest.raises(ColdbenchError, match="has no negatives"):
        evaluate_clicks(RandomScores().fit(made.train), ranking.test, SETTINGS, seed=0)
