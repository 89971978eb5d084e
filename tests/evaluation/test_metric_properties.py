"""Properties that hold for every list, and the values of a list worked out by hand."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.metrics import (
    BUILT_IN,
    MAP,
    MRR,
    NDCG,
    Metric,
    Precision,
    Ranked,
    Recall,
)
from hypothesis import given
from hypothesis import strategies as st


def ranked_of(rows, missed):
    """Return lists with these hits; ``missed`` truth items of each are not listed."""
    width = max(len(row) for row in rows)
    hits = np.array([row + [False] * (width - len(row)) for row in rows])
    lengths = np.array([len(row) for row in rows])
    positions = np.where(np.arange(width) < lengths[:, None], np.arange(width), -1)
    truth = np.maximum(hits.sum(axis=1) + missed, 1)
    return Ranked(positions.astype(np.int32), hits, truth, lengths)


lists = st.lists(st.lists(st.booleans(), min_size=1, max_size=30), min_size=1, max_size=5)


@given(lists, st.integers(0, 20), st.integers(1, 40))
def test_every_metric_lies_between_0_and_1(rows, missed, k):
    for metric in BUILT_IN:
        values = metric().per_user(ranked_of(rows, missed), k)
        assert values.shape == (len(rows),) and values.dtype == np.float64
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()


@given(st.integers(1, 30), st.integers(1, 40))
def test_a_list_that_starts_with_all_truth_is_perfect(truth, k):
    ranked = ranked_of([[True] * truth + [False] * 15], 0)
    for metric in (NDCG, MRR, MAP):
        assert metric().per_user(ranked, k)[0] == pytest.approx(1.0, abs=1e-12)
    assert Recall().per_user(ranked, k)[0] == min(k, truth) / truth
    assert Precision().per_user(ranked, k)[0] == min(k, truth) / k


@given(st.lists(st.booleans(), min_size=2, max_size=30), st.integers(1, 30), st.data())
def test_moving_a_hit_up_never_lowers_a_metric(row, k, data):
    at = data.draw(st.integers(1, len(row) - 1))
    better = list(row)
    if row[at] and not row[at - 1]:
        better[at - 1], better[at] = True, False
    for metric in BUILT_IN:
        before, after = (metric().per_user(ranked_of([r], 2), k)[0] for r in (row, better))
        assert after >= before - 1e-12


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 30))
def test_recall_hits_and_reciprocal_rank_grow_with_k(row, k):
    ranked = ranked_of([row], 1)
    for metric in BUILT_IN:
        if metric.name in ("recall", "hit_rate", "mrr"):
            assert metric().per_user(ranked, k + 1)[0] >= metric().per_user(ranked, k)[0]


def test_a_list_worked_out_by_hand():
    ranked = ranked_of([[False, True, False, True, True]], 1)
    found = {metric.name: metric().per_user(ranked, 4)[0] for metric in BUILT_IN}
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4) + 1 / np.log2(5)
    assert found == pytest.approx(
        {
            "recall": 2 / 4,
            "precision": 2 / 4,
            "hit_rate": 1.0,
            "ndcg": (1 / np.log2(3) + 1 / np.log2(5)) / ideal,
            "mrr": 1 / 2,
            "map": (1 / 2 + 2 / 4) / 4,
        }
    )


def test_a_metric_without_a_definition_says_so():
    class Nothing(Metric):
        name = "nothing"

    with pytest.raises(TypeError, match="Nothing does not define per_user"):
        Nothing().per_user(ranked_of([[True]], 0), 1)
