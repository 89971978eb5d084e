"""Run the speed measures, show them as ratios and keep them under ``results/bench``."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ...datasets.cache import find_data_folder
from ..terminal.console import make_console, make_table
from .bpr import measure_bpr
from .encoding import list_missing_packages, make_abstracts, measure_encoding, read_titles
from .evaluation import S1, XL, Shape, measure_evaluation
from .fine_tuning import list_missing_for_tuning, measure_fine_tuning
from .loading import measure_loading
from .machine import describe_machine
from .page import PROGRAM, MeasureLine, list_lines, write_page
from .startup import measure_startup
from .sweep import measure_sweep
from .training import measure_training


def main(argv: Sequence[str]) -> int:
    """Measure, print a table of ratios, write ``bench.json`` and ``README.md``; return 0."""
    asked = _arguments(argv)
    found: dict[str, dict[str, float]] = {}
    shown = make_console()
    for name, measure in _measures(asked).items():
        shown.print(f"measuring {name} ...")
        found[name] = measure()
    lines = list_lines(found)
    made = make_table(*MeasureLine._fields[:-1])
    for line in lines:
        made.add_row(*line[:-1])
    shown.print(made)
    write_page(asked.out, {"machine": describe_machine(), "measures": found}, lines)
    shown.print(f"written to {asked.out}")
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Measure speed next to the alternatives, on one thread, as ratios.",
    )
    home = os.environ.get("COLDBENCH_RESULTS", "results")
    parser.add_argument("--full", action="store_true", help="add XL: 100,000 users x 50,000 items")
    parser.add_argument("--out", type=Path, default=Path(home) / "bench", help="where to write")
    parser.add_argument("--ml-1m", type=Path, default=None, help="folder of MovieLens 1M")
    parser.add_argument("--only", nargs="*", default=None, help="names of the measures to run")
    return parser.parse_args(argv)


def _measures(asked: argparse.Namespace) -> dict[str, Callable[[], dict[str, float]]]:
    """Return what is to be measured by name: loading and encoding where their inputs are."""
    films = asked.ml_1m or find_data_folder() / "ml-1m"
    offered: dict[str, Callable[[], dict[str, float]]] = {
        f"evaluation {_size(S1)}": lambda: measure_evaluation(S1)
    }
    if asked.full:
        offered[f"evaluation {_size(XL)}"] = lambda: measure_evaluation(
            XL, repeats=3, implicit_users=2_000
        )
    if films.is_dir():
        offered["loading ml-1m"] = lambda: measure_loading(films)
    offered["training"] = measure_training
    offered["bpr"] = measure_bpr
    if not list_missing_packages():
        offered["encoding titles"] = lambda: measure_encoding(read_titles())
        offered["encoding abstracts"] = lambda: measure_encoding(make_abstracts())
    if not list_missing_for_tuning():
        offered["fine-tuning titles"] = measure_fine_tuning
    offered["startup"] = measure_startup
    offered["sweep"] = measure_sweep
    if asked.only is None:
        return offered
    return {name: way for name, way in offered.items() if name.split()[0] in asked.only}


def _size(shape: Shape) -> str:
    return f"{shape.name} ({shape.users:,} users x {shape.items:,} items, d = {shape.dimensions})"
