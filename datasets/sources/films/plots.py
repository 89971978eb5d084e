"""Plots of films from a file of the user's: CSV ``id,plot``, or CoLaKG's JSON of descriptions."""

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet, Published
from ...card import Card
from ...errors import DataError
from ...reading.csv_rows import read_csv_rows
from ...reading.raw_bytes import find_file, read_raw

FILE = "llm_response_item.json"
SHA256 = "b47eb5d8b2ca1754e994daa93736dcc027dc8cc03da0ea28115a552eb6158724"
URL = (
    "https://raw.githubusercontent.com/ziqiangcui/CoLaKG/"
    f"7e1ce44945b2cfcb99ba36daf4b143e7a9704b84/data/ml-1m/{FILE}"
)

COLAKG = Published(
    Card(
        title="Descriptions of the MovieLens 1M films by a language model",
        publisher="Ziqiang Cui and others (CoLaKG), 2024",
        page="https://github.com/ziqiangcui/CoLaKG",
        licence="The repository states no licence; the texts are written by a language model. Not "
        "shipped.",
        citation="Cui, Weng, Tang, Lyu, Liu, He, Ma: Comprehending Knowledge Graphs with Large "
        "Language Models for Recommender Systems, SIGIR 2025",
    ),
    FileSet(
        "colakg-ml1m",
        files=(DataFile(FILE, SHA256),),
        downloads=(Download(URL, SHA256, 4_172_678),),
    ),
)


def read_plots(path: str, ids: np.ndarray, known: Collection[int]) -> list[str]:
    """Return a plot for each of the films ``ids``, the empty string where there is none.

    Parameters
    ----------
    path
        ``*.csv`` with the columns ``id`` and ``plot``, or ``*.json`` mapping ids to texts; or a
        folder that holds CoLaKG's ``llm_response_item.json``. Each plain or gzipped.
    ids
        The kept films, in their order.
    known
        Every film id of the dataset; a plot of any other is refused.

    Raises
    ------
    DataError
        The file cannot be read, or tells of a film that the dataset does not have.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        file = find_file(file, FILE, "plots.csv", "plots.json") or file
    suffixes = file.suffixes
    plots = _from_json(file) if ".json" in suffixes else _from_csv(file)
    for key in plots:
        if key not in known:
            raise DataError(f"item {key} has a plot but is not in the dataset", path=file)
    return [plots.get(key, "") for key in ids.tolist()]


def _from_csv(path: Path) -> dict[int, str]:
    plots: dict[int, str] = {}
    for row in read_csv_rows(path, ("id", "plot")):
        key = row.whole("id")
        if key in plots:
            raise row.error(f"item {key} has a second plot", "id")
        plots[key] = row["plot"].strip()
    return plots


def _from_json(path: Path) -> dict[int, str]:
    try:
        content = json.loads(read_raw(path))
    except json.JSONDecodeError as error:
        raise DataError(f"is not JSON ({error.msg})", path=path, line=error.lineno) from None
    except UnicodeDecodeError:
        raise DataError("is not UTF-8", path=path) from None
    if not isinstance(content, dict):
        raise DataError("is not an object of the form {id: plot}", path=path)
    for key, text in content.items():
        if not key.isdigit() or not isinstance(text, str):
            raise DataError(
                f"{key!r}: {str(text)[:40]!r} is not a film's id and its plot", path=path
            )
    return {int(key): text.strip() for key, text in content.items()}
