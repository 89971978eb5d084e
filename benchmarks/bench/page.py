"""The page of a bench: a line per way measured, with its ratio and the command that makes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...datasets.atomic import replace_atomically

PROGRAM = "python -m coldbench.benchmarks.bench"

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
    "bare": "bare torch loop, batch of 2,048",
    "lightning": "ours through Lightning",
    "lightning_one_batch": "ours through Lightning, one batch a call",
    "plain_lightning": "Lightning as its users call it",
    "library": "implicit's BPR alone",
    "method": "ours: implicit_bpr",
    "theirs": "sentence-transformers at its defaults",
    "fp32": "ours at its defaults, fp32",
    "bf16": "ours, precision=bf16",
    "stored": "ours, texts seen before",
    "plain": "the plain loop on transformers and peft, fp32",
    "tuned_fp32": "ours, an epoch with towers and refreshes, fp32",
    "tuned_bf16": "ours, the same in bf16",
    "python": "python -c pass",
    "import_torch": "python -c 'import torch'",
    "help": "coldbench --help",
    "list": "coldbench list",
    "fit_and_score": "fitting and scoring, summed over the records",
    "command": "coldbench run -m, the whole command",
    "without_start": "coldbench run -m, less its start",
    "jobs": "the runs, as each clocks itself",
}
"""Measures by key, in the order of the table."""
BASES = ("product", "plain_read", "bare", "library", "theirs", "plain", "python", "fit_and_score")
"""What the others are divided by."""
ALLOWED = {
    "ranking": 2.0,
    "load_and_split": 2.0,
    "lightning": 1.05,
    "bf16": 0.5,
    "command": 1.5,
}
"""The ratio that each may cost at most."""
RATES = {"library": "pairs", "theirs": "texts"}
"""What ``..._per_second`` counts, by the base of a measure."""


class MeasureLine(NamedTuple):
    """One line of the table, as text."""

    what: str
    measure: str
    seconds: str
    ratio: str
    allowed: str
    note: str
    command: str


def list_lines(found: Mapping[str, Mapping[str, float]]) -> list[MeasureLine]:
    """Return a line for every way measured, the base of each measure first."""
    made = []
    for name, measured in found.items():
        base = next(key for key in BASES if key in measured)
        command = find_command(name)
        for key, title in ROWS.items():
            if key in measured:
                ratio = measured.get(f"{key}_over_{base}", measured[key] / measured[base])
                allowed = f"{ALLOWED[key]:.2f}" if key in ALLOWED else ""
                seconds, note = f"{measured[key]:.3g}", _note(measured, key, base)
                made.append(
                    MeasureLine(name, title, seconds, _ratio(ratio), allowed, note, command)
                )
        if "no_bf16" in measured:
            note = "not measured: no bf16 arithmetic known of this processor"
            made.append(
                MeasureLine(name, ROWS["bf16"], "", "", f"{ALLOWED['bf16']:.2f}", note, command)
            )
        if "ranking_mib" in measured:
            memory = f"{measured['ranking_mib']:.0f} MiB"
            made.append(
                MeasureLine(name, "memory of ours above its inputs", memory, "", "", "", command)
            )
    return made


def find_command(name: str) -> str:
    """Return the command that makes a measure."""
    large = " --full" if name.startswith("evaluation XL") else ""
    return f"{PROGRAM} --only {name.split()[0]}{large}"


def write_page(folder: Path, facts: Mapping[str, Any], lines: list[MeasureLine]) -> None:
    """Write ``bench.json`` and ``README.md``."""
    with replace_atomically(folder / "bench.json") as file:
        file.write(json.dumps(facts, indent=2).encode() + b"\n")
    known = facts["machine"]
    text = [
        "# Speed",
        "",
        f"{known['processor']}, {known['cores']} cores, one thread used; Python {known['python']}, "
        f"numpy {known['numpy']}. Ratios are to the first line of each measure, seconds over "
        "seconds; *allowed* is the largest ratio that the project grants itself. Made by "
        "`make bench`, each line alone by its command; what is measured is said in "
        "`docs/speed.md`.",
        "",
        f"| {' | '.join(MeasureLine._fields)} |",
        "|---|---|---:|---:|---:|---|---|",
        *("| " + " | ".join((*line[:-1], f"`{line.command}`")) + " |" for line in lines),
        "",
    ]
    with replace_atomically(folder / "README.md") as file:
        file.write("\n".join(text).encode())


def _note(measured: Mapping[str, float], key: str, base: str) -> str:
    """Return what else is known of a way: its rate, its likeness, another ratio."""
    notes = []
    if f"{key}_per_second" in measured:
        notes.append(f"{_rate(measured[f'{key}_per_second'])} {RATES[base]}/s")
    if f"{key}_cosine" in measured:
        mean, least = measured[f"{key}_cosine"], measured[f"{key}_cosine_least"]
        notes.append(f"cosine {mean:.5f}, at least {least:.5f}")
    if f"{key}_over_torch" in measured:
        notes.append(f"{measured[f'{key}_over_torch']:.2f} of the import of torch")
    if key == base and "runs" in measured:
        notes.append(f"{measured['runs']:.0f} runs")
    return ", ".join(notes)


def _ratio(number: float) -> str:
    return f"{number:.2f}" if number >= 0.1 else f"{number:.1g}"


def _rate(number: float) -> str:
    return f"{number / 1e6:.2f} million" if number >= 1e6 else f"{number:,.0f}"
