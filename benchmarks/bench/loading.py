"""What loading and splitting MovieLens 1M costs, against a plain C-parser read of the same file."""

import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset
from ...datasets.reading.raw_bytes import find_file, read_raw
from ..plugins.registry import find
from .rounds import use_empty_cache


def measure_loading(path: Path, repeats: int = 5) -> dict[str, float]:
    """Return seconds (the best of ``repeats``) and their ratios to the plain read.

    The plain read takes the bytes of ``ratings.dat``, replaces ``::`` by one byte, and hands them
    to a C parser: pyarrow on one thread, as ours is, and polars on all cores next to it. Ours is
    the whole way from the same plain file to a ``Dataset`` (checks, duplicates, core, side
    information, graph, fingerprint, cache), and a split of it with all its tasks.

    Parameters
    ----------
    path
        Folder of MovieLens 1M; a gzipped file is unpacked first, outside of what is timed.
    repeats
        How often each is measured, in turn, so that a disturbance affects all alike.

    Returns
    -------
    dict
        ``rows``, seconds ``plain_read``, ``plain_read_all_cores``, ``load``, ``split``,
        ``load_and_split``, ``cached_load``, and the ratios ``load_and_split_over_plain``,
        ``load_and_split_over_all_cores``, ``cached_over_plain``.
    """
    split = find("scenarios", "new_item")().split
    best: dict[str, float] = {}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        outcome = action()
        best[name] = min(best.get(name, float("inf")), time.perf_counter() - start)
        return outcome

    with tempfile.TemporaryDirectory() as folder:
        ratings = _unpacked(path, Path(folder))
        source = find("datasets", "ml-1m")(path=folder)
        timed("warm_up", lambda: split(source.load(), 0))
        for _ in range(repeats):
            rows = timed("plain_read", partial(_plain_read, ratings))
            timed("plain_read_all_cores", partial(_plain_read_all_cores, ratings))
            with use_empty_cache():
                data: Dataset = timed("load", source.load)
                timed("cached_load", source.load)
            timed("split", partial(split, data, 0))
    both = best["load"] + best["split"]
    return {
        "rows": rows,
        **{name: seconds for name, seconds in best.items() if name != "warm_up"},
        "load_and_split": both,
        "load_and_split_over_plain": both / best["plain_read"],
        "load_and_split_over_all_cores": both / best["plain_read_all_cores"],
        "cached_over_plain": best["cached_load"] / best["plain_read"],
    }


def _plain_read(path: Path) -> int:
    from pyarrow import BufferReader, csv

    content = path.read_bytes().replace(b"::", b"\t")
    rows: int = csv.read_csv(
        BufferReader(content),
        read_options=csv.ReadOptions(autogenerate_column_names=True, use_threads=False),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
    ).num_rows
    return rows


def _plain_read_all_cores(path: Path) -> int:
    import polars as pl

    content = path.read_bytes().replace(b"::", b"\t")
    return pl.read_csv(content, separator="\t", has_header=False, quote_char=None).height


def _unpacked(path: Path, folder: Path) -> Path:
    """Put plain files into ``folder`` and return the ratings."""
    for name in ("movies.dat", "users.dat"):
        shutil.copyfile(path / name, folder / name)
    stored = find_file(path, "ratings.dat", "ratings_rebuilt.dat")
    if stored is None:
        raise FileNotFoundError(f"no ratings of ml-1m in {path}")
    plain = folder / stored.name.removesuffix(".gz")
    plain.write_bytes(read_raw(stored))
    return plain
