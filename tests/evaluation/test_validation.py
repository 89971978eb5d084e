"""``train.validate`` and ``evaluate`` measure with one engine; what ``validate`` returns."""

import copy
import json
import math
import pickle
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.conformance.checks.measure import SEED, measure_ndcg
from coldbench.benchmarks.evaluation import validation
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.rating import evaluate_ratings
from coldbench.benchmarks.evaluation.validation import Validation, split, with_validation
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.validation_score import ValidationScore
from coldbench.datasets.world import Resources
from coldbench.methods.base import FactorMethod
from coldbench.methods.reference.popularity import Popularity
from coldbench.methods.reference.random_scores import RandomScores


class Factors(FactorMethod):
    """Scores by random factors that depend on the features alone."""

    def fit(self, train):
        return self

    def user_factors(self, users):
        return self._hashed(users.history)

    def item_factors(self, items):
        return self._hashed(items.features)

    def _hashed(self, matrix):
        rng = np.random.default_rng(3)
        return (matrix @ rng.normal(size=(matrix.shape[1], 8))).astype(np.float32)


@pytest.fixture(scope="module")
def data():
    return Planted(n_users=240, n_items=200, n_topics=4).load()


@pytest.fixture(scope="module")
def films():
    return split(MovieTweetings().load(), Grid(), 0)


def counted(made):
    return {n: one for n, one in made.validation.items() if Grid().validates(n)}


def measured(made):
    """Return the tasks that count, and the warm one, for which networks keep weights too."""
    return counted(made) | {"warm/warm/k=0": made.validation["warm/warm/k=0"]}


@pytest.mark.parametrize("kind", [Popularity, RandomScores, Factors])
def test_validation_and_leaderboard_are_equal_to_the_last_bit(films, kind):
    """Popularity ties all cold items, so that the tie-break hash alone ranks them."""
    method = kind() if kind is Factors else kind().fit(films.train)
    results = evaluate(method, measured(films), films.train, EvaluationSettings(), seed=0)
    score = films.train.validate(method)
    assert score.tasks == {name: one.scores["ndcg@10"].mean for name, one in results.items()}
    assert set(score.counted) == set(counted(films))
    assert float(score) == np.mean([score.tasks[name] for name in counted(films)])


def test_conformance_and_leaderboard_are_equal_to_the_last_bit(films):
    method = Popularity().fit(films.train)
    name, task = next(iter(films.test.items()))
    result = evaluate(method, {name: task}, films.train, EvaluationSettings(), seed=SEED)[name]
    assert measure_ndcg(method, task).tolist() == result.per_user["ndcg@10"].tolist()


class Always5:
    """Predicts one rating."""

    def predict(self, query):
        return np.full((len(query.users), len(query.items)), 5, dtype=np.float32)


def test_ratings_are_minus_the_error_of_the_leaderboard(data):
    made = split(data, NewUser(task="rating", shots=[0, 2]), 0)
    results = evaluate_ratings(Always5(), made.validation, EvaluationSettings(), seed=0)
    score = made.train.validate(Always5())
    assert score.tasks == {n: -one.scores["rmse_pairs"].mean for n, one in results.items()}
    expected = [-np.sqrt(((t.truth.data - 5.0) ** 2).mean()) for t in made.validation.values()]
    assert float(score) == pytest.approx(np.mean(expected))
    with pytest.raises(ColdbenchError, match="Factors predicts no ratings"):
        made.train.validate(Factors())


def distinct(query):
    rng = np.random.default_rng(query.users.history.nnz)
    size = len(query.users) * len(query.items)
    return rng.permutation(size).reshape(len(query.users), -1).astype(np.float32)


def by_loops(task, scores):
    """Return the mean NDCG@10 of distinct scores, by the formula."""
    found = []
    for row in range(len(task.users)):
        masked, truth = set(task.masked[row].indices), set(task.truth[row].indices)
        order = [c for c in np.argsort(-scores[row]).tolist() if c not in masked][:10]
        gained = sum(1 / math.log2(at + 2) for at, c in enumerate(order) if c in truth)
        found.append(gained / sum(1 / math.log2(at + 2) for at in range(min(10, len(truth)))))
    return np.mean(found)


NEW_USER = {f"new_user/warm/k={k}": "new_user" for k in (0, 1, 5, 10)}
BOTH = {f"new_user_new_item/cold/k={k}": "both" for k in (0, 1, 5, 10)}


@pytest.mark.parametrize(
    ("scenario", "groups"),
    [
        (Warm(), {"warm/warm/k=0": "warm"}),
        (NewItem(), {"new_item/cold/k=0": "new_item"}),
        (NewUser(), NEW_USER),
        (NewUserNewItem(), BOTH),
        (Grid(), {"new_item/cold/k=0": "new_item"} | NEW_USER | BOTH),
    ],
)
def test_the_tasks_that_count_with_their_groups(data, scenario, groups):
    made = split(data, scenario, 0)
    score = made.train.validate(distinct)
    assert set(score.counted) == set(groups)
    if "warm/warm/k=0" in made.validation:
        groups = groups | {"warm/warm/k=0": "warm"}
    assert set(score.tasks) == set(groups)
    for name, value in score.tasks.items():
        task = made.validation[name]
        assert len(task.users) <= 256
        assert value == pytest.approx(by_loops(task, distinct(task.query)), abs=1e-12)
    for group in set(groups.values()):
        own = [score.tasks[name] for name, one in groups.items() if one == group]
        assert score.groups[group] == pytest.approx(np.mean(own), abs=1e-12)
    assert set(score.groups) == set(groups.values())
    counted_values = [score.tasks[name] for name in score.counted]
    assert float(score) == pytest.approx(np.mean(counted_values), abs=1e-12)


class Columns:
    """Scores by a column of its own for each candidate, and counts how often it is asked."""

    def __init__(self):
        self.encoded, self.blocks = [], []

    def encode_items(self, items):
        self.encoded.append(len(items))
        return np.arange(len(items), dtype=np.float32)

    def score_block(self, users, items):
        self.blocks.append(len(users))
        return np.tile(items, (len(users), 1))


def test_users_come_in_blocks_and_candidates_are_encoded_once(films):
    method = Columns()
    films.train.validate(method)
    tasks = measured(films).values()
    assert len(method.encoded) == len({id(task.query.items) for task in tasks}) < len(tasks)
    assert max(method.blocks) <= 256
    assert sum(method.blocks) == sum(len(task.users) for task in tasks)


def test_the_same_method_has_the_same_score_again(films):
    method = RandomScores().fit(films.train)
    first = films.train.validate(method)
    np.random.default_rng().random()
    assert films.train.validate(method).tasks == first.tasks


def test_threads_limit_the_measurement_and_change_no_value(films, data, monkeypatch):
    one, limits = films.train.validate(Factors()), []
    monkeypatch.setattr(
        validation, "threadpool_limits", lambda n: limits.append(n) or nullcontext()
    )
    train = replace(films.train, resources=Resources(threads=2))
    two = with_validation(replace(films, train=train), Grid()).train.validate
    assert two(Factors()).tasks == one.tasks and set(limits) == {1}
    limits.clear()
    two(Columns())
    assert set(limits) == {2}
    assert split(data, Warm(), 0, Resources(threads=2)).train.validate.threads == 2


def test_a_score_is_a_float_with_parts():
    score = ValidationScore({"a": 0.1, "b": np.float64(0.3)}, {"warm": np.float64(0.2)})
    assert isinstance(score, float) and score == np.mean([0.1, 0.3])
    assert f"{score:.3f}" == "0.200" and json.loads(json.dumps({"x": score})) == {"x": score}
    assert score > 0.1 and type(score + 1) is float
    for again in (copy.copy(score), copy.deepcopy(score), pickle.loads(pickle.dumps(score))):
        assert type(again) is ValidationScore and again == score
        assert (again.tasks, again.groups) == (score.tasks, score.groups)
    assert all(type(one) is float for one in (*score.tasks.values(), *score.groups.values()))
    assert not hasattr(score, "__dict__")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(data, bad):
    def spoiled(query):
        scores = distinct(query)
        scores[2, 1] = bad
        return scores

    train = split(data, NewItem(), 0).train
    told = rf"spoiled scored {bad} in task new_item/cold/k=0 of the validation for user \d+"
    with pytest.raises(ColdbenchError, match=told):
        train.validate(spoiled)


def test_scores_of_another_shape_or_type_are_refused(data):
    train = split(data, NewItem(), 0).train
    with pytest.raises(ColdbenchError, match=r"<lambda> returned float32 \(\d+, 1\) in task"):
        train.validate(lambda query: np.zeros((len(query.users), 1), np.float32))
    with pytest.raises(ColdbenchError, match=r"<lambda> returned float64 .* must be float32"):
        train.validate(lambda query: distinct(query).astype(np.float64))


def test_an_empty_slice_is_said_when_it_is_asked():
    with pytest.raises(ColdbenchError, match="validation slice is empty"):
        Validation({}, 0)(distinct)


def test_a_bare_split_says_who_attaches_validate(data):
    bare = Grid().split(data, 0)
    with pytest.raises(ColdbenchError, match=r"split\(data, scenario, seed\)"):
        bare.train.validate(distinct)
    assert bare.fingerprint == split(data, Grid(), 0).fingerprint


def test_a_scenario_without_a_rule_counts_every_task(data):
    class Bare:
        def split(self, data, seed):
            return Grid().split(data, seed)

    made = split(data, Bare(), 0)
    score = made.train.validate(distinct)
    assert set(score.tasks) == set(made.validation)
    assert set(score.groups) == {"warm", "new_item", "new_user", "both"}
