"""Text of plugins, files and errors steers no terminal, forges no Markdown and no formula."""

import csv
import io
import re
import unicodedata

import pytest
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_csv, render_markdown, show_board
from coldbench.benchmarks.terminal.complaint import complain
from coldbench.benchmarks.terminal.console import SafeConsole, make_table
from coldbench.benchmarks.terminal.foreign_text import escape_csv, escape_markdown, strip_control
from hypothesis import example, given
from hypothesis import strategies as st

from .test_leaderboard import COLD, a_record  # type: ignore[import-not-found]

NASTY = "=cmd|'/C calc'!A0\x1b[31m\r\u202e`x`](javascript:1)<script>\n| **a** |\t\x9b2J&lt;"
TEXT = st.text(st.one_of(st.characters(), st.sampled_from(NASTY)), max_size=40)


def steers(text: str) -> set[str]:
    """Characters that move a cursor, colour or turn the direction of writing; line ends apart."""
    return {one for one in text if one != "\n" and unicodedata.category(one) in ("Cc", "Cf", "Cs")}


@given(TEXT)
@example(NASTY)
def test_nothing_steers_a_terminal(text: str) -> None:
    assert steers(strip_control(text)) == set() and "\n" not in strip_control(text)
    file = io.StringIO()
    out = SafeConsole(file=file, width=100, highlight=False, markup=False, emoji=False)
    made = make_table("name", text)
    made.add_row(text, "x")
    out.print(text)
    out.print(made)
    assert steers(file.getvalue()) == set()


@given(TEXT)
@example(NASTY)
def test_nothing_is_markup(text: str) -> None:
    message = escape_markdown(text)
    assert "\n" not in message and steers(message) == set()
    bare = re.sub(r"\\[\\|`\[\]*]", "", message)
    assert not set("|`[]*\\") & set(bare)
    assert not re.search(r"<[A-Za-z/!?]", message) and not re.search(
        r"&(?!amp;|lt;)#?\w+;", message
    )


@given(TEXT, st.floats(allow_nan=False), st.integers())
@example(NASTY, -1.0, -1)
def test_no_cell_is_a_formula_and_numbers_stay(text: str, number: float, whole: int) -> None:
    message = escape_csv(text)
    assert isinstance(message, str) and not message.lstrip().startswith(("=", "+", "-", "@"))
    assert steers(message) == set()
    assert escape_csv(number) is number and escape_csv(whole) is whole and escape_csv(None) is None


def test_a_plain_text_stays_as_it_is() -> None:
    for text in (
        "finetuned_encoder track=open 0.2683",
        "reason: needs 3 > 2 & 'x'",
        "Žižek <0.0001",
    ):
        assert strip_control(text) == escape_csv(text) == escape_markdown(text) == text


def hostile() -> Board:
    name = {"method": {"name": NASTY}}
    (board,) = build_boards(
        [a_record("=evil", 0.5, config=name), a_record("=evil", 0.4, half=0.5),
         a_record("broken", None, error=NASTY)]
    )  # fmt: skip
    board.title = f"grid / {NASTY}"
    return board


def test_a_board_of_hostile_records_is_harmless_everywhere() -> None:
    board = hostile()
    text = render_markdown(board, None)
    assert steers(text) == set() and "<script>" not in text
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line[:1] == "|"}
    assert len(widths) == 1, "no cell opens another one"
    rows = list(csv.reader(io.StringIO(render_csv([board], None))))
    cells = [cell for row in rows for cell in row]
    assert any(cell.startswith("'=") for cell in cells)
    assert not any(cell.lstrip().startswith(("=", "+", "@")) for cell in cells)
    file = io.StringIO()
    show_board(
        board, COLD, SafeConsole(file=file, width=100, highlight=False, markup=False, emoji=False)
    )
    show_board(
        board, None, SafeConsole(file=file, width=100, highlight=False, markup=False, emoji=False)
    )
    assert steers(file.getvalue()) == set()


def test_an_error_message_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complain(f"no method {NASTY}")
    message = capsys.readouterr().err
    assert steers(message) == set() and message.startswith("no method =cmd|")


def test_numbers_of_a_board_stay_numbers() -> None:
    (board,) = build_boards([a_record("m", -0.25)])
    (row,) = csv.DictReader(io.StringIO(render_csv([board], None)))
    assert float(row["mean"]) == -0.25 and row["mean"][0] == "-"
