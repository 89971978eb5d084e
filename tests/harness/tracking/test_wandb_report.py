"""The Report of W&B, written with a stub of ``wandb-workspaces``."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from coldbench.benchmarks.tracking import board_report
from coldbench.benchmarks.tracking.board_charts import draw_charts
from coldbench.benchmarks.tracking.board_run import RUN_ID
from coldbench.benchmarks.tracking.board_tables import show_boards
from coldbench.benchmarks.tracking.destination import Destination, Mode

from .conftest import (  # type: ignore[import-not-found]
    CANARY,
    TITLE,
    boards_of,
)


class Reports(ModuleType):
    """Stands for ``wandb_workspaces.reports.v2``: what is built is kept as it was said."""

    saved: list[Any]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **words: SimpleNamespace(kind=name, **words)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reports]:
    stub = Reports("wandb_workspaces.reports.v2")
    stub.saved = []

    class Report(SimpleNamespace):
        url = "https://here/report"

        def save(self) -> None:
            stub.saved.append(self)

        @classmethod
        def from_url(cls, url: str) -> "Report":
            return cls(title="held", url=url, blocks=["old"])

    stub.Report = Report  # type: ignore[attr-defined]
    monkeypatch.setattr(board_report, "find_spec", lambda name: ModuleSpec(name, None))
    monkeypatch.setattr(board_report, "import_module", lambda name: stub)
    yield stub


def test_a_report_shows_every_table_and_is_written_once(
    folder: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[Any] = []
    asked: list[Any] = []

    def find(path: str, name: str) -> list[Any]:
        asked.append((path, name))
        return held

    api = SimpleNamespace(default_entity="me", reports=find)
    monkeypatch.setattr(
        board_report, "load_wandb", lambda: SimpleNamespace(Api=lambda timeout: api)
    )
    (shown,) = show_boards(boards_of(folder))
    charts = list(draw_charts(shown))
    to = Destination(project="mine", mode=Mode.ONLINE)
    message = board_report.write_report(to, RUN_ID, [shown], charts)
    assert message == "Report: https://here/report"
    assert asked == [("me/mine", board_report.TITLE)]
    (report,) = reports.saved
    assert (report.entity, report.project, report.title) == ("me", "mine", board_report.TITLE)
    _, heading, grid = report.blocks
    assert heading.text == f"{TITLE}: ndcg@10"
    (runs,) = grid.runsets
    assert runs.filters == f"ID = '{RUN_ID}'"
    assert [one.kind for one in grid.panels] == ["WeavePanelSummaryTable", *["CustomChart"] * 3]
    assert grid.panels[0].table_name == "boards/grid_planted"
    assert grid.panels[1].query == {"summaryTable": {"tableKey": f"{charts[0].key}_table"}}
    held.append(SimpleNamespace(url="https://here/held"))
    again = board_report.write_report(to, RUN_ID, [shown], charts)
    assert again == "Report: https://here/held" and reports.saved[1].blocks != ["old"]
    assert CANARY not in repr(reports.saved)
    offline = replace(to, mode=Mode.OFFLINE)
    assert board_report.write_report(offline, RUN_ID, [shown], charts) == board_report.OFFLINE


def test_a_report_without_its_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_report, "find_spec", lambda name: None)
    to = Destination(mode=Mode.ONLINE)
    message = board_report.write_report(to, RUN_ID, [], [])
    assert "pip install wandb-workspaces" in message
