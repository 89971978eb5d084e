"""The rows of a board: what they are called, belong to, read and cost."""

from typing import Any

from ...methods.base import Need
from ..plugins.registry import list_offers
from ..records.record import RunRecord
from ..reports.board import Board
from ..reports.rows import Row
from ..reports.table_grids import compute_mean_ranks, describe_draws, is_chance
from .plain_numbers import shorten_number

COSTS = ("fit_seconds", "score_seconds", "peak_bytes", "trainable_parameters", "parameters")
TEXTS = {Need.ITEM_TEXT, Need.USER_TEXT}
LANGUAGE_MODEL = "language_model"


def collect_rows(board: Board) -> list[dict[str, Any]]:
    """Return what does not depend on a task, for each row in the order of the board."""
    ranks = {} if board.has_no_ranking else compute_mean_ranks(board)
    return [_describe(row, ranks.get(id(row))) for row in board.rows]


def _describe(row: Row, rank: float | None) -> dict[str, Any]:
    first = row.first
    return {
        "label": row.label,
        "name": row.name,
        "method": first.method,
        "family": first.family,
        "reference": row.reference,
        "chance": is_chance(row),
        "track": first.track or "",
        "side": first.side_information or "",
        "text": reads_text(first),
        "model": find_base_model(first),
        "marks": row.marks,
        "flags": [[sentence, seeds] for sentence, seeds in row.flags.items()],
        "rank": shorten_number(rank),
        "draws": describe_draws(row),
        "status": first.status.value if not row.cells else "ok",
        "failures": row.failure_reasons,
        "cost": {name: shorten_number(row.cost(name)) for name in COSTS},
        "seconds": shorten_number(sum_seconds(row)),
    }


def sum_seconds(row: Row) -> float | None:
    """Return the seconds of fitting and scoring, a mean over the runs; None where unknown."""
    parts = [row.cost("fit_seconds"), row.cost("score_seconds")]
    known = [one for one in parts if one is not None]
    return sum(known) if known else None


def reads_text(record: RunRecord) -> bool:
    """Say whether a run's method reads texts: by its family, by its needs, or by its report."""
    offer = list_offers("methods").get(record.method)
    target = offer.target if offer is not None else None
    needs: frozenset[Need] = getattr(target, "needs", frozenset())
    inputs = record.training.get("inputs")
    words = isinstance(inputs, list) and bool({"words", "text"} & {str(one) for one in inputs})
    return record.family == LANGUAGE_MODEL or bool(TEXTS & needs) or words


def find_base_model(record: RunRecord) -> str:
    """Return the pretrained model that a run reports; empty without one."""
    return str(record.training.get("model") or "")
