"""What W&B shows of a leaderboard: one row per task and method, all of it from ``Board``."""

import json
from dataclasses import dataclass
from typing import Any

from ..plugins.registry import OWN
from ..records.record import RunRecord
from ..reports.board import Board
from ..reports.comparable import find_code_settings
from ..reports.rows import Cell, Row
from .allowed import OWN_TEXT
from .board_names import make_key, name_boards, name_rows, show_settings
from .run_contents import Table

COSTS = ("fit_seconds", "score_seconds", "peak_bytes", "trainable_parameters", "parameters")
COLUMNS = (
    "task", "rank", "row", "method", "settings", "family", "metric", "mean", "low", "high",
    "draws", "users", "difference", "difference_low", "difference_high", "p_holm", "shared_draws",
    "winner", "beats_baselines", "not_contending", "no_winner_because", "chance", "baseline",
    "side_information", "track", "base_model", "tuned_trials", "training_flagged", "flags",
    *COSTS, "status",
)  # fmt: skip
Values = dict[str, Any]


@dataclass(frozen=True)
class ShownBoard:
    """A leaderboard as it may leave the machine.

    Attributes
    ----------
    board
        As the records make it.
    title
        Its name, without own texts.
    labels
        Of its rows, by their ``id``.
    """

    board: Board
    title: str
    labels: dict[int, str]

    @property
    def key(self) -> str:
        """Its name in W&B."""
        return make_key(self.title)

    @property
    def table(self) -> Table:
        """One row per task and method; rows without values come last."""
        lines = [
            self._line(row, self._value(task, rank, row, cell))
            for task in self.board.tasks
            for rank, row, cell in self.board.ranking(task)
        ]
        lines += [self._line(row, {}) for row in self.board.rows if not row.cells]
        return list(COLUMNS), [[line.get(name) for name in COLUMNS] for line in lines]

    def _line(self, row: Row, value: Values) -> Values:
        first = row.first
        flags = row.flags
        settings = show_settings(first, "method")
        return {
            "row": self.labels[id(row)],
            "method": first.method,
            "settings": json.dumps(settings, sort_keys=True),
            "family": first.family,
            "metric": self.board.metric,
            "baseline": row.reference,
            "side_information": first.side_information,
            "track": first.track,
            "base_model": find_base_model(first, settings),
            "tuned_trials": int((first.tuning or {}).get("trials", first.tuning_trials)),
            "training_flagged": bool(flags),
            "flags": "; ".join(flags) if _is_own(row) or not flags else OWN_TEXT,
            "status": "ok" if row.cells else first.status.value,
            **{name: row.cost(name) for name in COSTS},
            **value,
        }

    def _value(self, task: str, rank: int, row: Row, cell: Cell) -> Values:
        board, difference = self.board, self.board.difference(row, task)
        return {
            "task": task,
            "rank": None if board.has_no_ranking else rank,
            "mean": cell.mean,
            "low": cell.low,
            "high": cell.high,
            "draws": cell.draws,
            "users": cell.users,
            **(difference.list_values() if difference else {}),
            "winner": row in board.winners(task),
            "beats_baselines": board.beats_baselines(row, task),
            "not_contending": board.standing(task).reasons_not_to_contend.get(id(row)),
            "no_winner_because": "; ".join(board.find_reasons_against_winner(task)) or None,
            "chance": board.chance(task),
        }


def show_boards(made: list[Board]) -> list[ShownBoard]:
    """Return the leaderboards under names that may be shown."""
    titles = name_boards(made)
    return [ShownBoard(one, title, name_rows(one)) for one, title in zip(made, titles, strict=True)]


def find_base_model(record: RunRecord, settings: Values) -> str | None:
    """Return the pretrained language model behind a row, None where there is none.

    A name that is not the default of the method's field was typed, and is not shown.
    """
    return settings.get("model") if record.family == "language_model" else None


def _is_own(row: Row) -> bool:
    """Say whether the sentences of a row's training are coldbench's own."""
    return find_code_settings(row.first, "method").get("package") == OWN
