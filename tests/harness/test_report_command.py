"""``coldbench report``: the page, and tables and plots as files."""

import csv
import io
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.report_page.page import unpack_data
from coldbench.benchmarks.reports.latex import escape_latex, render_latex
from coldbench.benchmarks.reports.render import render_csv

from .report_records import (  # type: ignore[import-not-found]
    HARM,
    TASKS,
    harmful_record,
    report_board,
    report_records,
    write_records,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    several = [one for name in ("planted", "b", "c") for one in report_records(name)]
    return write_records(tmp_path_factory.mktemp("results"), several)


def report(home: Path, *words: str) -> int:
    return cli.main(["report", "--results", str(home), *words])


def test_the_page_holds_the_chosen_boards(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert report(home, "--out", str(page)) == 0
    assert "45 runs on 3 boards" in capsys.readouterr().out
    whole = page.read_text(encoding="utf-8")
    assert report(home, "--dataset", "b", "--scenario", "grid", "--out", str(page)) == 0
    part = page.read_text(encoding="utf-8")
    names = [[one["name"] for one in unpack_data(page)["boards"]] for page in (whole, part)]
    assert names == [["grid/b", "grid/c", "grid/planted"], ["grid/b"]]


def test_the_same_records_give_the_same_page(home: Path, tmp_path: Path) -> None:
    for name in ("one.html", "other.html"):
        report(home, "--out", str(tmp_path / name))
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()


def test_csv_is_that_of_the_leaderboard(home: Path, tmp_path: Path) -> None:
    report(home, "--dataset", "planted", "--format", "csv", "--out", str(tmp_path / "t.csv"))
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert text == render_csv([report_board()], None)
    report(home, "--format", "csv", "--out", str(tmp_path / "folder"))
    files = sorted(one.name for one in (tmp_path / "folder").iterdir())
    assert files == ["grid_b.csv", "grid_c.csv", "grid_planted.csv"]
    lines = list(csv.DictReader(io.StringIO((tmp_path / "folder/grid_b.csv").read_text())))
    assert {one["dataset"] for one in lines} == {"b"} and len(lines) == 5 * len(TASKS)


def test_latex_has_the_values_and_no_text_is_a_command(home: Path, tmp_path: Path) -> None:
    board = report_board([*report_records(), harmful_record()])
    text = render_latex(board, None)
    heater = next(row for row in board.rows if row.label == "heater")
    assert f"\\textbf{{{heater.cells[TASKS[0]].mean:.4f}\\dag{{}}}}" in text
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") == 3
    assert "<script>" not in text and escape_latex(HARM) in text
    assert escape_latex("a_b & 5% \\input{x}") == r"a\_b \& 5\% \textbackslash{}input\{x\}"
    report(home, "--format", "latex", "--out", str(tmp_path / "t.tex"))
    assert (tmp_path / "t.tex").read_text(encoding="utf-8").count("\\begin{table}") == 9


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX here")
def test_latex_is_set(home: Path, tmp_path: Path) -> None:
    report(home, "--format", "latex", "--out", str(tmp_path / "t.tex"))
    (tmp_path / "whole.tex").write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,adjustbox}"
        "\\begin{document}\\input{t.tex}\\end{document}"
    )
    done = subprocess.run(["pdflatex", "-halt-on-error", "whole.tex"], cwd=tmp_path)
    assert done.returncode == 0


def test_plots_are_files(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    words = ["--dataset", "b"]
    assert report(home, *words, "--format", "png", "--out", str(tmp_path / "plots")) == 0
    files = sorted((tmp_path / "plots").iterdir())
    assert [one.name for one in files] == ["grid_b_cost.png", "grid_b_shots.png"]
    assert all(one.read_bytes().startswith(b"\x89PNG") for one in files)
    report(home, *words, "--format", "pdf", "--out", str(tmp_path / "plots.pdf"))
    pages = re.findall(rb"/Type /Page\b", (tmp_path / "plots.pdf").read_bytes())
    assert len(pages) == 2


def test_what_cannot_be_written_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert report(home, "--format", "png", "--out", str(tmp_path / "one.png")) == 2
    assert "name a folder" in capsys.readouterr().err
    assert report(home, "--dataset", "plante") == 2
    assert "did you mean planted?" in capsys.readouterr().err
    assert report(tmp_path / "none") == 2
    assert "no record in" in capsys.readouterr().err
    assert list(tmp_path.glob("*.png")) == []


def test_the_files_of_the_page_are_package_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["coldbench.benchmarks"]
    held = {path for pattern in patterns for path in (ROOT / "benchmarks").glob(pattern)}
    assets = set((ROOT / "benchmarks" / "report_page" / "assets").iterdir())
    assert len(assets) > 5 and assets <= held
