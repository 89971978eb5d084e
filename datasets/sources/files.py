"""Anyone's data: interactions, users, items and graph as CSV or Parquet, no code needed."""

import difflib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..dataset import Dataset
from ..errors import DataError
from ..hashing import content_hash
from ..interactions import NO_TIME
from ..reading.columns import Column, Kind
from ..reading.frames import read_frame
from ..sides import Provenance
from .build import dataset
from .card import Card
from .files_graph import read_graph
from .files_sides import SideSettings, read_side
from .rule import Rows, Rule, as_text, rated_pairs

ROLES = ("user", "item", "rating", "timestamp")


@dataclass
class Files:
    """Interactions, users, items and graph from files of the user's; see docs/data.md.

    Attributes
    ----------
    interactions
        CSV or Parquet with the columns ``user``, ``item`` and, if any, ``rating``, ``timestamp``.
    users, items
        Tables with a column ``user`` (``item``) or ``id`` and columns of attributes.
    graph
        Triples with the columns ``head``, ``relation``, ``tail``.
    name
        The dataset's name in what is reported.
    minimum_rating
        A pair is a positive from this rating on; None takes every pair.
    k_core
        Keep the users and items with this many positives among each other; 0 keeps all.
    lowest_rating, highest_rating
        A rating outside is refused; None sets no limit.
    columns
        Other names of the columns of ``interactions``: ``{user: userId, item: movieId}``.
    separator
        Of the CSV files; None goes by the name: a tab for ``.tsv``, else a comma.
    texts
        Columns of ``users`` and ``items`` that are texts.
    categorical
        Columns to take as categories though they look like numbers (zip codes, class codes).
    provenance
        By column or relation: ``intrinsic`` (default), ``editorial`` or ``user_generated``.
    """

    version: ClassVar[int] = 1

    interactions: str = ""
    users: str | None = None
    items: str | None = None
    graph: str | None = None
    name: str = "files"
    minimum_rating: float | None = None
    k_core: int = 0
    lowest_rating: float | None = None
    highest_rating: float | None = None
    columns: dict[str, str] = field(default_factory=dict)
    separator: str | None = None
    texts: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)

    card: ClassVar[Card] = Card(
        title="Files of the user's",
        publisher="whoever made them",
        licence="as the files' owner says",
        citation="none",
    )

    def load(self) -> Dataset:
        """Read the files and return the dataset."""
        if not self.interactions:
            raise DataError(
                "dataset=files does not know which file holds the interactions",
                remedy="add dataset.interactions=PATH (a CSV or Parquet with user and item)",
            )
        path = Path(self.interactions).expanduser()
        rule = Rule(self.minimum_rating, self.k_core)
        pairs = rated_pairs(rule, self._layout(), path, partial(self._rows, path))
        ids = as_text(pairs.user_ids), as_text(pairs.item_ids)
        settings = SideSettings(
            self.separator, tuple(self.texts), tuple(self.categorical), self._provenances()
        )
        users, user_names = read_side(self.users, "user", ids[0], settings)
        items, item_names = read_side(self.items, "item", ids[1], settings)
        known = set(pairs.known_items.tolist())
        graph = read_graph(self.graph, ids[1], known, settings)
        relations = () if graph is None else graph.relation_names
        self._check_names((*user_names, *item_names), relations)
        return dataset(self.name, pairs, ids, users, items, graph, rule.sentence())

    def _layout(self) -> str:
        limits = (self.lowest_rating, self.highest_rating)
        return "files:" + content_hash(self.columns, self.separator, limits)

    def _rows(self, path: Path, stored: bytes) -> Rows:
        names = dict(zip(ROLES, ROLES, strict=True))
        for role, name in self.columns.items():
            if role not in names:
                raise DataError(f"dataset.columns names {role!r}{_meant(role, ROLES)}")
            names[role] = name
        low = -np.inf if self.lowest_rating is None else self.lowest_rating
        high = np.inf if self.highest_rating is None else self.highest_rating
        columns = [
            Column(names["user"], Kind.NAME),
            Column(names["item"], Kind.NAME),
            Column(names["rating"], Kind.NUMBER, low, high, absent="rating" not in self.columns),
            Column(
                names["timestamp"], Kind.TIME, blank=True, absent="timestamp" not in self.columns
            ),
        ]
        frame = read_frame(path, columns, self.separator, stored)
        return _as_rows(path, frame, names)

    def _provenances(self) -> dict[str, Provenance]:
        values = [provenance.value for provenance in Provenance]
        for name, value in self.provenance.items():
            if value not in values:
                raise DataError(f"provenance {value!r} of {name!r}{_meant(value, values)}")
        return {name: Provenance(value) for name, value in self.provenance.items()}

    def _check_names(self, columns: tuple[str, ...], relations: tuple[str, ...]) -> None:
        named = [("texts", name, columns) for name in self.texts]
        named += [("categorical", name, columns) for name in self.categorical]
        named += [("provenance", name, columns + relations) for name in self.provenance]
        for setting, name, among in named:
            if name not in among:
                raise DataError(f"dataset.{setting} names {name!r}{_meant(name, among)}")


def _meant(word: str, among: Any) -> str:
    near = difflib.get_close_matches(word, list(among), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there is {', '.join(among) or 'none'}"


def _as_rows(path: Path, frame: Any, names: dict[str, str]) -> Rows:
    _refuse_near_miss(path, frame.columns, names)
    rows: Rows = {}
    for side in ("user", "item"):
        rows[side], rows[f"{side}_names"] = _coded(frame[names[side]])
    ratings = names["rating"]
    if ratings in frame.columns:
        rows["rating"] = frame[ratings].to_numpy().astype(np.float32)
    else:
        rows["rating"] = np.ones(frame.height, dtype=np.float32)
    if names["timestamp"] in frame.columns:
        rows["timestamp"] = frame[names["timestamp"]].fill_null(NO_TIME).to_numpy()
    return rows


def _coded(series: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return places in the sorted distinct texts, and those texts."""
    import polars as pl

    distinct = series.unique().sort()
    codes = series.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return codes.astype(np.uint32), np.array(distinct.to_list(), dtype=np.str_)


def _refuse_near_miss(path: Path, found: list[str], names: dict[str, str]) -> None:
    """Refuse a column that is almost ``rating`` or ``timestamp``: it would go unused unseen."""
    given = {name.lower(): name for name in found}
    for role in ("rating", "timestamp"):
        if names[role] in found:
            continue
        near = difflib.get_close_matches(role, list(given), n=1, cutoff=0.8)
        if near:
            raise DataError(
                f"column {given[near[0]]!r} is not used; did you mean {role}?",
                path=path,
                line=1,
                remedy=f"rename it, or add +dataset.columns={{{role}: {given[near[0]]}}}",
            )
