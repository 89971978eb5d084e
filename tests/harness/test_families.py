"""One line per leaderboard and task: the best row of every family, a winner in bold."""

from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.families import group_by_family
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.table_grids import CellText

from .test_leaderboard import COLD, WARM, a_record  # type: ignore[import-not-found]


def records() -> list[RunRecord]:
    made = []
    for seed in (0, 1):
        made += [
            a_record("popularity", 0.20, family="reference", reference=True, seed=seed, half=0.01),
            a_record("content_knn", 0.30, family="content", reference=True, seed=seed, half=0.01),
            a_record("lsi_lr", 0.25, family="content", seed=seed, half=0.01),
            a_record("ease", 0.10, family="collaborative", seed=seed, half=0.01),
            a_record("encoder", 0.40, family="language_model", seed=seed, half=0.01),
            a_record("heater", 0.395, family="hybrid", seed=seed, half=0.01),
        ]
    return made


def line(task: str | None = None) -> tuple[list[str], list[CellText]]:
    grid = group_by_family(build_boards(records()), task)
    (row,) = grid.rows
    return [column.head for column in grid.columns], row


def test_a_line_has_the_best_of_each_family_and_reference_rows_apart() -> None:
    head, row = line()
    cells = dict(zip(head, row, strict=True))
    assert cells["task"].text == COLD
    assert cells["baseline"].text == "content_knn 0.3000"
    assert cells["content"].text == "lsi_lr 0.2500"
    assert cells["collaborative"].text == "ease 0.1000"
    assert cells["graph"].text == "-"
    assert cells["language model"] == CellText("encoder 0.4000†~")
    assert cells["hybrid"] == CellText("heater 0.3950†~")
    assert cells["not separated from the best"].text == "heater"


def test_a_winner_is_bold_and_a_row_that_cannot_win_is_not_shown() -> None:
    clear = [one for one in records() if one.method != "heater"]
    blind = [
        a_record("blind", 0.9, family="graph", seed=seed, half=0.01, uninformed={COLD: 1.0})
        for seed in (0, 1)
    ]
    (row,) = group_by_family(build_boards([*clear, *blind]), None).rows
    assert CellText("encoder 0.4000†", best=True) in row and row[-1].text == "none"
    assert not any("blind" in cell.text for cell in row)


def test_a_task_can_be_chosen() -> None:
    assert group_by_family(build_boards(records()), WARM).rows == []
    assert line(COLD)[1][1].text == COLD


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_command_prints_it(
    form: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in records():
        write(record_path(Path("results"), record), record)
    assert cli.main(["leaderboard", "--families", "--format", form]) == 0
    said = capsys.readouterr().out
    assert "encoder 0.4000†~" in said and "**" not in said
    assert "heater 0.3950†~" in said
    assert cli.main(["leaderboard", "--families", "--format", "csv"]) == 2
    assert "without it, csv has every value" in capsys.readouterr().err
