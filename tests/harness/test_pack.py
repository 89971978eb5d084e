"""Packed tables of a board: nothing is lost, whoever is killed and whatever is broken."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.records import pack as packing
from coldbench.benchmarks.records.board_tables import packed_digests, read_packed, write_packed
from coldbench.benchmarks.records.details import KEPT, SLICE_PLACES, round_detail, tabulate
from coldbench.benchmarks.records.pack import pack
from coldbench.benchmarks.records.packed_form import decode, encode, find_stored_name
from coldbench.benchmarks.records.partial_records import make_cut
from coldbench.benchmarks.records.record import read, read_all, record_path, with_identity, write
from coldbench.benchmarks.records.stored_values import read_item_values, read_user_values
from coldbench.benchmarks.records.table_kinds import DETAILS, HITS, ITEMS, KINDS, RUN, TableKind
from coldbench.benchmarks.records.verify_records import verify
from coldbench.benchmarks.runs.execute import Run, execute
from coldbench.datasets.errors import ColdbenchError
from hypothesis import given, settings
from hypothesis import strategies as st

from .test_leaderboard import a_record  # type: ignore[import-not-found]

Tiny = Callable[..., RunConfig]
HOME = Path("results")
DEEP = ("evaluation.ks=[5,10,20]", "scenario=grid", "evaluation.slices=true")


@pytest.fixture
def runs(tiny: Tiny) -> list[Run]:
    """Two methods, both seeds, with details, hits and items."""
    return [
        execute(tiny(name, f"seed={seed}", *DEEP))
        for name in ("popularity", "by_index")
        for seed in (0, 1)
    ]


def own_files() -> list[Path]:
    return sorted(path for kind in KINDS for path in HOME.glob(f"*/*/*/*.{kind.name}.parquet"))


def everything(runs: list[Run]) -> list[Any]:
    """Whatever can be read of the runs."""
    paths = [one.path for one in runs]
    records = [one.model_dump() for one in read_all(HOME)]  # type: ignore[union-attr]
    values = [
        {path.stem: [list(part) for part in one] for path, one in found.items()}
        for task in runs[0].record.scores
        for found in (
            read_user_values(paths, task, "ndcg@10"),
            read_user_values(paths, task, "recall@20"),
            read_item_values(paths, task, "ndcg@10"),
        )
    ]
    return [records, values]


def test_what_is_packed_reads_as_before(
    runs: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(runs)
    assert len(own_files()) == 12 and any(before[1])
    assert cli.main(["results", "pack"]) == 0
    assert "1 boards; 12 tables packed; " in capsys.readouterr().out
    assert own_files() == []
    for table in HOME.glob("*/*/*/*.users.parquet"):
        table.unlink()
    assert everything(runs) == before
    assert [read(one.path) for one in runs] == [one.record for one in runs]
    assert cli.main(["results", "verify"]) == 0
    assert "4 records (4 ok); 0 tables; 12 packed; no problems" in capsys.readouterr().out
    (folder,) = {one.path.parent.parent for one in runs}
    states = {path: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}
    assert len(states) == 3
    assert cli.main(["results", "pack"]) == 0, "a second time nothing changes"
    assert {path: path.stat().st_mtime_ns for path in states} == states


def test_a_record_alone_is_light_and_commands_read_the_rest(
    runs: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    content = json.loads(runs[0].path.read_text())
    assert "slices" not in content
    assert {name for task in content["scores"].values() for name in task} <= set(KEPT)
    for _ in range(2):
        assert cli.main(["leaderboard", "--metric", "coverage@10", "--format", "csv"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) > 5 and "coverage@10" in lines[1]
        pack(HOME)
    assert cli.main(["leaderboard", "--metric", "covrage@10"]) == 2
    assert "did you mean coverage@10" in capsys.readouterr().err


def test_runs_of_one_split_stand_together_in_a_packed_table(runs: list[Run]) -> None:
    """Then a user's row is the same in all of them, which takes next to no place."""
    pack(HOME)
    seeds = {one.path.stem: one.record.config["seed"] for one in runs}
    for kind, entity in ((HITS, "user"), (ITEMS, "item")):
        for rows in read_packed(kind, kind.packed_path(runs[0].path)).partition_by("task"):
            splits = [seeds[run] for run in rows["run_id"]]
            changes = sum(a != b for a, b in pairwise(splits))
            assert changes == len(set(splits)) - 1
            pairs = rows[entity].to_list()
            assert pairs[::2] == pairs[1::2]


def test_a_run_with_a_broken_table_is_made_again(runs: list[Run], tiny: Tiny) -> None:
    own = DETAILS.own_path(runs[0].path)
    own.write_bytes(b"broken")
    again = execute(tiny("popularity", "seed=0", *DEEP))
    assert not again.skipped and again.record.scores == runs[0].record.scores
    assert read(runs[0].path).scores == runs[0].record.scores


def test_a_board_of_kept_values_reads_no_table(runs: list[Run]) -> None:
    for path in own_files():
        path.write_bytes(b"broken")
    assert all(not isinstance(one, ColdbenchError) for one in read_all(HOME, make_cut(["auc"])))
    assert all(isinstance(one, ColdbenchError) for one in read_all(HOME, make_cut(["map@5"])))


def test_a_run_made_again_counts_before_its_packed_rows(runs: list[Run], tiny: Tiny) -> None:
    pack(HOME)
    again = execute(tiny("by_index", "seed=1", *DEEP, "force=true"))
    (first,) = [one for one in runs if one.path == again.path]
    assert read(again.path).scores == first.record.scores
    assert len(own_files()) == 3
    done = pack(HOME)
    assert (done.merged, done.left_out, done.problems) == (3, 0, [])
    assert verify(HOME).problems == [] and own_files() == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_table_of_an_earlier_form_is_read_and_packed_once_more(
    runs: list[Run], kind: TableKind
) -> None:
    """Then values that vary stood as whole numbers, and predicted ones as they are."""
    pack(HOME)
    packed = kind.packed_path(runs[0].path)
    rows, digests = read_packed(kind, packed), packed_digests(packed)
    now, before, size = pl.read_parquet_schema(packed), everything(runs), packed.stat().st_size
    assert all(rows[one].dtype == pl.Int64 for one in (*kind.varied, *kind.predicted))
    assert all(f"{one}_rest" in now and one not in now for one in kind.predicted)
    assert all(isinstance(now[find_stored_name(kind, one)], pl.Decimal) for one in kind.varied)
    write_packed(replace(kind, varied=(), predicted={}), packed, rows, digests)
    earlier = pl.read_parquet_schema(packed)
    assert all(earlier[one] == pl.Int64 for one in (*kind.varied, *kind.predicted))
    assert kind is not DETAILS or packed.stat().st_size > 1.1 * size
    assert read_packed(kind, packed).equals(rows) and everything(runs) == before
    assert verify(HOME).problems == []
    assert pack(HOME).merged == 0
    assert pl.read_parquet_schema(packed) == now and everything(runs) == before
    assert packed_digests(packed) == digests and verify(HOME).problems == []


@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.integers(-(10**9), 10**9))] * 3, st.integers(0, 1023)),
        min_size=1,
    )
)
def test_any_values_come_back_from_the_packed_form(
    values: list[tuple[int | None, int | None, int | None, int]],
) -> None:
    for kind in KINDS:
        columns = {
            name: [row[3] if name == "top10" else row[place % 3] for row in values]
            for place, name in enumerate(kind.values)
        }
        types: dict[str, Any] = dict.fromkeys(kind.values, pl.Int64)
        names = {name: [str(n) for n in range(len(values))] for name in (RUN, *kind.keys)}
        types = dict.fromkeys(names, pl.String) | types
        rows = pl.DataFrame(names | columns, schema=types)
        assert decode(kind, encode(kind, rows).lazy()).collect().equals(rows)


def test_rows_of_a_record_that_is_gone_are_left_out(runs: list[Run]) -> None:
    pack(HOME)
    runs[0].path.unlink()
    assert pack(HOME).left_out == 3
    for kind in KINDS:
        packed = read_packed(kind, kind.packed_path(runs[1].path))
        assert set(packed["run_id"]) == {one.path.stem for one in runs[1:]}


def pack_until(place: Any, name: str, survived: int) -> bool:
    """Pack with a function that ends the process after some calls; say whether that happened."""
    real, calls = getattr(place, name), iter(range(99))

    def some(*given: Any, **more: Any) -> Any:
        if next(calls) < survived:
            return real(*given, **more)
        raise SystemExit

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(place, name, some)
        try:
            pack(HOME)
        except SystemExit:
            return True
    return False


@pytest.mark.parametrize("step", ["write_packed", "_sync", "check_packed", "unlink"])
def test_a_packer_that_dies_at_any_step_loses_nothing(runs: list[Run], step: str) -> None:
    before = everything(runs)

    place, name = (Path, "unlink") if step == "unlink" else (packing, step)
    deaths = 0
    for survived in range(4):
        deaths += pack_until(place, name, survived)
        assert everything(runs) == before
    assert deaths >= 2 and pack(HOME).problems == []
    assert own_files() == [] and everything(runs) == before


PACKER = """
import sys
from pathlib import Path
from coldbench.benchmarks.records.pack import pack
print("ready", flush=True)
done = pack(Path(sys.argv[1]))
print(done.merged, len(done.problems), flush=True)
"""


def packer() -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PACKER, str(HOME)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_packer_loses_nothing(runs: list[Run]) -> None:
    before = everything(runs)
    for turn in range(3):
        one = packer()
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
        time.sleep(0.01 + 0.15 * turn)
        os.kill(one.pid, signal.SIGKILL)
        one.wait()
        one.stdout.close()
        assert everything(runs) == before
    assert pack(HOME).problems == [] and everything(runs) == before


def test_two_packers_at_once_pack_everything_once(runs: list[Run]) -> None:
    before = everything(runs)
    two = [packer(), packer()]
    said = [one.communicate()[0].splitlines()[1].split() for one in two]
    assert sum(int(merged) for merged, _ in said) == 12
    assert all(problems == "0" for _, problems in said)
    assert own_files() == [] and everything(runs) == before


def test_a_full_disk_leaves_the_files(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, files = everything(runs), own_files()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pl.DataFrame, "write_parquet", full)
        assert cli.main(["results", "pack"]) == 1
    assert "details.parquet could not be written: the disk is full" in capsys.readouterr().out
    assert own_files() == files and everything(runs) == before


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_corrupt_packed_table_is_told_and_left(
    runs: list[Run], tiny: Tiny, kind: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(HOME)
    packed = kind.packed_path(runs[0].path)
    content = packed.read_bytes()
    execute(tiny("by_index", "seed=1", *DEEP, "force=true"))
    for harmed in (content[:-30], b"", b"PAR1" + content[200:]):
        packed.write_bytes(harmed)
        assert cli.main(["results", "verify"]) == 1
        assert f"{packed} is not" in capsys.readouterr().out
        assert cli.main(["results", "pack"]) == 1
        assert f"{packed} is not" in capsys.readouterr().out
        assert packed.read_bytes() == harmed
        assert kind.own_path(runs[3].path).exists()
        execute(tiny("by_index", "seed=1", *DEEP, "force=true"))  # what was packed by the way
    packed.write_bytes(content)
    assert cli.main(["results", "pack"]) == 0
    assert cli.main(["results", "verify"]) == 0


def test_changed_rows_are_told(runs: list[Run]) -> None:
    pack(HOME)
    packed = DETAILS.packed_path(runs[0].path)
    digests = packing.packed_digests(packed)
    rows = read_packed(DETAILS, packed).with_columns(pl.col("mean") + 1)
    packing.write_packed(DETAILS, packed, rows, digests)
    (problem,) = verify(HOME).problems
    assert f"{packed} is not the table of run " in problem
    packed.unlink()
    assert all("names details that are in no table" in one for one in verify(HOME).problems)
    assert len(verify(HOME).problems) == 4


def test_an_own_file_that_its_record_does_not_name_is_not_packed(runs: list[Run]) -> None:
    one, other = runs[0].path, runs[1].path
    HITS.own_path(one).write_bytes(HITS.own_path(other).read_bytes())
    (problem,) = pack(HOME).problems
    assert f"{HITS.own_path(one)} is not the table that its record names" in problem
    assert own_files() == [HITS.own_path(one)]
    task = "new_item/cold/k=0"
    with pytest.raises(ColdbenchError, match="is not the table"):
        read_user_values([one], task, "ndcg@10")


def test_stored_users_give_the_values_of_the_large_table(runs: list[Run]) -> None:
    metrics = [f"{name}@{k}" for k in (5, 10)
               for name in ("ndcg", "recall", "precision", "hit_rate", "mrr", "map")]  # fmt: skip
    metrics += ["recall@20", "precision@20", "hit_rate@20"]
    for run in runs:
        large = pl.read_parquet(run.path.with_suffix(".users.parquet"))
        for task in run.record.scores:
            rows = large.filter(pl.col("task") == task).sort("user")
            for metric in metrics:
                (values,) = read_user_values([run.path], task, metric).values()
                assert values.users.tolist() == rows["user"].to_list()
                np.testing.assert_allclose(values.values, rows[metric].to_numpy(), atol=1e-12)
            (own,) = read_user_values([run.path], task, "auc").values()
            assert own.values.tolist() == rows["auc"].drop_nulls().to_list()


def test_items_and_users_have_the_same_sum(runs: list[Run]) -> None:
    task = "new_item/cold/k=0"
    for metric in ("ndcg@10", "recall@20"):
        for run in runs:
            (items,) = read_item_values([run.path], task, metric).values()
            (users,) = read_user_values([run.path], task, metric).values()
            assert items.sums.sum() == pytest.approx(users.values.sum(), abs=5e-3 * len(items.sums))
            assert items.users.min() > 0 and items.sums.sum() > 0
    assert read_item_values([runs[0].path], "warm/warm/k=0", "ndcg@10") == {}
    assert read_item_values([runs[0].path], task, "auc") == {}


numbers = st.none() | st.floats(-1e9, 1e9) | st.floats(0, 1)
widths = st.none() | st.floats(0, 1)


@st.composite
def estimates(draw: st.DrawFn) -> Any:
    from coldbench.benchmarks.evaluation.task_result import Estimate

    mean, below, above = draw(numbers), draw(widths), draw(widths)
    low = None if mean is None or below is None else mean - below
    high = None if mean is None or above is None else mean + above
    return round_detail(Estimate(mean, low, high, draw(st.integers(0, 10**6))), SLICE_PLACES)


names = st.text("ab@:= é\"'\\", min_size=1, max_size=4)
tasks = st.dictionaries(names, estimates(), min_size=1, max_size=4)


@given(st.dictionaries(names, st.dictionaries(names, tasks, min_size=1, max_size=3), max_size=2),
       st.booleans())  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_unpacked_is_what_was_packed(slices: Any, packed: bool) -> None:
    import tempfile

    kept = {"ndcg@10": {"mean": 0.5, "low": 0.4, "high": 0.6, "n": 9}}
    record = with_identity(
        a_record("m", scores=dict.fromkeys(slices, kept)).model_copy(update={"slices": slices})
    )
    with tempfile.TemporaryDirectory() as folder:
        path = record_path(Path(folder), record)
        assert write(path, record) == record
        if packed:
            assert pack(Path(folder)).problems == []
        assert read(path) == record
        rows = tabulate(record.scores, record.slices)
        assert (rows is None) == (not slices)


def test_a_rounded_value_stays_as_it_is() -> None:
    from coldbench.benchmarks.evaluation.task_result import Estimate

    for mean in (9.9999996, 99.99999996, 0.1234567891, 1e-9, -12.3456789, 123456789.123, 10.0):
        once = round_detail(Estimate(mean, mean - 0.123456789, mean + 0.1, 7))
        assert round_detail(once) == once
        assert once.mean == pytest.approx(mean, abs=5e-7, rel=5e-7)


def test_items_are_of_cold_candidates_only(runs: list[Run]) -> None:
    rows = pl.read_parquet(ITEMS.own_path(runs[0].path))
    cold = set(rows.filter(pl.col("task") == "new_item/cold/k=0")["item"])
    assert cold and set(rows.filter(pl.col("task") == "new_item/all/k=0")["item"]) <= cold
