"""A thousand random users against ir-measures and torchmetrics."""

import ir_measures
import numpy as np
import pytest
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from ir_measures import AP, RR, P, R, Success, nDCG

from .conftest import METRICS

KS = [1, 3, 10, 25, 80]
CANDIDATES = 60
SAME = {"ndcg": nDCG, "recall": R, "precision": P, "hit_rate": Success}


def thousand(rng):
    """Return truth, mask and scores: with ties, without truth, with fewer candidates than k."""
    shape = (1000, CANDIDATES)
    draw = rng.random(shape)
    masked = draw < rng.choice([0.0, 0.3, 0.95], (1000, 1))
    truth = ~masked & (rng.random(shape) < rng.choice([0.0, 0.02, 0.2, 0.9], (1000, 1)))
    levels = rng.choice([1, 2, 5, 1000], (1000, 1))
    scores = np.floor(rng.random(shape) * levels).astype(np.float32)
    return truth, masked, scores


@pytest.fixture(scope="module")
def cases():
    return thousand(np.random.default_rng(11))


@pytest.fixture
def ours(cases, world_of, table_method):
    truth, masked, scores = cases
    world = world_of(truth, masked)
    return evaluate(
        table_method(scores), {"t": world.holdout}, world.train,
        EvaluationSettings(ks=KS, bootstrap=0, slices=False, beyond_accuracy=False),
        seed=5, save_rankings=CANDIDATES, metrics=METRICS,
    )["t"]  # fmt: skip


def as_runs(ours, truth):
    """Return our final order as qrels and a run whose scores are distinct."""
    qrels, run = {}, {}
    for user, items in zip(ours.users, ours.rankings.items, strict=True):
        row = user - 100
        qrels[str(user)] = {str(c + 50): 1 for c in np.flatnonzero(truth[row])}
        run[str(user)] = {str(i): float(-rank) for rank, i in enumerate(items[items >= 0])}
    return qrels, run


def test_the_cases_cover_what_is_difficult(cases, ours):
    truth, masked, scores = cases
    assert (truth.sum(axis=1) == 0).sum() > 100
    assert len(ours.users) == (truth.sum(axis=1) > 0).sum() > 500
    assert ((~masked).sum(axis=1) < 10).sum() > 100
    ties = [len(np.unique(s[~m])) < (~m).sum() for s, m in zip(scores, masked, strict=True)]
    assert np.mean(ties) > 0.6


def test_ir_measures_agrees_to_1e_9(cases, ours):
    qrels, run = as_runs(ours, cases[0])
    wanted = {metric @ k: f"{name}@{k}" for name, metric in SAME.items() for k in KS}
    wanted |= {RR @ k: f"mrr@{k}" for k in KS}
    seen = 0
    place = {str(user): i for i, user in enumerate(ours.users)}
    for one in ir_measures.iter_calc(list(wanted), qrels, run):
        value = ours.per_user[wanted[one.measure]][place[one.query_id]]
        assert value == pytest.approx(one.value, abs=1e-9), (one, wanted[one.measure])
        seen += 1
    assert seen == len(wanted) * len(ours.users)


def test_average_precision_differs_by_the_stated_denominator(cases, ours):
    truth = cases[0]
    qrels, run = as_runs(ours, truth)
    place = {str(user): i for i, user in enumerate(ours.users)}
    differ = 0
    for k in KS:
        for one in ir_measures.iter_calc([AP @ k], qrels, run):
            relevant = truth[int(one.query_id) - 100].sum()
            value = ours.per_user[f"map@{k}"][place[one.query_id]]
            assert value == pytest.approx(one.value * relevant / min(k, relevant), abs=1e-9)
            differ += abs(value - one.value) > 1e-9
    assert differ > 100


def test_torchmetrics_agrees_on_auc_and_ndcg(cases, ours):
    import torch
    from torchmetrics.functional.classification import binary_auroc
    from torchmetrics.functional.retrieval import retrieval_normalized_dcg

    truth, masked, scores = cases
    for i, user in list(enumerate(ours.users))[::7]:
        row = user - 100
        free = ~masked[row]
        relevant = torch.from_numpy(truth[row][free].astype(np.int64))
        if relevant.all():
            assert np.isnan(ours.per_user["auc"][i])
            continue
        predicted = torch.from_numpy(scores[row][free] / 1000)
        # float32 inside torchmetrics
        assert ours.per_user["auc"][i] == pytest.approx(
            float(binary_auroc(predicted, relevant)), abs=1e-6
        )
        order = np.argsort(np.flatnonzero(free) + 50)
        listed = ours.rankings.items[i][ours.rankings.items[i] >= 0]
        ranks = torch.from_numpy(-np.argsort(listed)[order].astype(np.float64))
        gain = float(retrieval_normalized_dcg(ranks, relevant, top_k=10))
        assert ours.per_user["ndcg@10"][i] == pytest.approx(gain, abs=1e-6)
