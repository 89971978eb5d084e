"""Director, actor, language and country of the MovieLens 1M films, from DBpedia."""

import ast
from collections.abc import Collection
from pathlib import Path

import numpy as np

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet, Published
from ...card import Card, Fact
from ...errors import DataError
from ...reading.csv_rows import read_csv_rows
from ...reading.text_rows import TextRow
from ...side_information import Provenance, SideInformation, TextColumn
from ..building.feature_columns import make_categorical
from ..building.triples import Triples
from .film_graphs import film_named

FILE = "movies_metadata.csv"
SHA256 = "d2b1f49b7825c17ee7676da5fa9fdb349eb803d0ae965af0382e218df652e7b4"
URL = (
    "https://raw.githubusercontent.com/Keefekkx/Movie-Recommender/"
    f"5d8ec50d203631ccef1bf3c70c7b00a7f9bf20d4/data/{FILE}"
)

DBPEDIA = Published(
    Card(
        title="DBpedia attributes of the MovieLens 1M films",
        publisher="Keefekkx (Movie-Recommender), from DBpedia",
        page="https://github.com/Keefekkx/Movie-Recommender",
        licence="The repository states no licence; DBpedia is CC BY-SA 3.0, titles are MovieLens'. "
        "Not shipped.",
        citation="Auer, Bizer, Kobilarov, Lehmann, Cyganiak, Ives: DBpedia: A Nucleus for a Web of "
        "Open Data, ISWC 2007",
    ),
    FileSet(
        "ml1m-dbpedia-attributes",
        files=(DataFile(FILE, SHA256),),
        downloads=(Download(URL, SHA256, 597_834),),
    ),
)


RELATIONS = ("director", "actor", "language", "country")
DBPEDIA_FACTS = tuple(Fact(name, features=name, text=name, graph=name) for name in RELATIONS)


def add_dbpedia_triples(
    triples: Triples, path: str | None, ids: np.ndarray, known: Collection[int]
) -> SideInformation:
    """Add director, actor, language and country of the films; return them as columns and texts.

    Parameters
    ----------
    triples
        Of the films ``ids``; added to.
    path
        ``movies_metadata.csv`` or its folder; None looks for ``ml1m-dbpedia-attributes``.
    ids
        MovieLens ids of the kept films, in their order.
    known
        Every film id of the dataset; a row of any other is refused.
    """
    given = Path(path).expanduser() if path else None
    if given is None or not given.is_file():
        given = DBPEDIA.files.installed(path).path(FILE)
    wanted = ("movie_id", *RELATIONS)
    rows = {film_named(row, "movie_id", known): row for row in read_csv_rows(given, wanted)}
    columns, texts, origin = [], [], Provenance.INTRINSIC
    for relation in RELATIONS:
        cells = [_values(rows[key], relation) if key in rows else [] for key in ids.tolist()]
        space = "person" if relation in ("director", "actor") else relation
        triples.describe(relation, origin, cells, space)
        columns.append(make_categorical(relation, origin, cells))
        texts.append(TextColumn(relation, origin, [_written(relation, cell) for cell in cells]))
    return SideInformation(tuple(columns), tuple(texts))


def _written(relation: str, names: list[str]) -> str:
    """Return ``"Director: Joe Johnston"``, or the empty string; DBpedia writes ``Joe_Johnston``."""
    return f"{relation.capitalize()}: {', '.join(names).replace('_', ' ')}" if names else ""


def _values(row: TextRow, column: str) -> list[str]:
    cell = row[column]
    if not cell.startswith("["):
        return [cell] if cell else []
    try:
        values = ast.literal_eval(cell)
    except (SyntaxError, ValueError):
        raise row.error(f"{cell[:60]!r} is not a list of names", column) from None
    if not all(isinstance(value, str) for value in values):
        raise DataError("a name is not text", path=row.path, line=row.line, column=column)
    return [value for value in values if value]
