import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.cli import split as command
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol.export.split_files import export
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser
from coldbench.datasets.protocol.split_fingerprint import Section, hash_split

FILES = ["candidates.csv", "manifest.json", "support.csv", "train.csv", "truth.csv"]


def read(path: Path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    split = Grid(item_shots=[0, 2]).split(data, 5)
    out = tmp_path_factory.mktemp("export") / "deep" / "split"
    assert export(split, data, out, {"scenario": "grid"}) == out
    return split, out


def test_columns_and_files(written):
    _, out = written
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert [path.name for path in out.parent.iterdir()] == ["split"]
    heads = {name: (out / name).read_text().splitlines()[0] for name in FILES if ".csv" in name}
    assert heads == {
        "train.csv": "user,item,value,timestamp",
        "support.csv": "part,task,user,item",
        "truth.csv": "part,task,user,item",
        "candidates.csv": "part,task,item",
    }


def test_training_pairs_with_value_and_time(written, data):
    split, out = written
    rows = read(out / "train.csv")
    assert len(rows) == len(split.train.interactions)
    user = {name: at for at, name in enumerate(data.user_ids.tolist())}
    item = {name: at for at, name in enumerate(data.item_ids.tolist())}
    pairs = data.positives
    known = {
        (u, i): (v, t)
        for u, i, v, t in zip(
            *(a.tolist() for a in (pairs.users, pairs.items, pairs.values, pairs.timestamps)),
            strict=True,
        )
    }
    for row in rows:
        value, time = known[user[row["user"]], item[row["item"]]]
        assert (float(row["value"]), int(row["timestamp"])) == (value, time)


def test_the_files_alone_give_the_fingerprint(written, data):
    """Coded from the CSV files with indices of our own making."""
    split, out = written
    names = ("train", "support", "truth", "candidates")
    tables = {name: read(out / f"{name}.csv") for name in names}
    rows = [row for table in tables.values() for row in table]
    users = np.array(sorted({row["user"] for row in rows if "user" in row}, reverse=True))
    items = np.array(sorted({row["item"] for row in rows}, reverse=True))
    user, item = ({name: at for at, name in enumerate(ids.tolist())} for ids in (users, items))

    def section(name, table, part=None, task=None):
        own = [r for r in table if part is None or (r["part"], r["task"]) == (part, task)]
        of_items = np.array([item[r["item"]] for r in own], dtype=int)
        if "candidates" in name:
            return Section(name, None, of_items)
        return Section(name, np.array([user[r["user"]] for r in own], dtype=int), of_items)

    sections = [section("train", tables["train"])]
    evaluated = sorted({(row["part"], row["task"]) for row in tables["truth"]})
    for part, task in sorted(evaluated, key=lambda one: (one[0] != "test", one[1])):
        sections += [
            section(f"{part} {task} {kind}", tables[kind], part, task)
            for kind in ("support", "truth", "candidates")
        ]
    assert hash_split(iter(sections), users, items, {}) == split.fingerprint


def test_the_manifest_counts_what_the_files_hold(written, data):
    split, out = written
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["split_sha256"] == split.fingerprint
    assert manifest["data_sha256"] == data.sha256
    assert (manifest["seed"], manifest["settings"]) == (5, {"scenario": "grid"})
    assert manifest["facts"] == dict(split.facts)
    for name, count in manifest["rows"].items():
        assert len(read(out / name)) == count > 0
    truth, candidates = read(out / "truth.csv"), read(out / "candidates.csv")
    seen = 0
    for part, tasks in manifest["tasks"].items():
        for name, counts in tasks.items():
            own = [row for row in truth if (row["part"], row["task"]) == (part, name)]
            assert len(own) == counts["truth"]
            assert len({row["user"] for row in own}) == counts["users"]
            ranked = [row for row in candidates if (row["part"], row["task"]) == (part, name)]
            assert len(ranked) == counts["candidates"]
            seen += 1
    assert seen == len(split.validation) + len(split.test) == 26


def test_support_has_k_rows_for_each_cold_entity(written):
    _, out = written
    support, truth = read(out / "support.csv"), read(out / "truth.csv")
    for task, k in (("new_user/warm/k=5", 5), ("new_user_new_item/cold/k=1", 1)):
        users = {row["user"] for row in truth if (row["part"], row["task"]) == ("test", task)}
        shown = [r["user"] for r in support if (r["part"], r["task"]) == ("test", task)]
        assert sorted(shown) == sorted(k * list(users))
    items = [r["item"] for r in support if (r["part"], r["task"]) == ("test", "new_item/cold/k=2")]
    assert {items.count(item) for item in items} == {2}
    assert not [row for row in support if row["task"].endswith("k=0")]


def test_unknown_times_and_odd_ids_survive(make, tmp_path):
    from dataclasses import replace

    data = make(times=False)
    odd = data.item_ids.astype("<U20")
    odd[:3] = ['a,"b', "line\nbreak", "é"]
    data = replace(data, item_ids=odd)
    split = NewItem().split(data, 0)
    rows = read(export(split, data, tmp_path / "out") / "train.csv")
    assert {row["timestamp"] for row in rows} == {""}
    candidates = read(tmp_path / "out" / "candidates.csv")
    named = {row["item"] for row in rows + candidates}
    assert set(odd[split.items].tolist()) <= named <= set(odd.tolist())


def test_a_folder_that_is_taken_is_refused(written, data, tmp_path):
    split, out = written
    before = hashlib.sha256((out / "truth.csv").read_bytes()).hexdigest()
    with pytest.raises(ColdbenchError, match="exists and is not an empty folder; choose another"):
        export(split, data, out)
    assert hashlib.sha256((out / "truth.csv").read_bytes()).hexdigest() == before
    (tmp_path / "empty").mkdir()
    export(split, data, tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ColdbenchError, match="exists and is not an empty folder"):
        export(split, data, tmp_path / "file")


def test_nothing_half_written_stays(data, tmp_path, monkeypatch):
    from coldbench.datasets.protocol.export import split_files as module

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(module, "list_candidate_rows", full)
    with pytest.raises(OSError, match="no space left"):
        export(NewUser().split(data, 0), data, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_split_of_its_words(tmp_path, capsys):
    words = ["dataset=planted", "scenario=new_user", "scenario.shots=[0,2]", "seed=3", "--out"]
    assert command.main([*words, str(tmp_path / "out")]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"]["scenario"]["name"] == "new_user"
    assert manifest["settings"]["scenario"]["shots"] == [0, 2]
    assert manifest["settings"]["seed"] == manifest["seed"] == 3
    assert set(manifest["tasks"]["test"]) == {"new_user/warm/k=0", "new_user/warm/k=2"}
    assert manifest["split_sha256"] in capsys.readouterr().out
    again = [word for word in words if word != "--out"]
    assert command.main([f"--out={tmp_path / 'again'}", *again]) == 0
    for name in FILES:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_command_says_what_is_missing(tmp_path, capsys):
    with pytest.raises(ColdbenchError, match="split needs --out DIR"):
        command.main(["dataset=planted", "scenario=warm"])
    with pytest.raises(ColdbenchError, match="--out needs a folder"):
        command.main(["dataset=planted", "scenario=warm", "--out"])
    with pytest.raises(ColdbenchError, match="grid"):
        command.main(["dataset=planted", "scenario=gird", "--out", str(tmp_path / "out")])
    assert command.main(["--help"]) == 0
    assert "usage: coldbench split" in capsys.readouterr().out
    assert command.main([]) == 2
