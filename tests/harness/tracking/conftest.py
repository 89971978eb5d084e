"""Records with canaries, a loopback server for W&B's client, and readers of what was written."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.records.record import RunRecord, read_all, record_path, write
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.single_split import make_pair_in

from ..test_leaderboard import a_record  # type: ignore[import-not-found]
from .loopback import LoopbackWandb, serving  # type: ignore[import-not-found]

CANARY = "CANARY7f3a"
TASKS = ("new_item/cold/k=0", "new_user/warm/k=0", "new_user/warm/k=1")
TITLE = "grid / planted"
SECRETS = {
    "MY_TOKEN": f"{CANARY}-token", "WANDB_NOTES": f"{CANARY}-notes", "WANDB_NAME": f"{CANARY}-name",
    "WANDB_HOST": f"{CANARY}-host", "WANDB_USERNAME": f"{CANARY}-user",
    "WANDB_EMAIL": f"{CANARY}@here", "WANDB_RUN_GROUP": f"{CANARY}-group",
}  # fmt: skip


def made(method: str, mean: float, seed: int, **more: Any) -> RunRecord:
    """Return a record of three tasks, a canary wherever a user may type something."""
    values = {"ndcg@10": {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "n": 100}}
    settings = {"neighbours": 20, "note": f"{CANARY}-{more.pop('note', 'note')}"}
    content: dict[str, Any] = {
        "scores": dict.fromkeys(TASKS, values),
        "config": {
            "method": settings,
            "dataset": {"folder": f"/home/{CANARY}/data", "k_core": 5},
            "scenario": {"files": f"/home/{CANARY}/split", "shots": [0, 1]},
            "seed": seed,
        },
        "cost": {"fit_seconds": 1.5, "score_seconds": 0.5, "peak_bytes": None,
                 "trainable_parameters": 0, "parameters": 10},
        "training": {"weights": f"/home/{CANARY}/model", "training": {"losses": [2.0, 1.0]}},
        "facts": {"cold_test_items": 10, "warm_items": 40, "candidates": dict.fromkeys(TASKS, 900)},
    }  # fmt: skip
    record: RunRecord = a_record(method, mean, seed=seed, **(content | more))
    return record


@pytest.fixture
def folder(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of five records: two methods on two draws, and a run that failed."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    home = workplace / f"{CANARY}-results"
    failed = made("broken", 0.0, 0, scores={}, status="failed", error=f"no /home/{CANARY}/file")
    for one in (
        *(made("good", 0.5, s) for s in (0, 1)),
        *(made("poor", 0.1, s) for s in (0, 1)),
        failed,
    ):
        put(home, one)
    return home


def put(home: Path, record: RunRecord) -> RunRecord:
    """Write a record, in the place of an earlier one."""
    path = record_path(home, record)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = write(path, record, replace=True)
    assert written is not None
    return written


@pytest.fixture(scope="module")
def loopback() -> Iterator[LoopbackWandb]:
    """The server that W&B's client in this process talks to, for the tests of one module."""
    if find_spec("wandb") is None:
        pytest.skip("wandb is not installed; install coldbench[wandb]")
    import wandb

    wandb.teardown()  # the client reads the address of its server once
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        patch.setenv("WANDB_BASE_URL", server.url)
        patch.setenv("WANDB_API_KEY", "a" * 40)
        patch.setenv("WANDB_ERROR_REPORTING", "true")
        yield server
        server.forget()
        wandb.teardown()


@pytest.fixture
def server(loopback: LoopbackWandb) -> LoopbackWandb:
    """The server, as new."""
    loopback.forget()
    return loopback


def boards_of(folder: Path) -> list[Board]:
    """Return the leaderboards of a folder, as the command line makes them."""
    records = [one for one in read_all(folder) if isinstance(one, RunRecord)]
    return build_boards(records, pair_in=make_pair_in(folder))


def offline_runs(home: Path = Path()) -> list[Path]:
    """Return the offline folders of W&B below a folder."""
    return sorted((home / "wandb").glob("offline-run-*"))


def read_offline(run: Path) -> list[dict[str, Any]]:
    """Return what W&B's own reader finds in an offline folder, event by event."""
    (log,) = run.glob("*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def bytes_below(folder: Path) -> bytes:
    """Return the content of every file below a folder, with the names of the files."""
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert files
    names = "\n".join(str(one.relative_to(folder)) for one in files).encode()
    return names + b"".join(one.read_bytes() for one in files)


def demand_absent(content: bytes, *secrets: str) -> None:
    """Demand that none of the texts is anywhere in some bytes, and show where one is."""
    for secret in secrets:
        at = content.find(secret.encode())
        assert at < 0, content[max(0, at - 200) : at + 200].decode(errors="replace")
