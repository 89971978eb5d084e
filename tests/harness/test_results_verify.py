"""What a folder of records must not hold is refused by name: not believed and not replaced."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.records.digests import verify_digest
from coldbench.benchmarks.records.per_user_tables import rankings_path, users_path
from coldbench.benchmarks.records.record import (
    Code,
    RefusedError,
    find_identity,
    read,
    record_path,
    with_identity,
    write,
)
from coldbench.benchmarks.records.verify_records import verify
from coldbench.benchmarks.runs.execute import execute

from .test_leaderboard import a_record  # type: ignore[import-not-found]

Tiny = Callable[..., RunConfig]
HOME = Path("results")
REPOSITORY = Path(__file__).parents[2]


def edited(path: Path, **changes: Any) -> None:
    """Change keys of a record in place, and nothing else of the file."""
    lines = path.read_text().splitlines(keepends=True)
    for name, value in changes.items():
        (at,) = [n for n, line in enumerate(lines) if line.startswith(f' "{name}": ')]
        end = ",\n" if lines[at].endswith(",\n") else "\n"
        lines[at] = f' "{name}": {json.dumps(value)}{end}'
    path.write_text("".join(lines))


def newer(path: Path) -> None:
    edited(path, schema=4)


def changed(path: Path) -> None:
    edited(path, started="2020-01-01T00:00:00+00:00")


def undigested(path: Path) -> None:
    edited(path, sha256=None)


def of_another_run(path: Path) -> None:
    """Content of one run under the id of another, with a digest that is right."""
    record = read(path).model_copy(update={"seed": 77})
    path.unlink()
    write(path, record)


def misnamed(path: Path) -> None:
    path.rename(path.with_name("0123456789abcdef.json"))


REFUSALS = {
    newer: "was written by a newer coldbench (schema 4, this one reads up to 3)",
    changed: "was changed after it was written",
    undigested: "was changed after it was written",
    of_another_run: "is not the run that it says",
}


@pytest.mark.parametrize("harm", REFUSALS)
def test_a_refused_record_is_neither_skipped_nor_replaced(
    tiny: Tiny, harm: Callable[[Path], None]
) -> None:
    path = execute(tiny()).path
    harm(path)
    before = path.read_bytes()
    with pytest.raises(RefusedError) as error:
        execute(tiny())
    assert str(path) in str(error.value) and REFUSALS[harm] in str(error.value)
    assert "force=true" in str(error.value) and path.read_bytes() == before
    again = execute(tiny("by_index", "force=true"))
    assert not again.skipped and read(path) == again.record


def test_a_forced_failure_leaves_a_newer_record(tiny: Tiny) -> None:
    path = execute(tiny("singular")).path
    newer(path)
    before = path.read_bytes()
    assert execute(tiny("singular", "force=true")).record.status.value == "failed"
    assert path.read_bytes() == before


@pytest.mark.parametrize("harm", [*REFUSALS, misnamed])
def test_a_refused_record_is_on_no_board(
    workplace: Path, harm: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for record in (a_record("a", 0.5), a_record("b", 0.9)):
        write(record_path(HOME, record), record)
    (path,) = HOME.glob("*/*/b/*.json")
    harm(path)
    assert cli.main(["leaderboard"]) == 0
    message = capsys.readouterr()
    assert message.err.startswith("results/grid/planted/b/") and message.err.count("\n") == 1
    assert ": a, 0.5000 (" in message.out and "0.9" not in message.out
    assert cli.main(["results", "verify"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == message.err.rstrip()
    assert said[1] == "results: 1 records (1 ok); 0 tables; 1 not valid"


def test_one_run_in_two_folders_counts_once(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = a_record("a", 0.5)
    path = record_path(HOME, record)
    write(path, record)
    copy = HOME / "grid" / "elsewhere" / "a" / path.name
    copy.parent.mkdir(parents=True)
    shutil.copy(path, copy)
    assert cli.main(["results", "verify"]) == 1
    message = capsys.readouterr().out
    assert f"{copy} is not where it belongs, which is grid/planted/a/{path.name}" in message
    assert "1 records (1 ok)" in message


def test_the_tables_of_a_run_are_those_that_its_record_names(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    run = execute(tiny("by_index", "save_rankings=true"))
    assert verify_digest(run.path.read_bytes()) and run.record == read(run.path)
    assert cli.main(["results", "verify"]) == 0
    assert capsys.readouterr().out == "results: 1 records (1 ok); 3 tables; no problems\n"
    for table in (users_path(run.path), rankings_path(run.path)):
        content = table.read_bytes()
        table.write_bytes(content[:-9])
        assert cli.main(["results", "verify"]) == 1
        assert f"{table} is not the table that its record names" in capsys.readouterr().out
        table.unlink()
        assert cli.main(["results", "verify"]) == 0, "a table may be left out"
        table.write_bytes(content)
    assert cli.main(["results", "verify", "nowhere"]) == 2


def test_rankings_of_an_earlier_run_are_told(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(tiny("by_index", "save_rankings=true"))
    execute(tiny("by_index", "force=true"))
    assert cli.main(["results", "verify"]) == 1
    assert "rankings.parquet is of an earlier run" in capsys.readouterr().out


def test_a_changed_table_is_compared_with_nothing(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    run = execute(tiny("by_index"))
    execute(tiny("popularity"))
    users_path(run.path).write_bytes(b"PAR1PAR1")
    words = ["leaderboard", "--task", "warm/warm/k=0", "--paired"]
    assert cli.main(words) == 2
    assert f"{users_path(run.path)} is not the table" in capsys.readouterr().err


@pytest.mark.slow
def test_the_published_records_are_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left over either; tables of the folder of records below this one are its own."""
    published = REPOSITORY / "results"
    assert cli.main(["results", "verify", str(published)]) == 0
    count = len(list(published.glob("*/*/*/*.json")))
    said = capsys.readouterr().out
    assert f"{count:,} records" in said and count > 500 and "cut short" not in said


def test_the_digest_is_of_the_file_with_its_own_digest_as_null(workplace: Path) -> None:
    from hashlib import sha256

    record = with_identity(a_record("a", 0.5, error='a "sha256": "line" inside'))
    path = record_path(HOME, record)
    write(path, record)
    text = path.read_text()
    blank = text.replace(f'"{record.sha256}"', "null")
    assert blank != text and sha256(blank.encode()).hexdigest() == record.sha256


def test_a_record_of_schema_1_is_taken_to_schema_2(workplace: Path) -> None:
    """It gets code, a new run_id, a digest and the place that these give."""
    old = a_record("a", 0.5, schema=1)
    assert set(find_identity(old)) == set(find_identity(a_record("a", 0.5))) - {"code"}
    code = {part: Code(package="coldbench") for part in ("method", "dataset", "scenario")}
    new = with_identity(old.model_copy(update={"schema_": 2, "code": code}))
    assert new.run_id != old.run_id and new.scores == old.scores
    assert write(record_path(HOME, new), new) and read(record_path(HOME, new)) == new
    assert verify(HOME).problems == []
