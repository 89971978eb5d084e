"""`coldbench wandb leaderboard`: one run per project, offline and on a server."""

import json
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.tracking import board_report
from coldbench.benchmarks.tracking.board_charts import draw_charts
from coldbench.benchmarks.tracking.board_run import RUN_ID
from coldbench.benchmarks.tracking.board_tables import COLUMNS, show_boards

from .conftest import (  # type: ignore[import-not-found]
    CANARY,
    TITLE,
    boards_of,
    bytes_below,
    demand_absent,
    made,
    offline_runs,
    put,
    read_offline,
)
from .loopback import LoopbackWandb  # type: ignore[import-not-found]

pytestmark = [pytest.mark.xdist_group("wandb"), pytest.mark.timeout(1200)]


def leaderboard(folder: Path, *words: str) -> int:
    return cli.main(["wandb", "leaderboard", "--results", str(folder), *words])


def test_offline_a_project_has_one_run_of_leaderboards(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("wandb")
    assert leaderboard(folder, "--project", "mine", "--tags", "paper") == 0
    out = capsys.readouterr().out
    assert "1 leaderboards with 7 rows sent" in out and board_report.OFFLINE in out
    (first,) = offline_runs()
    assert leaderboard(folder, "--project", "mine") == 0
    assert "there already" in capsys.readouterr().out and offline_runs() == [first]
    put(folder, made("late", 0.3, 0))
    assert leaderboard(folder, "--project", "mine") == 0
    (second,) = offline_runs()
    assert second != first and RUN_ID in second.name

    events = read_offline(second)
    (run,) = [one["run"] for one in events if one["type"] == "run"]
    assert run["run_id"] == RUN_ID and run["tags"] == ["leaderboard"]
    (path,) = second.glob("files/media/table/boards/grid_planted_*.json")
    table = json.loads(path.read_text())
    (shown,) = show_boards(boards_of(folder))
    assert table["columns"] == list(COLUMNS)
    assert table["data"] == json.loads(json.dumps(shown.table[1]))
    assert len(list(second.glob("files/media/table/shots/*.json"))) == 1
    assert len(list(second.glob("files/media/table/cost/*.json"))) == 2
    artifacts = {one["artifact"]["name"] for one in events if one["type"] == "artifact"}
    assert artifacts == {
        "splits-grid_planted", "records-grid_planted", "leaderboard-grid_planted"
    }  # fmt: skip
    splits = (second / "artifacts/splits-grid_planted/splits.jsonl").read_text().splitlines()
    assert [json.loads(one)["seed"] for one in splits] == [0, 1]
    content = bytes_below(Path("wandb")) + json.dumps(events).encode()
    demand_absent(content, CANARY, str(Path.cwd()))


def test_a_server_keeps_one_run_with_its_lineage(
    folder: Path,
    server: LoopbackWandb,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(board_report, "find_spec", lambda name: None)
    online = ("--project", "mine", "--mode", "online", "--timeout", "60")
    assert leaderboard(folder, *online) == 0
    assert "wandb-workspaces is not installed" in capsys.readouterr().out
    (run,) = server.runs.values()
    assert (run.name, run.state, run.times) == (RUN_ID, "finished", 1)
    assert run.settings == {"boards": [TITLE]}
    assert run.summary["boards/grid_planted"]["nrows"] == 7
    assert set(run.config["_wandb"]["value"]["visualize"]) == {
        one.key for one in draw_charts(show_boards(boards_of(folder))[0])
    }
    assert any(name.startswith("media/table/boards/grid_planted") for name in run.files)
    kinds = {
        one["artifactCollectionName"]: one["artifactTypeName"] for one in server.artifacts.values()
    }
    assert kinds == {
        "splits-grid_planted": "splits", "records-grid_planted": "records",
        "leaderboard-grid_planted": "leaderboard",
    }  # fmt: skip
    assert server.used == ["splits-grid_planted", "records-grid_planted"]
    assert leaderboard(folder, *online) == 0
    assert "there already" in capsys.readouterr().out and run.times == 1
    put(folder, made("late", 0.3, 0))
    assert leaderboard(folder, *online) == 0
    assert set(server.runs) == {RUN_ID} and run.times == 2
    assert run.summary["boards/grid_planted"]["nrows"] == 10
    sent = b"".join(server.requests)
    demand_absent(sent, CANARY, str(folder.parent))
