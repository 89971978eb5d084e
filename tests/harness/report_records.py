"""Records of a small board for the tests of the report: five methods, five tasks, three draws."""

from pathlib import Path
from typing import Any

from coldbench.benchmarks.records.record import RunRecord, record_path, write
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.group_records import build_boards

from .test_leaderboard import a_record  # type: ignore[import-not-found]

TASKS = (
    "warm/warm/k=0", "new_item/cold/k=0", "new_user/warm/k=0", "new_user/warm/k=1",
    "new_user/warm/k=5",
)  # fmt: skip
HARM = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
MEANS = {
    "random": (0.02, 0.03, 0.02, 0.02, 0.02),
    "popularity": (0.10, 0.03, 0.20, 0.20, 0.20),
    "content_knn": (0.12, 0.300, 0.19, 0.21, 0.24),
    "word_knn": (0.11, 0.301, 0.18, 0.22, 0.23),
    "heater": (0.20, 0.15, 0.21, 0.25, 0.30),
}
SECONDS = {"random": 0.1, "popularity": 0.2, "content_knn": 1.0, "word_knn": 700.0, "heater": 90.0}
FAMILIES = {"random": "reference", "popularity": "reference", "heater": "hybrid"}
TRAINING = {
    "training": {
        "losses": [0.9, 0.5, 0.4],
        "validation": [[1, 0.1], [3, 0.2]],
        "validation_parts": {"group/new_item": [[1, 0.05], [3, 0.07]]},
        "epochs": 3,
        "steps": 300,
        "adequacy": {
            "groups": {"new_item": {"step": 300, "epoch": 3}},
            "chance_loss": 0.693,
            "flags": ["stopped at its cap of 300 steps"],
        },
    }
}


def estimate(mean: float, half: float = 0.004) -> dict[str, Any]:
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": 100}


def report_records(
    dataset: str = "planted", shift: float = 0.0, *, sliced: bool = False
) -> list[RunRecord]:
    """Three draws move all methods together; content_knn and word_knn are equal on new items."""
    found = []
    for method, means in MEANS.items():
        for seed in (0, 1, 2):
            moved = [m + shift + 0.01 * seed * m + 0.002 * ((seed + at) % 2) * (m > 0.1)
                     for at, m in enumerate(means)]  # fmt: skip
            scores = {t: {"ndcg@10": estimate(m)} for t, m in zip(TASKS, moved, strict=True)}
            if method == "content_knn":
                scores[TASKS[1]] = {"ndcg@10": estimate(0.302 + 0.01 * seed * (-1) ** seed)}
            slices: dict[str, Any] = {
                TASKS[1]: {
                    "history:1-5": {"ndcg@10": estimate(0.1 + 0.01 * seed)},
                    "gap:gender": {"ndcg@10": estimate(0.05)},
                }
            }
            reference = method in ("random", "popularity")
            found.append(
                a_record(
                    method, 0.5, seed=seed, dataset=dataset, scores=scores,
                    slices=slices if sliced else {},
                    reference=reference, family=FAMILIES.get(method, "content"),
                    chance={task: {"ndcg@10": 0.025} for task in TASKS},
                    facts={"pairs": 1000 + seed, "warm_users": 80, "candidates": {}},
                    training=TRAINING if method == "heater" else {},
                    cost={
                        "fit_seconds": SECONDS[method] * 0.9,
                        "score_seconds": SECONDS[method] * 0.1,
                        "peak_bytes": 10**8, "trainable_parameters": 10, "parameters": 10,
                    },
                )
            )  # fmt: skip
    return found


def harmful_record() -> RunRecord:
    """A run of a plugin whose texts would end a script, were they not escaped."""
    record: RunRecord = a_record(
        "plugin", None, preset=f"plugin {HARM}", error=f"ValueError: {HARM}",
        config={"method": {"name": HARM}, "dataset": {}, "scenario": {}},
        training={"model": HARM}, findings=[],
    )  # fmt: skip
    return record


def report_board(records: list[RunRecord] | None = None) -> Board:
    (board,) = build_boards(records or report_records())
    return board


def write_records(home: Path, records: list[RunRecord]) -> Path:
    for record in records:
        write(record_path(home, record), record)
    return home
