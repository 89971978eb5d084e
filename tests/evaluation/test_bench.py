"""The speed measures run, agree with implicit on what they share, and keep what they found."""

import json

import numpy as np
import pytest
from coldbench.benchmarks.bench import main as bench
from coldbench.benchmarks.bench.evaluation import Shape, _implicit, make_task, measure_evaluation
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate

TINY = Shape("tiny", 150, 260, 8, 12, 4)


def test_a_made_task_has_the_asked_shape_and_disjoint_pairs():
    task = make_task(TINY)
    held = task.holdout
    assert held.truth.shape == held.masked.shape == (150, 260)
    assert held.truth.multiply(held.masked).nnz == 0
    assert (np.diff(held.truth.indptr) > 0).all()
    assert held.masked.nnz / 150 == pytest.approx(12, rel=0.4)
    assert held.truth.nnz / 150 == pytest.approx(4, rel=0.5)


def test_every_alternative_is_measured_against_the_product():
    found = measure_evaluation(TINY, repeats=1, implicit_users=50)
    for name in ("ranking", "ranking_auc", "evaluation", "implicit"):
        ratio = found[name] / found["product"]
        assert found[name] > 0 and found[f"{name}_over_product"] == pytest.approx(ratio)
    assert found["ranking_mib"] >= 0


def test_implicit_ranks_the_same_lists():
    task = make_task(TINY)
    theirs = _implicit(task, 150)()
    settings = EvaluationSettings(ks=[100], bootstrap=0, slices=False, beyond_accuracy=False)
    ours = evaluate(task.method, {"t": task.holdout}, task.train, settings, seed=0)["t"].scores
    # implicit caps its denominators like ours for NDCG and MAP; its precision is a pooled recall.
    assert theirs["ndcg"] == pytest.approx(ours["ndcg@100"].mean, abs=1e-6)
    assert theirs["map"] == pytest.approx(ours["map@100"].mean, abs=1e-6)


def test_the_table_and_the_figures_are_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "S1", TINY)
    monkeypatch.setattr(bench, "measure_evaluation", lambda shape: measure_evaluation(shape, 1))
    assert bench.main(["--only", "evaluation", "--out", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "bench.json").read_text())
    (measured,) = kept["measures"].values()
    assert measured["product"] > 0 and kept["machine"]["cores"] >= 1
    page = (tmp_path / "README.md").read_text()
    assert "matrix product alone" in page and f"{measured['implicit_over_product']:.2f}" in page
    assert "implicit" in capsys.readouterr().out
