"""What loading and splitting MovieLens 1M costs, against a plain C-parser read of the same file."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ...datasets.dataset import Dataset
from ...datasets.reading.raw import present, read_raw
from ...datasets.sources.movielens import MovieLens1M


def measure_loading(path: Path, repeats: int = 5) -> dict[str, float]:
    """Return seconds (the best of ``repeats``) and their ratios to the plain read.

    The plain read is the best that a C parser does: the bytes of ``ratings.dat`` with ``::``
    replaced by one byte, then polars. Ours is the whole way from the same plain file to a
    ``Dataset`` (checks, duplicates, core, side information, graph, fingerprint), and a split of it.

    Parameters
    ----------
    path
        Folder of MovieLens 1M; a gzipped file is unpacked first, outside of what is timed.
    repeats
        How often each is measured, in turn, so that a disturbance meets all alike.

    Returns
    -------
    dict
        ``rows``, seconds ``plain_read``, ``load``, ``split``, ``load_and_split``,
        ``cached_load``, and the ratios ``load_and_split_over_plain``, ``cached_over_plain``.
    """
    from ...datasets.protocol.scenarios import NewItem

    best: dict[str, float] = {}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        outcome = action()
        best[name] = min(best.get(name, float("inf")), time.perf_counter() - start)
        return outcome

    with tempfile.TemporaryDirectory() as folder:
        ratings = _unpacked(path, Path(folder))
        source = MovieLens1M(path=folder)
        timed("warm_up", lambda: NewItem().split(source.load(), 0))
        for _ in range(repeats):
            rows = timed("plain_read", lambda: _plain_read(ratings))
            with _empty_home():
                data: Dataset = timed("load", source.load)
                timed("cached_load", source.load)
            timed("split", partial(NewItem().split, data, 0))
    both = best["load"] + best["split"]
    return {
        "rows": rows,
        **{name: best[name] for name in ("plain_read", "load", "split", "cached_load")},
        "load_and_split": both,
        "load_and_split_over_plain": both / best["plain_read"],
        "cached_over_plain": best["cached_load"] / best["plain_read"],
    }


def _plain_read(path: Path) -> int:
    import polars as pl

    content = path.read_bytes().replace(b"::", b"\t")
    return pl.read_csv(content, separator="\t", has_header=False, quote_char=None).height


def _unpacked(path: Path, folder: Path) -> Path:
    """Put plain files into ``folder`` and return the ratings."""
    for name in ("movies.dat", "users.dat"):
        shutil.copyfile(path / name, folder / name)
    stored = present(path, "ratings.dat", "ratings_rebuilt.dat")
    if stored is None:
        raise FileNotFoundError(f"no ratings of ml-1m in {path}")
    plain = folder / stored.name.removesuffix(".gz")
    plain.write_bytes(read_raw(stored))
    return plain


@contextmanager
def _empty_home() -> Iterator[None]:
    """Point the caches at an empty folder for a while."""
    before = os.environ.get("COLDBENCH_DATA")
    with tempfile.TemporaryDirectory() as home:
        os.environ["COLDBENCH_DATA"] = home
        try:
            yield
        finally:
            os.environ.pop("COLDBENCH_DATA")
            if before is not None:
                os.environ["COLDBENCH_DATA"] = before
