"""CiteULike-a: researchers and the articles they keep, with tags and citations."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..dataset import Dataset
from ..errors import DataError
from ..graph import Graph
from ..reading.lists import read_lists
from ..reading.raw import present
from ..reading.rows import decoded_lines
from ..reading.tables import read_csv_rows
from ..sides import Provenance, SideInformation, TextColumn
from .building.build import dataset
from .building.card import Card
from .building.columns import categorical
from .building.locate import file_of, folder_of
from .building.rule import Rows, Rule, as_text, rated_pairs
from .building.triples import Triples

ARTICLES = 16_980


@dataclass
class CiteULikeA:
    """Which of 16,980 articles 5,551 researchers keep in their libraries; no ratings, no times.

    Attributes
    ----------
    k_core
        Keep the users and items with this many pairs among each other; 1 keeps all.
    path
        Folder of the files; by default ``$COLDBENCH_DATA/citeulike-a``.
    minimum_tag_count
        Drop tags that fewer of the articles to train on carry; the text keeps every tag.
    """

    version: ClassVar[int] = 2

    k_core: int = 1
    path: str | None = None
    minimum_tag_count: int = 5

    card: ClassVar[Card] = Card(
        title="CiteULike-a",
        publisher="Hao Wang, Binyi Chen, Wu-Jun Li, 2013 (https://github.com/js05212/citeulike-a)",
        licence="no licence is stated by the publishers: fetched for the user, never shipped",
        citation="Wang, Chen, Li: Collaborative Topic Regression with Social Regularization for "
        "Tag Recommendation, IJCAI 2013",
        gaps=(
            "Titles and abstracts are in `raw-data.csv`; without that file the only texts are the "
            "tags, which are user-generated: under the strict track the items then have no text.",
            "The file holds 204,986 pairs, the publishers' page says 204,987.",
            "Citations are given as links without direction: each link stands once, from the "
            "article with the smaller number.",
            "There are no timestamps and no user attributes.",
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        folder = folder_of("citeulike-a", self.path)
        libraries = file_of("citeulike-a", folder, "users.dat")
        rule = Rule(None, self.k_core)
        pairs = rated_pairs(rule, "citeulike-a", libraries, partial(_pairs, libraries))
        return dataset(
            "citeulike-a",
            pairs,
            (as_text(pairs.user_ids), as_text(pairs.item_ids)),
            SideInformation(),
            _articles(folder, pairs.item_ids, self.minimum_tag_count),
            _citations(folder, pairs.item_ids),
            rule.sentence(),
        )


def _pairs(path: Path, stored: bytes) -> Rows:
    users, items = read_lists(path, "item", ARTICLES, stored)
    return {"user": users, "item": items, "rating": np.ones(len(users), dtype=np.float32)}


def _articles(folder: Path, ids: np.ndarray, minimum: int) -> SideInformation:
    tags = _tags(folder, ids)
    texts = [TextColumn("tags", Provenance.USER_GENERATED, [" ".join(cell) for cell in tags])]
    raw = present(folder, "raw-data.csv")
    if raw is not None:
        texts[:0] = _written(raw, ids)
    return SideInformation(
        (categorical("tag", Provenance.USER_GENERATED, tags, minimum),), tuple(texts)
    )


def _tags(folder: Path, ids: np.ndarray) -> list[list[str]]:
    """Return the distinct tags of each article, in the order of the list of tags."""
    names = decoded_lines(file_of("citeulike-a", folder, "tags.dat"))
    path = file_of("citeulike-a", folder, "item-tag.dat")
    articles, tags = read_lists(path, "tag", len(names))
    distinct = np.unique(np.stack([articles, tags]), axis=1)
    kept = np.isin(distinct[0], ids)
    articles, tags = distinct[:, kept]
    cells: dict[int, list[str]] = {key: [] for key in ids.tolist()}
    for article, tag in zip(articles.tolist(), tags.tolist(), strict=True):
        cells[article].append(names[tag])
    return list(cells.values())


def _written(path: Path, ids: np.ndarray) -> list[TextColumn]:
    """Return titles and abstracts; the publishers' file counts articles from 1."""
    columns = ("doc.id", "raw.title", "raw.abstract")
    rows = {row.whole("doc.id") - 1: row for row in read_csv_rows(path, columns, ",", "latin-1")}
    absent = [key for key in ids.tolist() if key not in rows]
    if absent:
        raise DataError(f"article {absent[0] + 1} has no row", path=path, column="doc.id")
    kept = [rows[key] for key in ids.tolist()]
    return [
        TextColumn("title", Provenance.INTRINSIC, [row["raw.title"].strip() for row in kept]),
        TextColumn("abstract", Provenance.INTRINSIC, [row["raw.abstract"].strip() for row in kept]),
    ]


def _citations(folder: Path, ids: np.ndarray) -> Graph | None:
    path = present(folder, "citations.dat")
    if path is None:
        return None
    articles, cited = read_lists(path, "item", ARTICLES)
    position = np.full(ARTICLES, -1)
    position[ids] = np.arange(len(ids))
    heads, tails = position[articles], position[cited]
    kept = (heads >= 0) & (tails >= 0) & (heads != tails)
    triples = Triples(len(ids))
    edges = np.sort(np.stack([heads[kept], tails[kept]], axis=1), axis=1)
    triples.relate("cites", Provenance.INTRINSIC, map(tuple, edges.tolist()))
    return triples.graph()
