"""Another suite's methods on our splits: what it is given, and how its embeddings are measured."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.bench.rivals import arms
from coldbench.benchmarks.bench.rivals.arms import ARMS, make_arm
from coldbench.benchmarks.bench.rivals.coldrec import Checkout
from coldbench.benchmarks.bench.rivals.coldrec_files import NAME, TASKS, write_files
from coldbench.benchmarks.bench.rivals.command import (
    Line,
    _find_commit,
    main,
    read_lines,
    write_lines,
)
from coldbench.benchmarks.evaluation.validation import ndcg_per_user
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.protocol.split_pairs import list_truth_pairs
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Query, Split
from coldbench.methods.hybrid.heater.method import Heater

STAND_IN = """
import sys, numpy as np, torch
name, method = sys.argv[2], sys.argv[4]
train = np.loadtxt(f"data/{name}/cold_item/warm_train.csv", delimiter=",", skiprows=1, dtype=int)
content = np.load(f"data/{name}/{name}_item_content.npy")
users = np.zeros((train[:, 0].max() + 1, content.shape[1]), dtype=np.float32)
np.add.at(users, train[:, 0], content[train[:, 1]])
for side, found in (("user", users), ("item", content)):
    torch.save(torch.tensor(found), f"emb/{name}_cold_item_{method}_{side}_emb.pt")
"""
"""A ColdRec whose every method is the sum of the history's features."""


@pytest.fixture(scope="module")
def split() -> Split:
    made: Split = Grid().split(Planted().load(), 0)
    return made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "main.py").write_text(STAND_IN)
    return folder


def _read(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=int, ndmin=2)


def test_no_test_pair_is_in_the_files(split: Split, tmp_path: Path) -> None:
    numbering = write_files(split, tmp_path)
    files = sorted((tmp_path / "data" / NAME / "cold_item").glob("*.csv"))
    assert len(files) == 7
    shown = np.concatenate([_read(one) for one in files if "test" not in one.name])
    given = set(
        map(tuple, np.stack([numbering.users[shown[:, 0]], numbering.items[shown[:, 1]]], 1))
    )
    for name in TASKS:
        truth = np.stack(list_truth_pairs(split.test[name]), axis=1)
        assert not given & set(map(tuple, truth))
    for one in files:
        if "test" in one.name:
            assert set(_read(one)[:, 0]) == {0}, "one user's rows: nobody's truth"


def test_entities_are_numbered_in_the_order_in_which_they_are_met(
    split: Split, tmp_path: Path
) -> None:
    numbering = write_files(split, tmp_path)
    home = tmp_path / "data" / NAME / "cold_item"
    names = ("warm_train", "warm_val", "cold_item_val", "cold_item_test")
    met = np.concatenate([_read(home / f"{name}.csv") for name in names])
    for column, side in ((0, numbering.users), (1, numbering.items)):
        _, first = np.unique(met[:, column], return_index=True)
        assert (np.diff(first) > 0).all()
        assert len(first) == len(side)
    candidates = np.concatenate([split.test[name].items for name in TASKS])
    assert np.isin(candidates, numbering.items).all()


def test_its_embeddings_are_measured_as_a_method_of_ours(
    split: Split, source: Path, tmp_path: Path
) -> None:
    found = Checkout(source, tmp_path / "copy", split).measure("CLCRec", 0)
    profiles = split.train.users.history @ split.train.items.features

    def score(query: Query) -> np.ndarray:
        users = profiles[query.users.known].toarray()
        return (users @ query.items.features.toarray().T).astype(np.float32)

    for name in TASKS:
        expected = ndcg_per_user(score, split.test[name], 0).mean()
        assert found.scores[name] == pytest.approx(expected, abs=1e-6)


def test_a_folder_without_the_program_is_refused(split: Split, tmp_path: Path) -> None:
    with pytest.raises(ColdbenchError, match=r"no checkout of ColdRec.*--checkout"):
        Checkout(tmp_path, tmp_path / "copy", split)


def test_what_it_says_last_is_in_the_error(split: Split, source: Path, tmp_path: Path) -> None:
    (source / "main.py").write_text("raise SystemExit('no such model')")
    with pytest.raises(ColdbenchError, match=r"MF ended with 1.*no such model"):
        Checkout(source, tmp_path / "copy", split).measure("Heater", 0)


def test_the_command_adds_what_is_missing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    words = ["--checkout", str(source), "--dataset", "planted", "--out", str(out)]
    main([*words, "--seeds", "0", "--methods", "CLCRec"])
    first = read_lines(out)
    (source / "main.py").write_text("raise SystemExit('must not be run again')")
    main([*words, "--seeds", "0", "--methods", "CLCRec"])
    assert read_lines(out) == first
    assert [(one.method, one.task) for one in first] == [("CLCRec", name) for name in TASKS]


def test_only_the_commit_of_the_checkout_itself_is_kept(tmp_path: Path) -> None:
    """A folder inside another repository has no commit of its own."""
    inside = tmp_path / "copy"
    inside.mkdir()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    assert len(_find_commit(tmp_path)) == 40
    assert _find_commit(inside) == ""


def test_a_damaged_table_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_lines(path, [Line("d", 0, "f", "Heater", "", TASKS[0], 0.1, 1.0, "c")])
    assert len(read_lines(path)) == 1
    path.write_text(path.read_text().replace("0.1", "a tenth"))
    with pytest.raises(ColdbenchError, match="line 2"):
        read_lines(path)


def test_our_arms_are_heater_with_other_factors_and_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One short fit of each: what is written, and that BPR's factors are the ones learned from."""
    small = {name: (lambda make=make: shorten(make())) for name, make in ARMS.items()}
    monkeypatch.setattr(arms, "ARMS", small)
    out = tmp_path / "arms.csv"
    words = ["--dataset", "planted", "--seeds", "0", "--out", str(out)]
    assert arms.main(words) == 0 and arms.main(words) == 0
    lines = read_lines(out)
    assert [(one.settings, one.task) for one in lines] == [
        (arm, task) for arm in sorted(ARMS) for task in TASKS
    ]
    assert all(0 < one.ndcg10 < 1 for one in lines)
    train = Grid().split(Planted().load(), 0).train
    own, across = make_arm([200], bpr=True).pretrain(train)
    other, _ = Heater().pretrain(train)
    assert own.shape == (len(train.users), 64) and across.shape == (len(train.items), 64)
    assert not np.allclose(own, other)


def shorten(method: Heater) -> Heater:
    method.max_steps = method.min_steps = method.patience_steps = 20
    return method
