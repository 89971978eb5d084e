"""``coldbench results compare``: whether two folders hold the same values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ...store.comparison import Comparison, Difference, compare
from ...terminal.console import make_console, make_table
from .folder import find_home, make_parser

SHOWN = 30
"""Rows and places that are printed unless all are wanted."""


def main(argv: list[str]) -> int:
    """Compare two folders; return 1 when a value differs or a record cannot be believed."""
    parser = make_parser(
        "compare",
        "Compare what was measured by the same runs (the same run_id) in two folders, to the last "
        "digit: status, scores, slices, validation, chance. Cost and machine are not compared. "
        "The exit status is 1 if a value differs.",
        folder=False,
    )
    parser.add_argument("first", metavar="A", help="folder of records")
    parser.add_argument("second", metavar="B", help="another one")
    parser.add_argument("--all", action="store_true", help=f"more than {SHOWN} rows of each kind")
    options = parser.parse_args(argv)
    first, second = find_home(options.first), find_home(options.second)
    found = compare(first, second)
    _show(make_console(), found, (first, second), None if options.all else SHOWN)
    return int(bool(found.differing or found.problems))


def _show(out: Console, found: Comparison, homes: tuple[Path, Path], most: int | None) -> None:
    if found.differing:
        rows = make_table("run", "values", "largest at", str(homes[0]), str(homes[1]), "difference")
        for place, differences in list(found.differing.items())[:most]:
            worst = find_largest(differences)
            size = "" if worst.size is None else f"{worst.size:+.3g}"
            rows.add_row(
                str(place.with_suffix("")), str(len(differences)), worst.what,
                _show_value(worst.first), _show_value(worst.second), size,
            )  # fmt: skip
        out.print(rows)
        _count_rest(out, len(found.differing), most)
    for home, places in zip(homes, (found.first_only, found.second_only), strict=True):
        for place in places[:most]:
            out.print(f"{home / place} is only there", soft_wrap=True)
        _count_rest(out, len(places), most)
    for problem in found.problems:
        out.print(problem, soft_wrap=True)
    parts = [f"{found.equal:,} runs equal to the last digit", f"{len(found.differing):,} differ"]
    for home, places in zip(homes, (found.first_only, found.second_only), strict=True):
        parts.append(f"{len(places):,} only in {home}")
    parts += [f"{len(found.problems):,} not valid"] if found.problems else []
    out.print("; ".join(parts), soft_wrap=True)


def find_largest(differences: Sequence[Difference]) -> Difference:
    """Return the difference that weighs most: a status, then a value that one lacks, then size."""

    def weigh(one: Difference) -> tuple[bool, bool, float]:
        return one.what == "status", one.size is None, abs(one.size or 0.0)

    return max(differences, key=weigh)


def _count_rest(out: Console, count: int, most: int | None) -> None:
    if most is not None and count > most:
        out.print(f"and {count - most:,} more; --all shows them")


def _show_value(value: Any) -> str:
    return "-" if value is None else str(value)
