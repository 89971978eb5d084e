"""What a board's data is: the dataset's card, and what its splits hold."""

from collections.abc import Mapping
from typing import Any

from ...datasets.card import Card
from ..plugins.registry import list_offers
from ..reports.board import Board

COUNTS = {
    "pairs": "positive interactions",
    "merged_pairs": "duplicates merged",
    "unused_pairs": "interactions in no part",
    "warm_users": "warm users",
    "cold_validation_users": "cold users for validation",
    "cold_test_users": "cold users of the test",
    "warm_items": "warm items",
    "cold_validation_items": "cold items for validation",
    "cold_test_items": "cold items of the test",
}
"""Counts of a split that are on the page, and what they are called."""
SETTINGS = {
    "random": ("strategy", "shots", "cold_fraction"),
    "temporal": ("strategy", "shots", "quantiles"),
    "published": ("strategy", "shots", "format"),
}
"""Settings of a scenario that are on the page, by the strategy of its splits."""


def collect_card(board: Board) -> dict[str, Any]:
    """Return the card of a dataset as texts, and the counts of the board's splits.

    Counts that differ between draws are a range. A dataset that is not installed here, or has no
    card, is known by its counts alone.
    """
    offer = list_offers("datasets").get(board.dataset)
    card = getattr(offer.target, "card", None) if offer is not None else None
    told: dict[str, Any] = {}
    if isinstance(card, Card):
        told = {
            "title": card.title,
            "publisher": card.publisher,
            "licence": card.licence,
            "citation": card.citation,
            "page": card.page,
            "limitations": list(card.limitations),
        }
    records = [one for row in board.rows for one in row.records]
    settings: Mapping[str, Any] = records[0].config.get("scenario", {})
    splits = {one.split_sha256 for one in records if one.scores}
    counts = [["draws of the split", str(len(splits))]]
    counts += [
        [title, _range([one.facts[name] for one in records if name in one.facts])]
        for name, title in COUNTS.items()
        if any(name in one.facts for one in records)
    ]
    counts += [
        [f"scenario.{name}", str(settings[name])]
        for name in SETTINGS.get(str(settings.get("strategy")), ())
        if settings.get(name) is not None
    ]
    return {**told, "counts": counts, "data": records[0].data_sha256}


def _range(values: list[Any]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
