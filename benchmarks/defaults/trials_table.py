"""The table of tried settings: a CSV with a line for each, the chosen one marked."""

import csv
import io
from pathlib import Path

import numpy as np

from ...datasets.atomic import replace_atomically
from ..records.digests import to_jsonable
from .choice import Choice


def write_table(path: Path, choice: Choice) -> None:
    """Write trial, whether it is chosen, mean regret, fields, validation by dataset, and seconds.

    Parameters
    ----------
    path
        The file, which is replaced.
    choice
        The settings, compared.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(choice.settings[0])
    writer.writerow(["trial", "chosen", "mean_regret", *names, *choice.datasets, "seconds"])
    for number, (settings, regret) in enumerate(
        zip(choice.settings, choice.mean_regrets, strict=True)
    ):
        writer.writerow(
            [
                number,
                "yes" if number == choice.chosen else "",
                _rounded(regret),
                *(_typed(settings[name]) for name in names),
                *(_rounded(value) for value in choice.values[number]),
                round(float(choice.seconds[number]), 1),
            ]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path) as file:
        file.write(text.getvalue().encode())


def describe_choice(method: str, choice: Choice) -> str:
    """Return the chosen setting and the regret of the present default, in lines."""
    if choice.chosen is None:
        return f"{method}: no setting has a validation on every dataset"
    means = choice.mean_regrets
    chosen = choice.settings[choice.chosen]
    counted = int((~np.isnan(means)).sum())
    default = "none" if np.isnan(means[0]) else f"{means[0]:.4f}"
    lines = [
        f"{method}: {counted} of {len(means)} settings on {len(choice.datasets)} datasets "
        f"({', '.join(choice.datasets)})",
        f"  mean regret of the present default {default}, of setting {choice.chosen}, which is "
        f"chosen, {means[choice.chosen]:.4f}",
        "  " + " ".join(f"method.{name}={_typed(value)}" for name, value in chosen.items()),
    ]
    if len(choice.datasets) < 4:
        lines.append("  fewer than four datasets: not enough to change a default")
    return "\n".join(lines)


def _typed(value: object) -> str:
    plain = to_jsonable(value)
    return f"{plain:.6g}" if isinstance(plain, float) else str(plain).replace(" ", "")


def _rounded(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6f}"
