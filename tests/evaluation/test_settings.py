"""The settings as part of a configuration, and the metrics found by entry point."""

import subprocess
import sys

import pytest
from coldbench.benchmarks.evaluation import plugin_metrics
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings
from coldbench.benchmarks.evaluation.metrics import AUC, BUILT_IN, Recall
from coldbench.benchmarks.evaluation.plugin_metrics import find_metrics
from coldbench.datasets.errors import ColdbenchError
from omegaconf import OmegaConf


def test_settings_pass_through_a_configuration():
    config = OmegaConf.structured(EvaluationSettings)
    changed = OmegaConf.merge(config, {"ks": [1, 2], "metrics": ["ndcg"], "block": 8})
    assert OmegaConf.to_object(changed) == EvaluationSettings(ks=[1, 2], metrics=["ndcg"], block=8)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ks": []}, r"evaluation.ks = \[\]"),
        ({"ks": [0, 5]}, r"evaluation.ks\[0\] = 0 must be at least 1"),
        ({"bootstrap": -1}, "evaluation.bootstrap = -1"),
        ({"block": 0}, "evaluation.block = 0"),
    ],
)
def test_settings_out_of_bounds_are_refused(given, told):
    with pytest.raises(ColdbenchError, match=told):
        EvaluationSettings(**given).check()


def test_every_built_in_metric_is_registered_under_its_name():
    found = find_metrics()
    for one in (*BUILT_IN, AUC):
        assert type(found[one.name]) is one
    assert list(find_metrics(["ndcg", "auc"])) == ["ndcg", "auc"]


def test_a_typo_is_answered_with_the_nearest_name():
    with pytest.raises(ColdbenchError, match="no metric 'ndgc'; did you mean ndcg"):
        find_metrics(["ndgc"])


def test_a_broken_plugin_is_left_out_and_said(monkeypatch):
    class Point:
        def __init__(self, name, target):
            self.name, self.target = name, target

        def load(self):
            if self.target is None:
                raise ImportError("no module named surprise")
            return self.target

    points = [Point("recall", Recall), Point("serendipity", None)]
    monkeypatch.setattr(plugin_metrics, "entry_points", lambda group: points)
    with pytest.warns(UserWarning, match="'serendipity' is not offered: no module named surprise"):
        assert list(find_metrics()) == ["recall"]
    with pytest.raises(ColdbenchError, match="serendipity"):
        find_metrics(["serendipity"])


def test_importing_the_evaluation_loads_nothing_heavy():
    code = (
        "import sys, coldbench.benchmarks.evaluation.evaluate, "
        "coldbench.benchmarks.evaluation.rating, coldbench.benchmarks.evaluation.comparison; "
        "heavy = {'numba', 'torch', 'scipy.stats', 'pandas', 'polars'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
