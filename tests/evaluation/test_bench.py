"""The speed measures run, agree with implicit on what they share, and keep what they found."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.bench import command as bench
from coldbench.benchmarks.bench.bpr import fit_library, fit_method, measure_bpr
from coldbench.benchmarks.bench.command import _arguments, _measures
from coldbench.benchmarks.bench.encoding import (
    list_missing_packages,
    make_abstracts,
    measure_encoding,
    read_titles,
)
from coldbench.benchmarks.bench.evaluation import Shape, _implicit, make_task, measure_evaluation
from coldbench.benchmarks.bench.fine_tuning import list_missing_for_tuning, measure_fine_tuning
from coldbench.benchmarks.bench.page import PROGRAM, find_command, list_lines
from coldbench.benchmarks.bench.rounds import compute_medians, measure_in_turn, use_empty_cache
from coldbench.benchmarks.bench.startup import WAYS, measure_startup, start
from coldbench.benchmarks.bench.sweep import measure_sweep
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.plugins.registry import find
from coldbench.datasets.arithmetic import has_bf16
from coldbench.datasets.errors import ColdbenchError

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


def finite_ratios(found, base):
    """Return the ratios to a base, each checked to be a positive number."""
    ratios = {name: value for name, value in found.items() if name.endswith(f"_over_{base}")}
    assert ratios and all(math.isfinite(ratio) and ratio > 0 for ratio in ratios.values())
    return set(ratios)


def test_a_ratio_is_the_median_of_the_turns_ratios():
    turns = {"base": np.array([1.0, 4.0, 1.0]), "other": np.array([2.0, 4.0, 3.0])}
    found = compute_medians(turns, "base")
    assert found == {"base": 1.0, "other": 3.0, "other_over_base": 2.0}


def test_every_way_is_called_in_every_turn():
    called = []
    ways = {"a": lambda: called.append("a"), "b": lambda: called.append("b")}
    seconds = measure_in_turn(ways, 3)
    assert called == ["a", "b", "b", "a", "a", "b"]
    assert {name: len(column) for name, column in seconds.items()} == {"a": 3, "b": 3}


def test_bpr_through_the_method_is_the_librarys_training():
    train = find("scenarios", "warm")().split(find("datasets", "planted")().load(), 0).train
    ours = fit_method(train, 3)
    theirs = fit_library(train, 3, train.interactions.csr.copy())
    assert np.array_equal(ours.user_factors_, theirs.user_factors)
    assert np.array_equal(ours.item_factors_[:, :-1], theirs.item_factors[:, :-1])
    found = measure_bpr("planted", iterations=2, repeats=2)
    assert finite_ratios(found, "library") == {"method_over_library"}
    assert found["method_per_second"] * found["method"] == pytest.approx(
        2 * train.interactions.csr.nnz
    )


@pytest.mark.skipif(bool(list_missing_packages()), reason="the extra minilm is not installed")
def test_our_vectors_are_those_of_sentence_transformers():
    found = measure_encoding(read_titles(6) + make_abstracts(3), repeats=1)
    assert {"fp32_over_theirs", "stored_over_theirs"} <= finite_ratios(found, "theirs")
    assert found["fp32_cosine_least"] > 0.99999
    assert ("no_bf16" in found) != ("bf16" in found)
    assert found.get("bf16_cosine_least", 1) > 0.999


def test_the_long_texts_are_joined_titles_of_changing_number():
    made, short = make_abstracts(4), read_titles(14)
    assert made[0] == " ".join(short[:4]) and made[1] == " ".join(short[4:14])
    assert make_abstracts(4) == made and len(set(made)) == 4


def test_the_caches_are_empty_and_come_back(monkeypatch):
    monkeypatch.setenv("COLDBENCH_DATA", "somewhere")
    with use_empty_cache() as home:
        assert os.environ["COLDBENCH_DATA"] == home and not list(Path(home).iterdir())
    assert os.environ["COLDBENCH_DATA"] == "somewhere" and not Path(home).exists()


@pytest.mark.parametrize(
    ("told", "has"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16", True),
        ("Features\t: fp asimd bf16", True),
        ("flags\t\t: fpu avx2 avx512f", False),
        ("flags of another kind : amx_bf16", False),
    ],
)
def test_bf16_is_read_from_the_processors_flags(told, has, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_text", lambda path: f"processor\t: 0\n{told}\n")
    monkeypatch.setattr("pathlib.Path.exists", lambda path: True)
    assert has_bf16() is has


def test_fine_tuning_is_measured_against_the_plain_loop(monkeypatch):
    if list_missing_for_tuning():
        pytest.skip("the encoder's package or peft is not installed")
    from torch.optim.optimizer import register_optimizer_step_post_hook

    taken = []  # a clock that ticks with every step, so that a busy machine cannot move it
    monkeypatch.setattr("time.perf_counter", lambda: float(len(taken)))
    hook = register_optimizer_step_post_hook(lambda *_: taken.append(1))
    try:
        found = measure_fine_tuning(texts=24, steps=2, batch=4, repeats=1)
    finally:
        hook.remove()
    kinds = {"tuned_fp32"} | ({"tuned_bf16"} if has_bf16() else set())
    assert found == {
        "plain": 2,
        **dict.fromkeys(kinds, 2),  # the fit less the one without an epoch: its steps alone
        **{f"{kind}_over_plain": 1 for kind in kinds},
    }


def test_starting_up_is_measured_against_an_empty_python_and_torch(monkeypatch):
    for name in ("import_torch", "list"):  # light stand-ins
        monkeypatch.setitem(WAYS, name, ("-c", "import json"))
    found = measure_startup(repeats=1)
    assert finite_ratios(found, "python") == {f"{n}_over_python" for n in list(WAYS)[1:]}
    assert finite_ratios(found, "torch") == {"help_over_torch", "list_over_torch"}


def test_a_process_that_fails_says_why():
    with pytest.raises(ColdbenchError, match=r"ended with 3: no such thing"):
        start(["-c", "import sys; sys.stderr.write('no such thing'); sys.exit(3)"])


PLANTED = ("dataset=planted", "scenario=warm", "evaluation.bootstrap=0")


@pytest.mark.slow
def test_a_sweep_is_measured_against_fitting_and_scoring():
    found = measure_sweep(("random", "popularity"), (0, 1), PLANTED, repeats=1)
    assert len(finite_ratios(found, "fit_and_score")) == 3 and found["runs"] == 4
    assert found["fit_and_score"] < found["jobs"] < found["without_start"] < found["command"]


def test_a_sweep_with_a_run_that_fails_is_not_measured():
    wrong = (*PLANTED, "method.model_path=nowhere")
    with pytest.raises(ColdbenchError, match=r"ended with 1: .*'nowhere' is not a folder"):
        measure_sweep(("text_knn",), (0,), wrong, repeats=1)


def test_the_page_has_a_line_and_a_command_for_every_way():
    found = {
        "encoding titles": {
            "theirs": 4.0, "fp32": 2.0, "fp32_over_theirs": 0.51, "fp32_per_second": 100.0,
            "fp32_cosine": 0.99999, "fp32_cosine_least": 0.9998, "no_bf16": 1.0,
        },
        "sweep": {"fit_and_score": 10.0, "command": 14.0, "command_over_fit_and_score": 1.4,
                  "runs": 20.0},
    }  # fmt: skip
    lines = {(line.what, line.measure): line for line in list_lines(found)}
    fp32 = lines["encoding titles", "ours at its defaults, fp32"]
    assert (fp32.seconds, fp32.ratio) == ("2", "0.51")
    assert fp32.note == "100 texts/s, cosine 0.99999, at least 0.99980"
    assert fp32.command == "python -m coldbench.benchmarks.bench --only encoding"
    absent = lines["encoding titles", "ours, precision=bf16"]
    assert absent.ratio == "" and absent.note.startswith("not measured: no bf16")
    command = lines["sweep", "coldbench run -m, the whole command"]
    assert (command.ratio, command.allowed) == ("1.40", "1.50")
    assert find_command("evaluation XL (1 x 1)").endswith("--only evaluation --full")


def test_every_measure_is_offered_under_the_word_of_its_command():
    offered = _measures(_arguments(["--full", "--ml-1m", "."]))
    words = {name.split()[0] for name in offered}
    assert {"evaluation", "loading", "training", "bpr", "startup", "sweep"} <= words
    for name in offered:
        argv = find_command(name).removeprefix(f"{PROGRAM} ").split()
        assert name in _measures(_arguments([*argv, "--ml-1m", "."]))
