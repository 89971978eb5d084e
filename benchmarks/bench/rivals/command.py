"""``python -m coldbench.benchmarks.bench.rivals``: train ColdRec's methods on our splits."""

import argparse
import csv
import io
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from ....datasets.atomic import replace_atomically
from ....datasets.errors import ColdbenchError
from ....datasets.world import Split
from ...config.run_config import compose_run
from ...evaluation.validation import with_validation
from ...terminal.console import make_console
from .coldrec import Checkout

METHODS = ("DropoutNet", "Heater", "CLCRec")
TABLE = Path("results/rivals/coldrec.csv")
ARMS_TABLE = Path("results/rivals/arms.csv")
"""What ``arms`` writes: our Heater in the rival's settings."""


@dataclass(frozen=True)
class Line:
    """One value of a rival method: a line of the table.

    Attributes
    ----------
    commit
        Of the checkout.
    settings
        Words that were added to ColdRec's command, empty for its defaults.
    """

    dataset: str
    seed: int
    split_sha256: str
    method: str
    settings: str
    task: str
    ndcg10: float
    seconds: float
    commit: str


def main(argv: Sequence[str]) -> int:
    """Train the methods on every dataset and seed, add what is new to the table; return 0."""
    asked = _arguments(argv)
    out = make_console()
    known = read_lines(asked.out)
    commit = _find_commit(asked.checkout)
    for words in asked.dataset:
        for seed in asked.seeds:
            for line in _measure(asked, words, seed, commit, known):
                known.append(line)
                write_lines(asked.out, known)
                out.print(
                    f"{line.dataset} seed {line.seed} {line.method} {line.task} {line.ndcg10:.4f}"
                )
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m coldbench.benchmarks.bench.rivals",
        description="Train ColdRec's methods on our splits and measure them by our metric.",
    )
    parser.add_argument("--checkout", type=Path, required=True, help="folder of ColdRec's source")
    parser.add_argument(
        "--dataset", nargs="+", required=True, help="NAME, or 'NAME dataset.path=DIR'"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--settings", default="", help="words for ColdRec: '--emb_size 200'")
    parser.add_argument("--gpu", action="store_true", help="train on the first GPU")
    parser.add_argument("--out", type=Path, default=TABLE)
    return parser.parse_args(argv)


def _measure(
    asked: argparse.Namespace, words: str, seed: int, commit: str, known: Sequence[Line]
) -> Iterator[Line]:
    """Yield the lines of one split that the table does not have."""
    name, split = cut_split(words, seed)
    there = {(one.split_sha256, one.method, one.settings) for one in known}
    missing = [
        one for one in asked.methods if (split.fingerprint, one, asked.settings) not in there
    ]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(asked.checkout, Path(folder) / "coldrec", split, gpu=asked.gpu)
        for method in missing:
            found = checkout.measure(method, seed, asked.settings.split())
            for task, value in found.scores.items():
                yield Line(
                    name, seed, split.fingerprint, method, asked.settings, task,
                    round(value, 6), round(found.seconds, 1), commit,
                )  # fmt: skip


def cut_split(words: str, seed: int) -> tuple[str, Split]:
    """Return the dataset of ``"NAME dataset.path=DIR"`` and its split, as runs would have it."""
    name, *rest = words.split()
    run = compose_run(["method=random", f"dataset={name}", *rest, f"seed={seed}"])
    return name, with_validation(run.scenario.split(run.dataset.load(), seed), run.scenario)


def read_lines(path: Path) -> list[Line]:
    """Return the lines of a table; none where it is not there.

    Raises
    ------
    ColdbenchError
        With the line that is not one.
    """
    if not path.is_file():
        return []
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                row_of = {one.name: one.type(row[one.name]) for one in fields(Line)}  # type: ignore[operator]
            except (KeyError, TypeError, ValueError) as error:
                raise ColdbenchError(
                    f"{path}, line {number} is not a line of this table ({error}); restore the "
                    f"file or remove it"
                ) from error
            found.append(Line(**row_of))
    return found


def write_lines(path: Path, lines: Sequence[Line]) -> None:
    """Write a table, atomically, in the order of dataset, seed, method and task."""
    ordered = sorted(lines, key=lambda one: (one.dataset, one.method, one.settings, one.seed))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(one.name for one in fields(Line))
    writer.writerows(map(astuple, ordered))
    with replace_atomically(path) as file:
        file.write(text.getvalue().encode())


def _find_commit(checkout: Path) -> str:
    """Return the commit of the checkout, empty where it is no repository of its own."""
    command = ["git", "-C", str(checkout), "rev-parse", "--show-toplevel", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    top, _, commit = done.stdout.strip().partition("\n")
    return commit if top and Path(top) == checkout.resolve() else ""
