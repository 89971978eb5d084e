"""Tables at the width of a screen: no word is broken, what has no room is said."""

import io
import re
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_markdown
from coldbench.benchmarks.runs.job_outcome import Outcome
from coldbench.benchmarks.runs.summary import summarise
from coldbench.benchmarks.terminal.console import (
    PLAIN_WIDTH,
    SafeConsole,
    TableColumn,
    make_console,
    make_table,
    say,
)
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from .test_leaderboard import COLD, WARM, a_record, drawn  # type: ignore[import-not-found]

WIDTHS = (80, 100, 120)
WORDS = st.text("abcdefgh", min_size=1, max_size=30)
CELLS = st.lists(WORDS, max_size=12).map(" ".join)


def printed(made: object, width: int) -> list[str]:
    file = io.StringIO()
    SafeConsole(file=file, width=width, highlight=False, markup=False, emoji=False).print(made)
    return file.getvalue().splitlines()


@given(
    st.integers(2, 9).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=5)
    ),
    st.sampled_from(WIDTHS),
)
def test_no_word_is_broken_and_no_line_is_too_long(rows: list[list[str]], width: int) -> None:
    made = make_table(*(TableColumn(f"h{at}", leave=at % 3) for at in range(len(rows[0]))))
    for row in rows:
        made.add_row(*row)
    gone = made.left_out(width)
    lines = printed(made, width)
    assert all(cell_len(line) <= width for line in lines)
    seen = set(" ".join(lines).split())
    for row in rows:
        for at, cell in enumerate(row):
            if at not in gone:
                assert set(cell.split()) <= seen
    assert any("not shown at" in line for line in lines) is bool(gone)


def test_columns_are_left_out_by_their_priority_and_it_is_said() -> None:
    made = make_table(
        "name", TableColumn("last", leave=1), TableColumn("first", leave=2), elsewhere="see there"
    )
    made.add_row("a" * 30, "b" * 30, "c" * 30)
    assert made.left_out(98) == [] and made.left_out(97) == [2] and made.left_out(64) == [1, 2]
    assert printed(made, 80)[-1] == "not shown at 80 columns: first; see there"
    assert "not shown" not in " ".join(printed(made, 120))


def test_a_long_text_wraps_between_words() -> None:
    reason = " ".join(["something", "extraordinarily", "unfortunate"] * 8)
    made = make_table("status", "method", "reason")
    made.add_row("failed", "a_method", reason)
    text = " ".join(printed(made, 80))
    assert text.count("extraordinarily") == 8 and text.count("unfortunate") == 8


def test_a_word_longer_than_the_screen_goes_on_in_the_next_line() -> None:
    path = "/".join(["folder"] * 30)
    made = make_table("name", "path")
    made.add_row("a", path)
    lines = printed(made, 80)
    assert all(cell_len(line) <= 80 for line in lines)
    assert path in re.sub(r"\s", "", "".join(lines))


@pytest.mark.parametrize(
    ("stated", "width"),
    [("80", 80), ("120", 120), ("", PLAIN_WIDTH), ("none", PLAIN_WIDTH), ("0", PLAIN_WIDTH)],
)
def test_a_pipe_is_wide_unless_columns_says_otherwise(
    stated: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", stated)
    assert make_console().width == width


TASKS = (COLD, WARM, "new_user/warm/k=10", "new_user_new_item/cold/k=10")


def keep(*records: RunRecord) -> None:
    """Write records with their one value in every task."""
    for record in records:
        figures = next(iter(record.scores.values()), None)
        scores = dict.fromkeys(TASKS, figures) if figures else {}
        made = record.model_copy(update={"scores": scores})
        write(record_path(Path("results"), made), made)


@pytest.mark.parametrize("screen", [True, False])
def test_sentences_break_between_words_on_a_screen_only(screen: bool) -> None:
    file, text = io.StringIO(), "unspeakable " * 20
    out = SafeConsole(file=file, width=80, force_terminal=screen, color_system=None)
    say(out, text)
    lines = file.getvalue().split("\n")
    assert all(set(line.split()) <= {"unspeakable"} for line in lines)
    assert (len(lines) > 2) is screen


@pytest.fixture
def stored(workplace: Path) -> Path:
    for name, mean in (("attribute_map", 0.31), ("content_knn", 0.3), ("kgcn", 0.2)):
        for depth in (1, 2):
            config = {"method": {"mapping": f"linear{depth}"}, "dataset": {}, "scenario": {}}
            keep(*drawn(name, mean, half=0.01, config=config))
    keep(*drawn("finetuned_encoder", 0.6, half=0.01), *drawn("broken", None))
    keep(*drawn("random", 0.01, reference=True), *drawn("popularity", 0.2, reference=True))
    return workplace


COMMANDS = [
    ["leaderboard"],
    ["leaderboard", "--task", COLD],
    ["leaderboard", "--families"],
    ["leaderboard", "--task", COLD, "--paired"],
    ["table", "gar_citeulike"],
    ["table", "llm_ins_citeulike"],
    ["list"],
    ["list", "methods", "heater"],
    ["list", "scenarios", "grid"],
]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_table_of_the_commands_fits(
    words: list[str], width: int, stored: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "5000")
    assert cli.main(words) == 0
    whole = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", str(width))
    assert cli.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    known = set(re.split(r"[\s/,;:]+", whole)) | {"not", "shown", "at", str(width), "columns"}
    known |= {
        "a",
        "wider",
        "terminal",
        "or",
        "COLUMNS=240",
        "shows",
        "them",
        "--format",
        "md",
        "csv",
        "has",
    }
    sentences = set(whole.splitlines())
    tabled = [line for line in lines if line not in sentences]
    assert all(cell_len(line.rstrip()) <= width for line in tabled)
    strange = {word for line in tabled for word in re.split(r"[\s/,;:]+", line)} - known
    assert {word for word in strange if set(word) != {"─"}} == set()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_of_a_sweep_fits(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    reason = "ZeroDivisionError: " + "the quotient of something unspeakable " * 5
    summarise([Outcome(0, "failed", "finetuned_encoder", "online-retail-ii", "new_user_new_item",
                       0, None, "", 1.0, reason)], [])  # fmt: skip
    out = capsys.readouterr().out
    assert all(cell_len(line) <= width for line in out.splitlines())
    assert out.count("unspeakable") == 5 and "finetuned_encoder" in out


@pytest.mark.parametrize("words", [["--task", COLD], []], ids=["detail", "overview"])
def test_rows_are_told_at_a_glance_without_colour(
    words: list[str], stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", *words]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ chance +(\d+ +)?random ", out, re.MULTILINE)
    assert re.search(r"^ ref +(\d+ +)?popularity ", out, re.MULTILINE)
    assert re.search(r"^ failed +broken ", out, re.MULTILINE)
    assert "ref: baseline; chance: ranked at random, the measured" in out
    if words:
        assert re.search(r"^ winner +1 +finetuned_encoder ", out, re.MULTILINE)
    else:
        assert "0.6000†*" in out and "* the winner of the task" in out


def test_an_overview_shows_and_names_what_orders_it() -> None:
    both = [*drawn("a", 0.5), *drawn("b", 0.4), *drawn("c", None)]
    (board,) = build_boards(both)
    text = render_markdown(board, None)
    assert "- rows in the order of their mean rank over all tasks" in text
    assert "| a | content | 1.0 | 2 |" in text and "| b | content | 2.0 | 2 |" in text
    assert "| c | content | - | 2 |" in text
    (board,) = build_boards(
        [a_record("low", 0.1, metric="gini@10"), a_record("high", 0.3, metric="gini@10")]
    )
    text = render_markdown(board, None)
    assert f"- rows in the order of {COLD}" in text and "mean rank" not in text
    assert text.index("| high |") < text.index("| low |")
