"""A Report of W&B that shows the leaderboards, where ``wandb-workspaces`` is installed."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..reports.captions import make_title
from .board_charts import Chart
from .board_tables import ShownBoard
from .destination import Destination, Mode
from .session import load_wandb

TITLE = "coldbench leaderboards"
PACKAGE = "wandb_workspaces"
WIDTH = 24
"""Of a panel over the whole page, in the units of W&B."""
NOT_INSTALLED = (
    "no Report is written: wandb-workspaces is not installed (pip install wandb-workspaces); the "
    "tables and charts are in the run all the same"
)
OFFLINE = "a Report is written online only, with --mode online"
HOW_TO_READ = (
    "Each row is a method with its settings; the difference is paired with the best row over the "
    "draws of the split, with a 95 % interval. The values are those of `coldbench leaderboard`."
)


def write_report(
    to: Destination, run_id: str, shown: Sequence[ShownBoard], charts: Sequence[Chart]
) -> str:
    """Write the Report of a project, or bring it up to date; return a sentence about it.

    Raises
    ------
    Exception
        Whatever W&B raises.
    """
    if to.mode is Mode.OFFLINE:
        return OFFLINE
    if find_spec(PACKAGE) is None:
        return NOT_INSTALLED
    blocks: Any = import_module(f"{PACKAGE}.reports.v2")
    api = load_wandb().Api(timeout=max(1, round(to.timeout)))
    entity = to.entity or api.default_entity
    held = next(iter(api.reports(f"{entity}/{to.project}", name=TITLE)), None)
    if held is None:
        report = blocks.Report(entity=entity, project=to.project, title=TITLE, width="fluid")
    else:
        report = blocks.Report.from_url(held.url)
    report.description = HOW_TO_READ
    runs = blocks.Runset(
        entity=entity, project=to.project, name="leaderboards", filters=f"ID = '{run_id}'"
    )
    report.blocks = [blocks.TableOfContents(), *_make_blocks(blocks, runs, shown, charts)]
    report.save()
    return f"Report: {report.url}"


def _make_blocks(
    blocks: Any, runs: Any, shown: Sequence[ShownBoard], charts: Sequence[Chart]
) -> list[Any]:
    """Return a section for each leaderboard: its table, then its charts."""
    made: list[Any] = []
    for one in shown:
        title = make_title(one.board, None).replace(one.board.title, one.title)
        table = blocks.WeavePanelSummaryTable(
            table_name=f"boards/{one.key}", layout=blocks.Layout(x=0, y=0, w=WIDTH, h=14)
        )
        own = [chart for chart in charts if chart.board == one.key]
        panels = [table, *(_draw(blocks, chart, at) for at, chart in enumerate(own))]
        made += [blocks.H2(text=title), blocks.PanelGrid(runsets=[runs], panels=panels)]
    return made


def _draw(blocks: Any, chart: Chart, at: int) -> Any:
    """Return a chart as a panel of half the width, below the table."""
    half = WIDTH // 2
    return blocks.CustomChart(
        query={"summaryTable": {"tableKey": f"{chart.key}_table"}},
        chart_name=f"wandb/{chart.kind}/v0",
        chart_fields=chart.fields,
        chart_strings={"title": chart.title},
        layout=blocks.Layout(x=half * (at % 2), y=14 + 8 * (at // 2), w=half, h=8),
    )
