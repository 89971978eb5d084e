"""CiteULike-a: researchers and the articles they keep, with tags and citations."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..acquire.data_file import DataFile, Download
from ..acquire.file_set import FileSet, InstalledFiles
from ..arrays import LongArray, make_read_only
from ..card import Card, Fact
from ..dataset import Dataset
from ..errors import DataError
from ..parameters import parameter
from ..reading.csv_rows import read_csv_rows
from ..reading.lists import read_lists
from ..reading.text_rows import read_lines
from ..side_information import FeatureColumn, Provenance, SideInformation, TextColumn
from .building.build import build_dataset
from .building.feature_columns import make_categorical
from .building.preprocessing import Rows, Rule, read_rated_pairs, to_text
from .building.triples import Triples

ARTICLES = 16_980
REPOSITORY = (
    "https://raw.githubusercontent.com/js05212/citeulike-a/91b603922d7f2d3db18071d4798bf78c9c5d1680"
)
PUBLISHED = {
    "users.dat": ("53211d82c14ff261e595634d285ed9fbf8049cf81dcb751d924d695b9612a02c", 1_094_785),
    "item-tag.dat": ("0f7b432796a5038ed2631c02b99d70e636123673afc11bf9e051de5b49467890", 1_423_307),
    "tags.dat": ("c02b3e5ee1a57f88f3a598b2040018bb198f54cd0c11116fa7a0db905b6f60e3", 628_894),
    "citations.dat": ("78458ba6b6f013552c43f47dbec1c2d19073820155c40567744cd8a038044364", 511_127),
}
"""The sha256 and the size of each file of numbers."""


@dataclass
class CiteULikeA:
    """Which of 16,980 articles 5,551 researchers keep in their libraries; no ratings, no times."""

    version: ClassVar[int] = 3

    k_core: int = parameter(
        1, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(
        None, "folder of the files; by default $COLDBENCH_DATA/citeulike-a"
    )
    minimum_tag_count: int = parameter(
        5,
        "drop tags that fewer of the training articles carry; the text keeps every tag",
        minimum=1,
    )

    card: ClassVar[Card] = Card(
        title="CiteULike-a",
        publisher="Hao Wang, Binyi Chen, Wu-Jun Li, 2013",
        page="https://github.com/js05212/citeulike-a",
        licence="The publishers state no licence. Fetched from their own repository for your use, "
        "not to be redistributed; never shipped.",
        citation="Wang, Chen, Li: Collaborative Topic Regression with Social Regularization for "
        "Tag Recommendation, IJCAI 2013",
        limitations=(
            "Titles and abstracts are in `raw-data.csv`; without that file the only texts are the "
            "tags, which are user-generated: under the strict track the items then have no text.",
            "The file holds 204,986 pairs, the publishers' page says 204,987.",
            "Citations are given as links without direction: each link stands once, from the "
            "article with the smaller number.",
            "There are no timestamps and no user attributes.",
        ),
        facts=(
            Fact("tag", features="tag", text="tags", graph="tag"),
            Fact(
                "citations",
                features="cites",
                graph="cites",
                remark="links between articles, for which there are no words",
            ),
            Fact("title", text="title", remark="free text"),
            Fact("abstract", text="abstract", remark="free text"),
        ),
    )
    files: ClassVar[FileSet] = FileSet(
        "citeulike-a",
        files=(
            *(
                DataFile(name, sha256, optional=name == "citations.dat")
                for name, (sha256, _) in PUBLISHED.items()
            ),
            DataFile("raw-data.csv", optional=True),
        ),
        downloads=(
            *(
                Download(f"{REPOSITORY}/{name}", sha256, size)
                for name, (sha256, size) in PUBLISHED.items()
            ),
            Download(
                f"{REPOSITORY}/raw-data.csv",
                git="2d366a8142639249324d800c17bce39d59032744",
                optional=True,
            ),
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        files = self.files.installed(self.path)
        libraries = files.path("users.dat")
        rule = Rule(None, self.k_core)
        pairs = read_rated_pairs(rule, "citeulike-a", libraries, partial(_pairs, libraries))
        tags = _tags(files, pairs.item_ids)
        columns = [make_categorical("tag", Provenance.USER_GENERATED, tags, self.minimum_tag_count)]
        texts = _texts(files, pairs.item_ids, tags)
        triples = Triples(len(pairs.item_ids))
        links = _citations(files, pairs.item_ids)
        if links is not None:
            columns.insert(0, _cited(links, pairs.item_ids))
            triples.relate("cites", Provenance.INTRINSIC, map(tuple, links.T.tolist()))
        triples.describe("tag", Provenance.USER_GENERATED, tags)
        return build_dataset(
            "citeulike-a",
            pairs,
            (to_text(pairs.user_ids), to_text(pairs.item_ids)),
            SideInformation(),
            SideInformation(tuple(columns), tuple(texts)),
            triples.graph(),
            rule.sentence(),
        )


def _pairs(path: Path, stored: bytes) -> Rows:
    users, items = read_lists(path, "item", ARTICLES, stored)
    return {"user": users, "item": items, "rating": np.ones(len(users), dtype=np.float32)}


def _texts(files: InstalledFiles, ids: np.ndarray, tags: list[list[str]]) -> list[TextColumn]:
    written = TextColumn("tags", Provenance.USER_GENERATED, [" ".join(cell) for cell in tags])
    raw = files.find("raw-data.csv")
    return [written] if raw is None else [*_written(raw, ids), written]


def _tags(files: InstalledFiles, ids: np.ndarray) -> list[list[str]]:
    """Return the distinct tags of each article, in the order of the list of tags."""
    names = read_lines(files.path("tags.dat"))
    path = files.path("item-tag.dat")
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


def _citations(files: InstalledFiles, ids: np.ndarray) -> LongArray | None:
    """Return int64, (2, links): the articles at both ends, the smaller first; None without."""
    path = files.find("citations.dat")
    if path is None:
        return None
    articles, cited = read_lists(path, "item", ARTICLES)
    position = np.full(ARTICLES, -1)
    position[ids] = np.arange(len(ids))
    heads, tails = position[articles], position[cited]
    kept = (heads >= 0) & (tails >= 0) & (heads != tails)
    links: LongArray = np.sort(np.stack([heads[kept], tails[kept]]), axis=0)
    return links


def _cited(links: LongArray, ids: np.ndarray) -> FeatureColumn:
    """Return a column per article: those that it cites or is cited by, which the links leave open.

    An article is not among its own.
    """
    from scipy.sparse import csr_matrix

    ends = (np.concatenate([links[0], links[1]]), np.concatenate([links[1], links[0]]))
    ones = np.ones(len(ends[0]), dtype=np.float32)
    matrix = csr_matrix((ones, ends), (len(ids), len(ids)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    every = make_read_only(np.arange(len(ids), dtype=np.int32))
    values = tuple(to_text(ids).tolist())
    return FeatureColumn(
        "cites", Provenance.INTRINSIC, make_read_only(matrix), values, refers_to=every
    )
