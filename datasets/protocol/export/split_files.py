"""A split as CSV files with original ids, for any other tool."""

import csv
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...dataset import Dataset
from ...errors import ColdbenchError
from ...world import Holdout, Split
from ..split_pairs import list_negative_pairs, list_support_pairs, list_truth_pairs
from .export_rows import list_candidate_rows, list_pair_rows, list_tasks, list_train_rows

TRAIN_COLUMNS = ("user", "item", "value", "timestamp")
PAIR_COLUMNS = ("part", "task", "user", "item")
ITEM_COLUMNS = ("part", "task", "item")


def export(
    split: Split, data: Dataset, out: Path, settings: Mapping[str, Any] | None = None
) -> Path:
    """Write a split to the folder ``out``, which appears atomically, and return it.

    ``train.csv`` (user,item,value,timestamp), ``support.csv`` and ``truth.csv``
    (part,task,user,item; part is validation or test), ``candidates.csv`` (part,task,item),
    ``negatives.csv`` of tasks that have negatives, as ``truth.csv``, and ``manifest.json``
    (fingerprints, counts, settings).

    Parameters
    ----------
    split, data
        What is written, and the dataset that it was made from.
    out
        A folder that does not exist yet, or is empty.
    settings
        How the split was made, as JSON values, for the manifest.

    Raises
    ------
    ColdbenchError
        When something is at ``out`` already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ColdbenchError(f"{out} exists and is not an empty folder; choose another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".tmp"))
    try:
        _write(split, data, stage, dict(settings or {}))
        stage.chmod(0o755)
        stage.replace(out)
    except BaseException:
        shutil.rmtree(stage)
        raise
    return out


def _write(split: Split, data: Dataset, folder: Path, settings: dict[str, Any]) -> None:
    support = partial(list_support_pairs, users=split.users, items=split.items)
    tables: dict[str, tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]] = {
        "train.csv": (TRAIN_COLUMNS, list_train_rows(split, data)),
        "support.csv": (PAIR_COLUMNS, list_pair_rows(split, data, support)),
        "truth.csv": (PAIR_COLUMNS, list_pair_rows(split, data, list_truth_pairs)),
        "candidates.csv": (ITEM_COLUMNS, list_candidate_rows(split, data)),
    }
    if any(task.negatives is not None for _, _, task in list_tasks(split)):
        tables["negatives.csv"] = PAIR_COLUMNS, list_pair_rows(split, data, list_negative_pairs)
    manifest = {
        "dataset": data.name,
        "rule": data.rule,
        "data_sha256": data.sha256,
        "split_sha256": split.fingerprint,
        "seed": split.train.seed,
        "settings": settings,
        "facts": dict(split.facts),
        "rows": {name: _table(folder / name, *table) for name, table in tables.items()},
        "tasks": _counts(split),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _table(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> int:
    """Write one CSV file and return how many rows it has below the header."""
    count = 0

    def counted() -> Iterable[tuple[Any, ...]]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(counted())
    return count


def _counts(split: Split) -> dict[str, dict[str, dict[str, int]]]:
    counts: dict[str, dict[str, dict[str, int]]] = {"validation": {}, "test": {}}
    for part, name, task in list_tasks(split):
        counts[part][name] = _count(task)
    return counts


def _count(task: Holdout) -> dict[str, int]:
    return {
        "users": len(task.users),
        "candidates": len(task.items),
        "truth": int(task.truth.nnz),
        "left_out": task.left_out,
    }
