"""The compiled pass against plain whole-array definitions, and its invariances."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation import score_blocks
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.metrics import (
    AUC,
    HitRate,
    Metric,
    Ranked,
)
from coldbench.datasets.errors import ColdbenchError

from .conftest import METRICS

TASK = "warm/warm/k=0"


def settings(**given):
    return EvaluationSettings(**{"bootstrap": 0, "slices": False, "beyond_accuracy": False} | given)


def measure(method, world, seed=7, depth=0, metrics=METRICS, threads=1, **given):
    return evaluate(
        method, {TASK: world.holdout}, world.train, settings(**given),
        seed=seed, save_rankings=depth, metrics=metrics, threads=threads,
    )[TASK]  # fmt: skip


def plain_ranked(order, world, depth):
    """Return the lists as a metric sees them, of the users with truth."""
    rows = np.flatnonzero(world.truth.any(axis=1))
    positions = np.full((len(rows), depth), -1, dtype=np.int32)
    for i, row in enumerate(rows):
        listed = order[row][:depth]
        positions[i, : len(listed)] = listed
    hits = np.take_along_axis(world.truth[rows], np.maximum(positions, 0), axis=1)
    return Ranked(
        positions,
        hits & (positions >= 0),
        world.truth[rows].sum(axis=1),
        (~world.masked[rows]).sum(axis=1),
    )


def levels(rng, shape, kind):
    """Return scores: all distinct, heavily tied, or all equal."""
    if kind == "distinct":
        return rng.permuted(np.linspace(-3, 3, np.prod(shape), dtype=np.float32)).reshape(shape)
    if kind == "tied":
        return rng.integers(-2, 3, shape).astype(np.float32)
    return np.full(shape, -1.5, dtype=np.float32)


@pytest.mark.parametrize("kind", ["distinct", "tied", "constant"])
@pytest.mark.parametrize("shape", [(30, 12), (25, 700), (300, 90)])
def test_kernel_equals_plain_metrics(worlds, table_method, order_of, rng, kind, shape):
    world = worlds(rng, *shape)
    scores = levels(rng, shape, kind)
    got = measure(table_method(scores), world, depth=40, ks=[1, 3, 10, 30], block=64)
    order = order_of(scores, world.masked, world.holdout.users, world.holdout.items, 7)
    ranked = plain_ranked(order, world, 40)
    np.testing.assert_array_equal(
        got.rankings.items, np.where(ranked.positions >= 0, ranked.positions + 50, -1)
    )
    for name in ("recall", "precision", "hit_rate", "ndcg", "mrr", "map"):
        for k in (1, 3, 10, 30):
            expected = METRICS[name].per_user(ranked, k)
            np.testing.assert_allclose(got.per_user[f"{name}@{k}"], expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", ["distinct", "tied", "constant"])
@pytest.mark.parametrize("candidates", [97, 500, 1777])
@pytest.mark.parametrize("depth", [1, 3, 60])
def test_the_search_for_the_top_misses_nobody(
    worlds, table_method, order_of, rng, kind, candidates, depth
):
    world = worlds(rng, 40, candidates, mask_share=rng.choice([0.0, 0.5, 0.97]))
    scores = levels(rng, (40, candidates), kind)
    got = measure(table_method(scores), world, depth=depth, ks=[1])
    order = order_of(scores, world.masked, world.holdout.users, world.holdout.items, 7)
    for user, listed in zip(got.users, got.rankings.items, strict=True):
        expected = order[user - 100][:depth] + 50
        np.testing.assert_array_equal(listed[: len(expected)], expected)
        assert (listed[len(expected) :] == -1).all()


@pytest.mark.parametrize("scale", [1e-38, 1e-3, 1e30])
def test_scores_of_any_magnitude_are_ordered(worlds, table_method, order_of, rng, scale):
    world = worlds(rng, 30, 900)
    scores = (rng.normal(size=(30, 900)) ** 3 * scale).astype(np.float32)
    got = measure(table_method(scores), world, depth=20, ks=[20])
    order = order_of(scores, world.masked, world.holdout.users, world.holdout.items, 7)
    for user, listed, kept in zip(got.users, got.rankings.items, got.rankings.scores, strict=True):
        np.testing.assert_array_equal(listed, order[user - 100][:20] + 50)
        np.testing.assert_array_equal(kept, scores[user - 100][listed - 50])


@pytest.mark.parametrize("kind", ["distinct", "tied", "constant"])
def test_auc_equals_a_count_of_pairs(worlds, table_method, rng, kind):
    world = worlds(rng, 30, 41)
    scores = levels(rng, (30, 41), kind)
    got = measure(table_method(scores), world)
    rows = np.flatnonzero(world.truth.any(axis=1))
    assert got.users.tolist() == (rows + 100).tolist()
    for row, value in zip(rows, got.per_user["auc"], strict=True):
        positive = scores[row, world.truth[row]]
        negative = scores[row, ~world.truth[row] & ~world.masked[row]]
        won = (positive[:, None] > negative).sum() + 0.5 * (positive[:, None] == negative).sum()
        assert value == pytest.approx(won / (len(positive) * len(negative)), abs=1e-12)


def test_auc_of_a_user_whose_candidates_are_all_truth_is_left_out(world_of, table_method):
    truth = np.array([[True, True, False], [True, False, False]])
    masked = np.array([[False, False, True], [False, False, False]])
    world = world_of(truth, masked)
    got = measure(table_method(np.array([[1, 2, 3], [3, 2, 1]], dtype=np.float32)), world)
    assert np.isnan(got.per_user["auc"][0])
    assert got.scores["auc"].mean == 1.0 and got.scores["auc"].n == 1
    assert got.scores["recall@5"].n == 2


def test_the_plain_auc_agrees_with_the_kernel_on_whole_lists(worlds, table_method, rng):
    world = worlds(rng, 30, 41)
    scores = levels(rng, (30, 41), "tied")

    class PluginAUC(AUC):
        """The same value by the road of a plugin."""

    both = {"auc": AUC(), "plain": PluginAUC()}
    got = measure(table_method(scores), world, metrics=both, ks=[5, 41])
    np.testing.assert_allclose(got.per_user["plain"], got.per_user["auc"], atol=1e-14)
    with pytest.raises(ColdbenchError, match="the lists end at 5 of"):
        measure(table_method(scores), world, metrics={"plain": PluginAUC()}, ks=[5])


def test_a_plugin_metric_reads_the_same_lists(worlds, table_method, rng):
    class FirstRank(Metric):
        name = "first"

        def per_user(self, ranked, k):
            return ranked.hits[:, 0].astype(float) * k

    world = worlds(rng)
    scores = levels(rng, world.truth.shape, "distinct")
    got = measure(
        table_method(scores),
        world,
        metrics={"first": FirstRank(), "hit_rate": HitRate()},
        ks=[1, 4],
    )
    np.testing.assert_array_equal(got.per_user["first@1"], got.per_user["hit_rate@1"])
    np.testing.assert_array_equal(got.per_user["first@4"], 4 * got.per_user["hit_rate@1"])


def same(left, right):
    assert left.scores == right.scores
    for name, values in left.per_user.items():
        np.testing.assert_array_equal(values, right.per_user[name])
    np.testing.assert_array_equal(left.rankings.items, right.rankings.items)
    np.testing.assert_array_equal(left.rankings.scores, right.rankings.scores)


@pytest.mark.parametrize("d", [1, 17, 64])
def test_threads_change_no_bit(worlds, dot_method, rng, monkeypatch, d):
    world = worlds(rng, 230, 300)
    left = rng.normal(size=(230, d)).astype(np.float32)
    right = rng.normal(size=(300, d)).astype(np.float32)
    monkeypatch.setattr(score_blocks, "MOST_ROWS", 64)
    method = dot_method(left, right)
    base = measure(method, world, depth=30, ks=[10], bootstrap=50)
    for threads in (2, 3):
        same(base, measure(method, world, depth=30, ks=[10], bootstrap=50, threads=threads))


@pytest.mark.parametrize("d", [1, 17, 64])
def test_the_size_of_a_product_changes_no_figure(worlds, dot_method, rng, monkeypatch, d):
    """No setting reaches it; some BLAS round the rows at the edge of a product differently."""
    world = worlds(rng, 230, 300)
    left = rng.normal(size=(230, d)).astype(np.float32)
    right = rng.normal(size=(300, d)).astype(np.float32)
    base = measure(dot_method(left, right), world, depth=30, ks=[10], bootstrap=50)
    for block in (1, 7, 64, 230):
        monkeypatch.setattr(score_blocks, "MOST_ROWS", block)
        monkeypatch.setattr(score_blocks, "FACTOR_CELLS", 600 * block)
        other = measure(dot_method(left, right), world, depth=30, ks=[10], bootstrap=50)
        assert base.scores == other.scores
        np.testing.assert_array_equal(base.rankings.items, other.rankings.items)
        np.testing.assert_allclose(base.rankings.scores, other.rankings.scores, rtol=1e-5)


@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_block_of_a_general_method_changes_no_bit(worlds, table_method, rng, block):
    world = worlds(rng, 130, 200)
    scores = levels(rng, (130, 200), "tied")
    base = measure(table_method(scores), world, depth=30, ks=[10], bootstrap=50)
    same(base, measure(table_method(scores), world, depth=30, ks=[10], bootstrap=50, block=block))


def test_the_fused_product_ranks_as_the_generic_road(worlds, dot_method, rng):
    world = worlds(rng, 100, 200)
    left = rng.integers(-3, 4, (100, 5)).astype(np.float32)
    right = rng.integers(-3, 4, (200, 5)).astype(np.float32)

    class Generic(dot_method):
        def score_block(self, users, items):
            return super().score_block(users, items)

    same(
        measure(dot_method(left, right), world, depth=20, ks=[10]),
        measure(Generic(left, right), world, depth=20, ks=[10]),
    )


def test_order_of_users_and_candidates_changes_nothing(worlds, table_method, rng):
    world = worlds(rng, 50, 80)
    scores = levels(rng, (50, 80), "tied")
    base = measure(table_method(scores), world, depth=15, ks=[10])
    users, items = rng.permutation(50), rng.permutation(80)
    h = world.holdout
    turned = type(h)(
        type(h.query)(h.query.users.take(users), h.query.items.take(items)),
        h.truth[users][:, items], h.masked[users][:, items], h.users[users], h.items[items],
    )  # fmt: skip
    other = evaluate(
        table_method(scores), {TASK: turned}, world.train, settings(ks=[10]), seed=7,
        save_rankings=15, metrics=METRICS,
    )[TASK]  # fmt: skip
    back = np.argsort(other.users)
    np.testing.assert_array_equal(other.rankings.items[back], base.rankings.items)
    np.testing.assert_array_equal(other.per_user["ndcg@10"][back], base.per_user["ndcg@10"])


def test_masked_items_are_never_listed_and_everything_else_is(worlds, table_method, rng):
    world = worlds(rng, 40, 30, mask_share=0.5)
    got = measure(table_method(levels(rng, (40, 30), "tied")), world, depth=30)
    for user, listed in zip(got.users, got.rankings.items, strict=True):
        expected = np.flatnonzero(~world.masked[user - 100]) + 50
        assert sorted(listed[listed >= 0]) == expected.tolist()
    assert np.isnan(got.rankings.scores[got.rankings.items < 0]).all()


def test_users_without_truth_do_not_count(world_of, table_method):
    truth = np.array([[True, False], [False, False], [False, True]])
    world = world_of(truth, np.zeros_like(truth))
    got = measure(table_method(np.array([[2, 1]] * 3, dtype=np.float32)), world, ks=[1, 50])
    assert got.users.tolist() == [100, 102]
    assert got.scores["recall@1"].mean == 0.5 and got.scores["recall@1"].n == 2
    assert got.scores["recall@50"].mean == 1.0
    assert got.scores["precision@50"].mean == pytest.approx(1 / 50)


def test_a_read_only_or_broadcast_answer_is_left_alone(worlds, table_method, rng):
    class Popular(table_method):
        def score_block(self, users, items):
            return np.broadcast_to(self.table[0], (len(users), len(items)))

    world = worlds(rng, 30, 50)
    table = levels(rng, (1, 50), "tied")
    before = table.copy()
    first = measure(Popular(table), world, depth=5)
    same(first, measure(table_method(np.repeat(table, 30, axis=0)), world, depth=5))
    np.testing.assert_array_equal(table, before)


def test_no_candidates_and_no_users_give_no_figures(world_of, table_method):
    empty = np.zeros((3, 4), dtype=bool)
    got = measure(table_method(np.ones((3, 4), dtype=np.float32)), world_of(empty, empty))
    assert got.scores == {} and len(got.users) == 0
    none = np.zeros((3, 0), dtype=bool)
    assert measure(table_method(np.ones((3, 0))), world_of(none, none)).scores == {}


def test_minus_zero_ties_with_zero(world_of, table_method):
    n = 400
    truth = np.tile([True, False], (n, 1))
    world = world_of(truth, np.zeros_like(truth))
    got = measure(table_method(np.tile(np.array([-0.0, 0.0], np.float32), (n, 1))), world, ks=[1])
    assert 0.4 < got.scores["recall@1"].mean < 0.6
    assert got.scores["auc"].mean == 0.5


def test_candidates_are_encoded_once_for_tasks_that_share_them(worlds, table_method, rng):
    class Counting(table_method):
        calls = 0

        def encode_items(self, items):
            Counting.calls += 1
            return items

    world = worlds(rng)
    scores = levels(rng, world.truth.shape, "distinct")
    tasks = {"new_user/warm/k=0": world.holdout, "new_user/warm/k=5": world.holdout}
    seen = []
    results = evaluate(
        Counting(scores), tasks, world.train, settings(), seed=0, metrics=METRICS,
        progress=lambda done, total, what, task: seen.append((done, total, what, task)),
    )  # fmt: skip
    assert Counting.calls == 1 and list(dict.fromkeys(told[3] for told in seen)) == list(tasks)
    users = int((np.diff(world.holdout.truth.indptr) > 0).sum())
    assert seen[0] == (0, 2 * users, "user", "new_user/warm/k=0")
    assert seen[-1] == (2 * users, 2 * users, "user", "new_user/warm/k=5")
    np.testing.assert_array_equal(*(r.per_user["ndcg@10"] for r in results.values()))
