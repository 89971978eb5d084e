"""Answers and tasks that are never ranked: each is refused in a sentence."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.metrics import NDCG
from coldbench.datasets.errors import ColdbenchError

TASK = "new_item/all/k=0"


def measure(method, world):
    evaluated = EvaluationSettings(bootstrap=0, slices=False, beyond_accuracy=False)
    metrics = {"ndcg": NDCG()}
    evaluate(method, {TASK: world.holdout}, world.train, evaluated, seed=7, metrics=metrics)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["ranked", "masked"])
def test_a_score_that_is_not_finite_is_refused(worlds, table_method, rng, bad, where):
    world = worlds(rng, 30, 50)
    rows = np.flatnonzero(world.truth.any(axis=1))
    at = world.masked if where == "masked" else ~world.masked & ~world.truth
    row = rows[at[rows].any(axis=1)][3]
    column = np.flatnonzero(at[row])[0]
    scores = rng.random((30, 50)).astype(np.float32)
    scores[row, column] = bad
    with pytest.raises(ColdbenchError) as caught:
        measure(table_method(scores), world)
    text = str(caught.value)
    assert "TableMethod" in text and TASK in text
    assert f"user {row + 100}" in text and f"item {column + 50}" in text


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_factors_whose_product_overflows_are_refused(worlds, dot_method, rng, bad):
    world = worlds(rng, 30, 50)
    left, right = np.ones((30, 4), dtype=np.float32), np.ones((50, 4), dtype=np.float32)
    right[20, 2] = bad
    left[:, 2] = 10
    with pytest.raises(ColdbenchError, match="DotMethod scored"):
        measure(dot_method(left, right), world)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda t: t.astype(np.float64), "float64"),
        (lambda t: t[:, :-1], r"\(30, 49\)"),
        (lambda t: t.tolist(), "list"),
    ],
)
def test_scores_of_another_type_or_shape_are_refused(worlds, table_method, rng, answer, told):
    class Odd(table_method):
        def score_block(self, users, items):
            return answer(super().score_block(users, items))

    world = worlds(rng, 30, 50, truth_share=0.9)
    with pytest.raises(ColdbenchError, match=told):
        measure(Odd(np.ones((30, 50), dtype=np.float32)), world)


def test_truth_that_is_masked_is_refused(world_of, table_method):
    truth = np.array([[True, False]])
    world = world_of(truth, truth)
    with pytest.raises(ColdbenchError, match="truth of user 100 is masked"):
        measure(table_method(np.ones((1, 2), dtype=np.float32)), world)
