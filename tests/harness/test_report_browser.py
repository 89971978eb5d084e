"""The report in a browser: wide and narrow, light and dark, by keyboard alone, offline."""

from collections.abc import Iterator
from typing import Any

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import with_identity

from .browser import CHROMIUM, Browser  # type: ignore[import-not-found]
from .report_records import (  # type: ignore[import-not-found]
    HARM,
    TASKS,
    harmful_record,
    report_board,
    report_records,
    write_records,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at the page with"),
]
MINUS = "\N{MINUS SIGN}"
NAMES = "[...document.querySelectorAll('#matrix tbody th')].map((one) => one.textContent)"
CONTRAST = """
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const behind = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && one.parentElement ? behind(one.parentElement) : colour;
  };
  const read = "#matrix .cell, p, h2, dt, dd, th button, a, label span, caption, td";
  const seen = [...document.querySelectorAll(read)].filter((one) => one.offsetParent);
  const front = (one) => getComputedStyle(one).color;
  const found = seen.map((one) => ratio(luminance(front(one)), luminance(behind(one))));
  return [found.length, Math.min(...found)];
})()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report of a small board, a failed plugin among its rows."""
    folder = tmp_path_factory.mktemp("report")
    broken = harmful_record().model_copy(update={"dataset": "broken"})
    records = [*report_records(), harmful_record(), with_identity(broken)]
    home = write_records(folder / "results", records)
    page = folder / "report.html"
    assert cli.main(["report", "--results", str(home), "--out", str(page)]) == 0
    return page.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    made = Browser(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


def names(browser: Browser) -> list[str]:
    found: list[str] = browser.run(NAMES)
    return found


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_whole_readable_and_alone(
    browser: Browser, address: str, width: int, dark: bool
) -> None:
    browser.open(address, width=width, dark=dark)
    rows = [row.label for row in report_board([*report_records(), harmful_record()]).rows]
    assert sorted(one.removesuffix(" ‡") for one in names(browser)) == sorted(rows)
    cells = browser.run("document.querySelectorAll('#matrix td.cell').length")
    assert cells == 5 * len(TASKS), "the failed row has none"
    charts = "document.querySelectorAll('#curves .chart, #cost .chart, #pair .chart').length"
    assert browser.run(charts) == 3
    assert browser.run("document.documentElement.scrollWidth") <= width
    count, least = browser.run(CONTRAST)
    assert count > 50 and least >= 4.5
    assert browser.run("document.title") == "coldbench report" and browser.complaints == []
    assert [one for one in browser.requests if not one.startswith("data:")] == [address]


def test_the_state_is_in_the_address(browser: Browser, address: str) -> None:
    browser.open(f"{address}#family=content&side=new_user&sort=label&dir=descending&row=heater")
    assert names(browser) == ["word_knn", f"plugin {HARM}", "content_knn"]
    heads = browser.run("[...document.querySelectorAll('#matrix th button')].map((o) => o.id)")
    assert [one.removeprefix("sort-") for one in heads][-3:] == list(TASKS[2:])
    assert browser.run("document.querySelector('#row-panel h2').textContent").endswith("heater ‡")
    browser.run("document.getElementById('reset').click()")
    assert len(names(browser)) == 6 and "family" not in browser.run("location.hash")


def test_a_board_whose_runs_all_failed_is_drawn(browser: Browser, address: str) -> None:
    browser.open(f"{address}#board=grid%2Fbroken")
    assert names(browser) == [f"plugin {HARM}"] and browser.complaints == []
    assert HARM in browser.run("document.getElementById('row-panel').textContent")


def test_the_keyboard_alone_sorts_and_chooses(browser: Browser, address: str) -> None:
    browser.open(address)
    focused = "document.activeElement.id"

    def reach(wanted: str, most: int = 80) -> None:
        for _ in range(most):
            browser.press("Tab")
            if browser.run(focused) == wanted:
                return
        pytest.fail(f"{wanted} cannot be reached by Tab")

    browser.press("Tab")
    assert browser.run(focused) == "skip"
    reach("sort-label")
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.run(ring) == "solid", "the focus is seen"
    sort = "document.getElementById('sort-label').closest('th').getAttribute('aria-sort')"
    assert browser.run(sort) == "none"
    browser.press("Enter")
    assert browser.run(sort) == "ascending" and names(browser)[0] == "content_knn"
    assert browser.run(focused) == "sort-label" and "sort=label" in browser.run("location.hash")
    browser.press("Enter")
    assert browser.run(sort) == "descending" and names(browser)[-1] == "content_knn"
    reach(f"matrix-row-{browser.run(NAMES)[0]}", 12)
    browser.press("Enter")
    assert browser.run(focused) == "row"
    assert browser.run("document.getElementById('row').value") == "word_knn"


def test_two_rows_are_paired_with_the_numbers_of_the_board(browser: Browser, address: str) -> None:
    board = report_board()
    task = TASKS[1]
    standing = board.standing(task)
    best = standing.best
    assert best is not None
    for row in board.rows:
        if row is best:
            continue
        words = f"task={task}&a={row.label}&b={best.label}".replace("/", "%2F")
        browser.open(f"{address}#{words}")
        told: Any = browser.run("document.getElementById('pair-told').textContent")
        apart = standing.differences[id(row)]
        mean = f"{MINUS if apart.mean < 0 else '+'}{abs(apart.mean):.4f}"
        assert f": {mean} ±{apart.half:.4f} (95 %)" in told
        assert f"on {apart.draws} shared draws" in told
