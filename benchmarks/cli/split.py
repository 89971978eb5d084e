"""``coldbench split``: a split as CSV files with original ids, for any other tool."""

import sys
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown_option

USAGE = """\
usage: coldbench split dataset=NAME scenario=NAME seed=N [KEY=VALUE ...] --out DIR

Writes train.csv, support.csv, truth.csv, candidates.csv and manifest.json to the new folder DIR,
and negatives.csv where a task has negatives, with original ids. The words are those of
`coldbench run`: scenario.shots=[0,5] dataset.k_core=5.
"""


def main(argv: list[str]) -> int:
    """Split a dataset and write the split to a folder; return 0.

    Raises
    ------
    ColdbenchError
        For words that do not describe a split, or a folder that is taken.
    """
    if not argv or {"-h", "--help"} & set(argv):
        sys.stdout.write(USAGE)
        return 0 if argv else 2
    from ...datasets.protocol.export.split_files import export
    from ..config.run_config import compose_run, to_plain
    from ..terminal.console import make_console

    out, words = _out(argv)
    _refuse_options(words)
    run = compose_run([*_any_method(words), *words])
    data = run.dataset.load()
    split = run.scenario.split(data, run.seed)
    settings = {
        "dataset": to_plain(run.dataset),
        "scenario": {"name": run.scenario.name, "version": run.scenario.version}
        | to_plain(run.scenario),
        "seed": run.seed,
    }
    folder = export(split, data, out, settings)
    queries = sum(len(task.users) for task in split.test.values())
    make_console().print(
        f"{folder}: {len(split.train.interactions)} training pairs, {len(split.test)} test tasks, "
        f"{queries} queries; split_sha256 {split.fingerprint}"
    )
    return 0


def _out(argv: list[str]) -> tuple[Path, list[str]]:
    """Return the folder of ``--out`` and the other words."""
    words = list(argv)
    for at, word in enumerate(words):
        if word.startswith("--out="):
            return _folder(word.removeprefix("--out=")), words[:at] + words[at + 1 :]
        if word == "--out":
            return _folder(*words[at + 1 : at + 2]), words[:at] + words[at + 2 :]
    _refuse_options(words)
    raise ColdbenchError("coldbench split needs --out DIR, the folder to write the split to")


def _refuse_options(words: list[str]) -> None:
    unexpected = [word for word in words if word.startswith("-")]
    if unexpected:
        raise ColdbenchError(
            describe_unknown_option("coldbench split", unexpected[0], ["--help", "--out"])
        )


def _folder(name: str = "") -> Path:
    if not name:
        raise ColdbenchError("--out needs a folder: --out DIR")
    return Path(name).expanduser()


def _any_method(words: list[str]) -> list[str]:
    """Return a choice of method where the words make none: a split does not depend on it."""
    return [] if any(word.startswith("method=") for word in words) else ["method=random"]
