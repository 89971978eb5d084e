"""Run the speed measures, show them as ratios and keep them under ``results/bench``."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...datasets.atomic import replacing
from ...datasets.cache import data_home
from ..console import console, table
from .evaluation import S1, XL, Shape, measure_evaluation
from .loading import measure_loading
from .machine import machine
from .training import measure_training

ROWS = {
    "product": "matrix product alone (numpy)",
    "ranking": "ours: product, mask, top 100, all top-k metrics",
    "ranking_auc": "ours with AUC",
    "evaluation": "ours with AUC, intervals, slices, beyond accuracy",
    "implicit": "implicit's ranking_metrics_at_k, one k",
    "plain_read": "plain C-parser read",
    "plain_read_all_cores": "plain C-parser read, on all cores",
    "load_and_split": "ours, one thread: load and split",
    "cached_load": "ours: cached load",
    "bare": "bare torch loop",
    "lightning": "ours through Lightning",
    "lightning_one_batch": "Lightning, one batch a step",
}
"""Measures by key, in the order of the table."""
BASES = ("product", "plain_read", "bare")
"""What the others are divided by."""


def main(argv: Sequence[str]) -> int:
    """Measure, print a table of ratios, write ``bench.json`` and ``README.md``; return 0."""
    asked = _arguments(argv)
    found: dict[str, dict[str, float]] = {}
    shown = console()
    for name, measure in _measures(asked).items():
        shown.print(f"measuring {name} ...")
        found[name] = measure()
    rows = _rows(found)
    made = table("what", "measure", "seconds", "ratio")
    for row in rows:
        made.add_row(*row)
    shown.print(made)
    _write(asked.out, {"machine": machine(), "measures": found}, rows)
    shown.print(f"written to {asked.out}")
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m coldbench.benchmarks.bench",
        description="Measure speed beside the alternatives, on one thread, as ratios.",
    )
    home = os.environ.get("COLDBENCH_RESULTS", "results")
    parser.add_argument("--full", action="store_true", help="add XL: 100,000 users x 50,000 items")
    parser.add_argument("--out", type=Path, default=Path(home) / "bench", help="where to write")
    parser.add_argument("--ml-1m", type=Path, default=None, help="folder of MovieLens 1M")
    parser.add_argument("--only", nargs="*", default=None, help="names of the measures to run")
    return parser.parse_args(argv)


def _measures(asked: argparse.Namespace) -> dict[str, Any]:
    """Return what is to be measured by name; loading only where MovieLens 1M is at hand."""
    films = asked.ml_1m or data_home() / "ml-1m"
    offered: dict[str, Any] = {f"evaluation {_size(S1)}": lambda: measure_evaluation(S1)}
    if asked.full:
        offered[f"evaluation {_size(XL)}"] = lambda: measure_evaluation(
            XL, repeats=3, implicit_users=2_000
        )
    if films.is_dir():
        offered["loading ml-1m"] = lambda: measure_loading(films)
    offered["training"] = measure_training
    if asked.only is None:
        return offered
    return {name: way for name, way in offered.items() if name.split()[0] in asked.only}


def _size(shape: Shape) -> str:
    return f"{shape.name} ({shape.users:,} users x {shape.items:,} items, d = {shape.dimensions})"


def _rows(found: dict[str, dict[str, float]]) -> list[tuple[str, str, str, str]]:
    """Return (measure, way, seconds, ratio to the base) for every way measured."""
    rows = []
    for name, seconds in found.items():
        base = next(key for key in BASES if key in seconds)
        for key, title in ROWS.items():
            if key in seconds:
                ratio = seconds.get(f"{key}_over_{base}", seconds[key] / seconds[base])
                rows.append((name, title, f"{seconds[key]:.3g}", f"{ratio:.2f}"))
        if "ranking_mib" in seconds:
            memory = f"{seconds['ranking_mib']:.0f} MiB"
            rows.append((name, "memory of ours above its inputs", memory, ""))
    return rows


def _write(folder: Path, facts: dict[str, Any], rows: list[tuple[str, str, str, str]]) -> None:
    with replacing(folder / "bench.json") as file:
        file.write(json.dumps(facts, indent=2).encode() + b"\n")
    known = facts["machine"]
    lines = [
        "# Speed",
        "",
        f"{known['processor']}, {known['cores']} cores, one thread used; Python {known['python']}, "
        f"numpy {known['numpy']}. Ratios are to the first line of each measure. "
        "Made by `make bench`; what is measured is said in `docs/speed.md`.",
        "",
        "| what | measure | seconds | ratio |",
        "|---|---|---:|---:|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]
    with replacing(folder / "README.md") as file:
        file.write("\n".join(lines).encode())
