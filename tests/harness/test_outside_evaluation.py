"""Another library, given only the exported split and the saved rankings, gets our values."""

from pathlib import Path

import ir_measures
import polars as pl
import pytest
from coldbench.benchmarks.cli.main import main
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.records.per_user_tables import rankings_path
from coldbench.benchmarks.runs.execute import execute

MEASURES = {
    "ndcg": ir_measures.nDCG, "recall": ir_measures.R, "precision": ir_measures.P,
    "mrr": ir_measures.RR, "hit_rate": ir_measures.Success,
}  # fmt: skip
KS = (5, 10, 20, 50)


@pytest.mark.parametrize("method", ["content_knn", "popularity"])
def test_the_record_is_what_ir_measures_makes_of_export_and_rankings(
    method: str, tmp_path: Path
) -> None:
    words = ["dataset=planted", "dataset.n_users=150", "dataset.n_items=120", "seed=3"]
    results = f"results={tmp_path}/results"
    run = execute(compose_run([f"method={method}", *words, "save_rankings=true", results]))
    assert main(["split", *words, "scenario=grid", "--out", str(tmp_path / "split")]) == 0
    truth = pl.read_csv(tmp_path / "split" / "truth.csv", infer_schema=False)
    ranked = pl.read_parquet(rankings_path(run.path))
    assert set(run.record.scores) == set(truth.filter(part="test")["task"])
    for task, scores in run.record.scores.items():
        held = truth.filter(part="test", task=task).select("user", "item").rows()
        qrels = [ir_measures.Qrel(user, item, 1) for user, item in held]
        listed = ranked.filter(pl.col("task") == task).select("user", "item", "rank").rows()
        run_ = [ir_measures.ScoredDoc(str(u), str(i), -float(rank)) for u, i, rank in listed]
        asked = {measure(cutoff=k): f"{name}@{k}" for name, measure in MEASURES.items() for k in KS}
        outside = ir_measures.calc_aggregate(list(asked), qrels, run_)
        for measure, name in asked.items():
            assert outside[measure] == pytest.approx(scores[name].mean, abs=1e-6), (task, name)
