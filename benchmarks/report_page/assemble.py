"""Everything that the page shows, as one JSON value, from boards that are built already."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ... import __version__
from ..plugins.docstrings import first_sentence
from ..plugins.registry import list_offers
from ..reports.board import Board
from ..reports.captions import list_notes_above, list_notes_below
from .across_panel import collect_across
from .bibtex import find_source, make_bibtex
from .card_panel import collect_card
from .curve_panel import collect_curves
from .pair_panel import collect_pairs
from .provenance_panel import collect_provenance
from .row_panel import collect_rows
from .sentences import list_sentences
from .slice_panel import collect_slices
from .task_panel import collect_task
from .training_panel import collect_training


def collect_report(
    boards: Sequence[Board], home: Path, curves: int | None = None
) -> dict[str, Any]:
    """Return the content of the page: plain JSON values, its numbers those of the boards.

    Parameters
    ----------
    boards
        From ``build_boards``.
    home
        Folder of the records, whose tables hold the slices.
    curves
        Of how many runs of a row the learning curves are drawn; None for all.
    """
    records = [one for board in boards for row in board.rows for one in row.records]
    methods = sorted({one.method for one in records})
    names = _name_boards(boards)
    return {
        "version": __version__,
        "records": len(records),
        "curves": curves,
        "newest": max((one.started for one in records), default=""),
        "boards": [
            collect_board(board, name, home, curves)
            for board, name in zip(boards, names, strict=True)
        ],
        "across": collect_across(boards),
        "methods": {method: _describe_method(method) for method in methods},
    }


def collect_board(board: Board, name: str, home: Path, curves: int | None = None) -> dict[str, Any]:
    """Return one board; ``name`` is what the page's address calls it."""
    return {
        "name": name,
        "title": board.title,
        "dataset": board.dataset,
        "scenario": board.scenario,
        "metric": board.metric,
        "lower_is_better": board.lower_is_better,
        "ranked": not board.has_no_ranking,
        "card": collect_card(board),
        "sentences": [] if board.has_no_ranking else list_sentences(board),
        "above": list_notes_above(board, None),
        "below": list_notes_below(board, None),
        "rows": collect_rows(board),
        "tasks": [collect_task(board, task) for task in board.tasks],
        "pairs": {task: collect_pairs(board, task) for task in board.tasks},
        **collect_curves(board),
        "slices": collect_slices(board, home),
        "training": collect_training(board, curves),
        "provenance": collect_provenance(board),
    }


def _name_boards(boards: Sequence[Board]) -> list[str]:
    """Return ``grid/ml-100k`` for each board; further ones of that name are numbered."""
    seen: dict[str, int] = {}
    names = []
    for board in boards:
        name = f"{board.scenario}/{board.dataset}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}/{seen[name]}")
    return names


def _describe_method(method: str) -> dict[str, str]:
    offer = list_offers("methods").get(method)
    target = offer.target if offer is not None else None
    source = find_source(method)
    return {
        "sentence": "" if target is None else first_sentence(target),
        "source": source,
        "bibtex": make_bibtex(method, source),
    }
