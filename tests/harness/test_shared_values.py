"""Values that records share: written once, found again to the byte, and vouched for."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.records import shared_values
from coldbench.benchmarks.records.pack import pack
from coldbench.benchmarks.records.record import RunRecord, read, read_all
from coldbench.benchmarks.records.shared_values import (
    KEYS,
    compute_digest,
    read_shared,
    read_whole,
    share_values,
)
from coldbench.benchmarks.records.verify_records import verify
from coldbench.benchmarks.runs.execute import Run, execute
from coldbench.benchmarks.store.glance import UNREADABLE, glance
from coldbench.benchmarks.store.merge import merge
from coldbench.datasets.errors import ColdbenchError
from hypothesis import given
from hypothesis import strategies as st

from .test_pack import pack_until  # type: ignore[import-not-found]

Tiny = Callable[..., RunConfig]
HOME = Path("results")
DEEP = ("evaluation.ks=[5,10,20]", "scenario=grid")


@pytest.fixture
def runs(tiny: Tiny) -> list[Run]:
    """Two methods, both seeds."""
    return [
        execute(tiny(name, f"seed={seed}", *DEEP))
        for name in ("popularity", "by_index")
        for seed in (0, 1)
    ]


def shared_of(run: Run) -> Path:
    return run.path.parents[1] / "shared.jsonl"


def test_a_packed_record_is_shorter_and_reads_as_before(
    runs: list[Run], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {run.path: run.path.read_bytes() for run in runs}
    assert cli.main(["results", "pack"]) == 0
    assert "4 records shortened" in capsys.readouterr().out
    for run in runs:
        held = json.loads(run.path.read_text())
        referred = {key for key in KEYS if set(held[key]) == {"shared"}}
        assert {"chance", "facts", "environment"} <= referred
        assert len(run.path.read_bytes()) < 0.8 * len(before[run.path])
        assert read_whole(run.path) == before[run.path]
        assert read(run.path) == run.record
        assert glance(run.path).content == json.loads(before[run.path])
    assert cli.main(["results", "verify"]) == 0
    states = {path: path.stat().st_mtime_ns for path in HOME.rglob("*") if path.is_file()}
    assert cli.main(["results", "pack"]) == 0
    assert "shortened" not in capsys.readouterr().out.splitlines()[-1], "a second time: nothing"
    assert {path: path.stat().st_mtime_ns for path in states} == states


def test_a_value_of_one_record_alone_stays_in_it(runs: list[Run]) -> None:
    """The counts of a split are those of its seed, which two records have here."""
    runs[3].path.unlink()
    pack(HOME)
    alone, other = (json.loads(runs[place].path.read_text()) for place in (1, 0))
    assert set(other["facts"]) == {"shared"} and len(alone["facts"]) > 3
    assert set(alone["environment"]) == {"shared"}


def test_without_this_code_a_record_is_made_whole_in_a_few_lines(runs: list[Run]) -> None:
    """As docs/running.md shows it."""
    pack(HOME)
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text()
    (lines,) = [one for one in page.split("```python\n") if "shared.jsonl" in one.split("```")[0]]
    for run in runs:
        found: dict[str, Any] = {"path": run.path}
        exec(lines.split("```")[0], found)
        values = json.loads(run.record.model_dump_json(by_alias=True))
        assert {key: found["record"][key] for key in KEYS} == {key: values[key] for key in KEYS}


def test_a_packed_record_taken_away_from_its_board_says_what_it_lacks(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pack(HOME)
    shutil.copy(runs[0].path, tmp_path / "alone.json")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ColdbenchError, match=r"alone\.json refers to values that are not in"):
        read(Path("alone.json"))


def test_a_run_made_again_is_whole_until_it_is_packed(runs: list[Run], tiny: Tiny) -> None:
    pack(HOME)
    short = runs[3].path.stat().st_size
    again = execute(tiny("by_index", "seed=1", *DEEP, "force=true"))
    assert b'"shared"' not in again.path.read_bytes() and read(again.path) == again.record
    assert pack(HOME).shortened == 1
    assert abs(again.path.stat().st_size - short) < 60, "seconds have more or fewer digits"
    assert read(again.path) == again.record


def test_values_that_are_lost_or_changed_are_told(
    runs: list[Run], tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(HOME)
    shared = shared_of(runs[0])
    content = shared.read_bytes()
    shared.unlink()
    with pytest.raises(ColdbenchError, match=r"refers to values that are not in .*shared\.jsonl"):
        read(runs[0].path)
    assert glance(runs[0].path).status == UNREADABLE
    with pytest.raises(ColdbenchError, match="restore that file"):  # it is not fitted once more
        execute(tiny("popularity", "seed=0", *DEEP))
    for harmed in (b"{", b"[]\n", b'{"digest":"0"}\n', b"\xff\n"):
        shared.write_bytes(harmed)
        assert cli.main(["results", "verify"]) == 1
        told = capsys.readouterr().out
        assert f"{shared} is not readable" in told and "4 not valid" in told
        assert pack(HOME).shortened == 0 and shared.read_bytes() == harmed
    shared.write_bytes(content.replace(b"cold_test_items", b"cold_tests_item"))
    assert sum("was changed after it was written" in one for one in verify(HOME).problems) == 4
    shared.write_bytes(content)
    assert verify(HOME).problems == []
    assert execute(tiny("popularity", "seed=0", *DEEP)).skipped


def test_merged_records_are_whole(runs: list[Run]) -> None:
    whole = {run.path: run.path.read_bytes() for run in runs}
    shutil.copytree(HOME, "packed")
    pack(Path("packed"))
    done = merge([Path("packed")], Path("third"))
    assert (done.added, done.problems) == (4, [])
    for path, content in whole.items():
        assert (Path("third") / path.relative_to(HOME)).read_bytes() == content
    done = merge([Path("packed")], HOME)
    assert (done.added, done.equal, done.problems) == (0, 4, [])
    (Path("packed") / shared_of(runs[0]).relative_to(HOME)).unlink()
    assert len(merge([Path("packed")], Path("fourth")).problems) == 4


@pytest.mark.parametrize("name", ["replace_atomically", "_write", "_drop_unused"])
def test_a_packer_that_dies_at_any_step_loses_nothing(runs: list[Run], name: str) -> None:
    pack(HOME)
    runs[0].path.unlink()  # so that values are dropped as well
    before = list(read_all(HOME))
    whole = {one.path: read_whole(one.path) for one in runs[1:]}
    deaths = 0
    for survived in range(6):
        for path, content in whole.items():
            path.write_bytes(content)
        if survived % 2:
            shared_of(runs[0]).unlink()
        deaths += pack_until(shared_values, name, survived // 2)
        assert list(read_all(HOME)) == before
    assert deaths >= 1 and pack(HOME).problems == []
    assert list(read_all(HOME)) == before and verify(HOME).problems == []


def test_a_full_disk_leaves_the_records(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {run.path: run.path.read_bytes() for run in runs}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shared_values, "replace_atomically", full)
        assert cli.main(["results", "pack"]) == 1
    assert "shared.jsonl could not be written: the disk is full" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in before} == before
    assert not shared_of(runs[0]).exists()


def test_values_that_nobody_refers_to_are_dropped_but_for_those_of_unreadable_records(
    runs: list[Run],
) -> None:
    pack(HOME)
    shared = shared_of(runs[0])
    count = len(read_shared(shared))
    harmed = runs[1].path.read_bytes()
    runs[1].path.write_bytes(harmed.replace(b'"status": "ok"', b'"status": "okay"'))
    runs[3].path.unlink()
    assert len(pack(HOME).problems) == 1 and len(read_shared(shared)) == count
    runs[1].path.write_bytes(harmed)
    assert verify(HOME).problems == []
    runs[1].path.unlink()
    pack(HOME)
    assert 2 < len(read_shared(shared)) < count and verify(HOME).problems == []
    for run in (runs[0], runs[2]):
        run.path.unlink()
    assert share_values(shared.parent, []) == 0 and not shared.exists()


def test_a_record_of_an_earlier_layout_is_left_as_it_is(runs: list[Run]) -> None:
    """One of schema 1, with other spaces: its bytes are found again like any others."""
    for place, layout in ((0, {"indent": 1}), (2, {"indent": None})):
        path = runs[place].path
        values = json.loads(path.read_bytes()) | {"schema": 1}
        path.write_text(json.dumps({key: one for key, one in values.items() if key != "sha256"},
                                   **layout))  # fmt: skip
    before = {run.path: run.path.read_bytes() for run in runs}
    records = [read(run.path) for run in runs]
    assert all(isinstance(one, RunRecord) for one in records)
    pack(HOME)
    assert {path: read_whole(path) for path in before} == before
    assert [read(run.path) for run in runs] == records


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                key: st.dictionaries(
                    st.text(max_size=9),
                    st.one_of(
                        st.text(), st.dictionaries(st.text(max_size=3), st.floats(0, 1)), st.none()
                    ),
                    max_size=4,
                )
                for key in (*KEYS, "training", "scores")
            },
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_record_comes_back_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, contents: list[dict[str, Any]]
) -> None:
    from coldbench.benchmarks.records.digests import format_json

    folder = tmp_path_factory.mktemp("board")
    before: dict[Path, bytes] = {}
    for place, values in enumerate([*contents, *contents]):
        path = folder / "method" / f"{place}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(format_json({"schema": 3, **values, "sha256": str(place)}))
        before[path] = path.read_bytes()
    share_values(folder, before)
    assert {path: read_whole(path) for path in before} == before
    long = [
        text
        for one in before.values()
        for _, text in shared_values._VALUE.findall(one)
        if len(text) >= shared_values.SHORTEST
    ]
    assert {compute_digest(text) for text in long} == set(read_shared(folder / "shared.jsonl"))
