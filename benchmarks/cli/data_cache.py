"""``coldbench data cache``: show what was computed once and is kept, or remove it."""

import argparse
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from ...datasets.cache import find_data_folder
from ...datasets.cache_entries import CacheEntry, choose_entries, list_entries, remove_entries
from ...datasets.errors import ColdbenchError
from ..terminal.console import make_table

if TYPE_CHECKING:
    from rich.console import Console

ALL = "all"


def add_cache_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``coldbench data cache``."""
    parser.add_argument(
        "--clear",
        metavar="KIND",
        action="append",
        help=f"remove what is kept of a kind, or `{ALL}`; no run may be using it",
    )
    parser.add_argument(
        "--unused-for",
        metavar="DAYS",
        type=float,
        default=0.0,
        help="with --clear: only what was not used for so many days",
    )


def show_cache(options: argparse.Namespace, console: "Console") -> int:
    """Print the cache by kind, or remove of it what the arguments say."""
    entries, cleared = list_entries(), options.clear or []
    if not cleared:
        if options.unused_for:
            raise ColdbenchError(
                "--unused-for says what --clear is to remove; add --clear KIND, or --clear all"
            )
        _show(entries, console)
        return 0
    kinds = sorted({one.kind for one in entries}) if cleared == [ALL] else cleared
    gone = remove_entries(choose_entries(entries, kinds, options.unused_for))
    size = sum(one.bytes for one in gone) / 1e6
    told = f"removed {len(gone):,} of {len(entries):,} entries, {size:,.1f} MB"
    console.print(told, soft_wrap=True)
    return 0


def _show(entries: list[CacheEntry], console: "Console") -> None:
    folder = find_data_folder() / "cache"
    if not entries:
        console.print(f"nothing is in {folder}", soft_wrap=True)
        return
    table = make_table("kind", "entries", "MB", "last used")
    for kind, held in groupby(entries, key=lambda one: one.kind):
        group = list(held)
        used = datetime.fromtimestamp(max(one.used for one in group), UTC).date()
        size = sum(one.bytes for one in group) / 1e6
        table.add_row(kind, f"{len(group):,}", f"{size:,.1f}", used.isoformat())
    console.print(table)
    total = sum(one.bytes for one in entries) / 1e6
    console.print(f"{len(entries):,} entries, {total:,.1f} MB in {folder}", soft_wrap=True)
