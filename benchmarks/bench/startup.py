"""What a command costs before it does anything, against an empty Python and an import of torch."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ...datasets.errors import ColdbenchError
from .rounds import compute_medians, measure_in_turn

PROGRAM = ("-m", "coldbench")
WAYS: dict[str, Sequence[str]] = {
    "python": ("-c", "pass"),
    "import_torch": ("-c", "import torch"),
    "help": (*PROGRAM, "--help"),
    "list": (*PROGRAM, "list"),
}
"""Arguments of Python by name, the base first."""


def measure_startup(repeats: int = 7) -> dict[str, float]:
    """Return median seconds of whole processes, and their ratios to an empty Python.

    All modules are compiled before, as after a user's first call.

    Returns
    -------
    dict
        Seconds ``python`` (``-c pass``), ``import_torch``, ``help`` and ``list`` (of coldbench);
        ``..._over_python``, and ``help_over_torch`` and ``list_over_torch``.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = with_compiled(folder, os.environ)
        ways = {n: partial(start, words, environment=environment) for n, words in WAYS.items()}
        for way in ways.values():
            way()
        turns = measure_in_turn(ways, repeats)
    torch = turns["import_torch"]
    beside = {f"{n}_over_torch": float(np.median(turns[n] / torch)) for n in ("help", "list")}
    return compute_medians(turns, "python") | beside


def with_compiled(folder: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python keeps what it compiles, whatever the caller's says."""
    kept = {k: v for k, v in environment.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": folder}


def start(
    words: Sequence[str], folder: Path | None = None, environment: dict[str, str] | None = None
) -> str:
    """Run Python with these words in a separate process and return what it writes.

    Raises
    ------
    ColdbenchError
        When the process fails, with the end of what it complained of.
    """
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-500:]
        raise ColdbenchError(f"python {' '.join(words)} ended with {done.returncode}: {said}")
    return done.stdout
