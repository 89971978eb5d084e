"""Last.fm of HetRec 2011: how often people listened to artists, their friends and their tags."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..acquire.data_file import DataFile, Download
from ..acquire.file_set import FileSet, InstalledFiles
from ..card import Card, Fact
from ..dataset import Dataset
from ..errors import DataError
from ..parameters import parameter
from ..reading.frames import read_frame
from ..reading.schema import Kind, NumberColumn
from ..reading.text_rows import TextRow, index_by_id, read_rows
from ..side_information import FeatureColumn, Provenance, Side, SideInformation, TextColumn
from .building.build import build_dataset
from .building.feature_columns import make_categorical
from .building.preprocessing import Rows, Rule, read_rated_pairs, to_text

NAME = "hetrec-lastfm"
LISTENED = (
    NumberColumn("userID", Kind.ID),
    NumberColumn("artistID", Kind.ID),
    NumberColumn("weight", Kind.NUMBER, 1),
)
TAGGED = ("userID", "artistID", "tagID", "day", "month", "year")


@dataclass
class HetRecLastFM:
    """How often 1,892 people listened to 17,632 artists, at most 50 each; friends; no times."""

    version: ClassVar[int] = 1

    minimum_rating: float | None = parameter(
        None, "a pair is a positive from this number of listenings on; by default every pair is"
    )
    k_core: int = parameter(
        5, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    path: str | None = parameter(
        None, "folder of the files; by default $COLDBENCH_DATA/hetrec-lastfm"
    )
    minimum_tag_count: int = parameter(
        5, "drop tags that fewer of the training artists carry; the text keeps every tag", minimum=1
    )

    card: ClassVar[Card] = Card(
        title="Last.fm of HetRec 2011",
        publisher="Ignacio Fernández-Tobías, Iván Cantador, Alejandro Bellogín, Universidad "
        "Autónoma de Madrid, May 2011",
        page="https://grouplens.org/datasets/hetrec-2011/",
        licence="'The data contained in hetrec2011-lastfm-2k.zip is made available for "
        "non-commercial use.' Fetched for the user, never shipped.",
        citation="Cantador, Brusilovsky, Kuflik: 2nd Workshop on Information Heterogeneity and "
        "Fusion in Recommender Systems (HetRec 2011), RecSys 2011; Last.fm, http://www.lastfm.com",
        limitations=(
            "Listenings have no times, and each user has only the 50 artists heard most.",
            "A rating is a listening count, 1 to 352,698: a rating task on it says little.",
            "What people made themselves is user-generated: friends (a column per friend) and, "
            "where `user_taggedartists.dat` is there, tags. Under the strict track users have no "
            "side information and artists only their name.",
            "The publishers give no checksum; the archive's is the one that other projects record.",
            "There is no graph: features and text say all that is known.",
        ),
        facts=(
            Fact("tag", features="tag", text="tags"),
            Fact("name", text="name", remark="a name of its own for each artist"),
            Fact(
                "friend",
                features="friend",
                side=Side.USER,
                remark="ids of other people: there are no words for them",
            ),
        ),
    )
    files: ClassVar[FileSet] = FileSet(
        NAME,
        files=(
            DataFile("user_artists.dat"),
            DataFile("user_friends.dat"),
            DataFile("artists.dat"),
            DataFile("user_taggedartists.dat", optional=True),
            DataFile("tags.dat", optional=True),
            DataFile("readme.txt", optional=True),
        ),
        downloads=(
            Download(
                "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
                "6738f48195667ff03caaab4d32ca9a3133d8cc026b7c3cdaf6ce1010e913c59c",
            ),
        ),
    )

    def load(self) -> Dataset:
        """Read the files of the folder and return the dataset."""
        files = self.files.installed(self.path)
        listened = files.path("user_artists.dat")
        rule = Rule(self.minimum_rating, self.k_core)
        pairs = read_rated_pairs(rule, NAME, listened, partial(read_listened, listened))
        return build_dataset(
            NAME,
            pairs,
            (to_text(pairs.user_ids), to_text(pairs.item_ids)),
            SideInformation((read_friends(files, pairs.user_ids),)),
            read_artists(files, pairs.item_ids, self.minimum_tag_count),
            None,
            rule.sentence(),
        )


def read_listened(path: Path, stored: bytes) -> Rows:
    """Return who listened to which artist how often, from the bytes of ``user_artists.dat``."""
    frame = read_frame(path, LISTENED, "\t", stored)
    return {
        "user": frame["userID"].to_numpy(),
        "item": frame["artistID"].to_numpy(),
        "rating": frame["weight"].to_numpy().astype(np.float32),
    }


def read_friends(files: InstalledFiles, ids: np.ndarray) -> FeatureColumn:
    """Return a column per friend, whether the friend is among the kept users or not."""
    path = files.path("user_friends.dat")
    frame = read_frame(
        path, (NumberColumn("userID", Kind.ID), NumberColumn("friendID", Kind.ID)), "\t"
    )
    cells: dict[int, list[str]] = {key: [] for key in ids.tolist()}
    for user, friend in zip(frame["userID"].to_list(), frame["friendID"].to_list(), strict=True):
        if user in cells:
            cells[user].append(str(friend))
    return make_categorical("friend", Provenance.USER_GENERATED, list(cells.values()))


def read_artists(files: InstalledFiles, ids: np.ndarray, minimum: int) -> SideInformation:
    """Return names and tags of the artists ``ids``.

    Parameters
    ----------
    minimum
        Columns of tags that fewer training artists carry are left out by the split.
    """
    path = files.path("artists.dat")
    known = index_by_id(_headed(path, ("id", "name", "url", "pictureURL")))
    for key in ids.tolist():
        if key not in known:
            raise DataError(f"artist {key} has listeners but no row", path=path, column="id")
    names = TextColumn("name", Provenance.INTRINSIC, [known[key]["name"] for key in ids.tolist()])
    tagged = files.find("user_taggedartists.dat")
    if tagged is None:
        return SideInformation((), (names,))
    cells = _tags(tagged, files.path("tags.dat"), ids)
    written = TextColumn("tags", Provenance.USER_GENERATED, ["; ".join(cell) for cell in cells])
    return SideInformation(
        (make_categorical("tag", Provenance.USER_GENERATED, cells, minimum),), (names, written)
    )


def _tags(path: Path, named: Path, ids: np.ndarray) -> list[list[str]]:
    """Return the distinct tags of each artist, sorted."""
    names = index_by_id(_headed(named, ("tagID", "tagValue"), "latin-1"), "tagID")
    cells: dict[int, set[str]] = {key: set() for key in ids.tolist()}
    for row in _headed(path, TAGGED):
        artist, tag = row.whole("artistID"), row.whole("tagID")
        if tag not in names:
            raise row.error(f"tag {tag} has no row in {named.name}", "tagID")
        if artist in cells:
            cells[artist].add(names[tag]["tagValue"])
    return [sorted(cell) for cell in cells.values()]


def _headed(path: Path, names: tuple[str, ...], encoding: str = "utf-8") -> Iterator[TextRow]:
    """Yield the rows below a header; quotes are letters, as artists' names hold single ones."""
    rows = read_rows(path, names, "\t", encoding)
    header = next(rows)
    if list(header.cells) != list(names):
        raise header.error(
            f"the header reads {' '.join(header.cells)!r}", remedy=f"expected {' '.join(names)!r}"
        )
    return rows
