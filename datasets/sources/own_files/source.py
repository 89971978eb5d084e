"""Anyone's data: interactions, users, items and graph as CSV or Parquet, no code needed."""

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...card import Card
from ...dataset import Dataset
from ...errors import DataError
from ...hashing import content_hash
from ...reading.frames import Form
from ...reading.raw import stored_bytes
from ...sides import Provenance
from ..building.account import Account
from ..building.build import dataset
from ..building.rule import RatedPairs, Rows, Rule, as_text, kept_pairs, rated_pairs
from .graph import read_graph
from .kinds import Kinds
from .pairs import PairSettings, read_pairs
from .roles import Roles, meant
from .sides import SideSettings, read_side

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
FOREIGN_BYTE = "add dataset.encoding={}, or the encoding in which the file was written"


@dataclass
class Files:
    """Interactions, users, items and graph from files of the user's; see docs/data.md.

    Attributes
    ----------
    interactions
        CSV or Parquet with the columns ``user``, ``item`` and, if any, ``rating``, ``timestamp``.
    users, items
        Tables with a column ``user`` (``item``) or ``id`` and attributes, wide or long.
    graph
        Triples with the columns ``head``, ``relation``, ``tail``.
    name
        The dataset's name in records, result folders and boards.
    minimum_rating
        A pair is a positive from this rating on; None takes every pair.
    k_core
        Keep the users and items with this many positives among each other; 0 keeps all.
    lowest_rating, highest_rating
        A rating outside is refused; None sets no limit.
    columns
        Other names of columns, in any of the tables: ``{user: userId, item: placeID}``.
    separator
        Of the CSV files; None is told from each header: comma, semicolon or tab.
    encoding
        Of the CSV files that are not in UTF-8 and have no byte order mark: ``latin-1``.
    texts
        Columns of ``users`` and ``items`` that are texts.
    categorical
        Columns to take as categories though they look like numbers (zip codes, class codes).
    provenance
        By column or relation: ``intrinsic`` (default), ``editorial`` or ``user_generated``.
    """

    version: ClassVar[int] = 2
    takes_name: ClassVar[bool] = True

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
    encoding: str | None = None
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
        path, settings = self._opened()
        rule = Rule(self.minimum_rating, self.k_core)
        account = Account()
        read = partial(read_pairs, path, settings, account)
        return self._with_sides(rated_pairs(rule, self._layout(path), path, read), account)

    def account(self) -> tuple[Dataset, Account]:
        """Read the files and return the dataset, with what was found and what was left aside."""
        path, settings = self._opened()
        rule = Rule(self.minimum_rating, self.k_core)
        account = Account()
        rows = read_pairs(path, settings, account, stored_bytes(path))
        pairs = kept_pairs(rule, rows)
        _account_for(rule, rows, pairs, account)
        return self._with_sides(pairs, account), account

    def __post_init__(self) -> None:
        """Refuse a name that fits no folder."""
        if not NAME.fullmatch(self.name):
            raise DataError(
                f"dataset.name={self.name!r} does not fit a folder name",
                remedy="use up to 64 letters, digits, '_', '-' and '.', beginning with a letter "
                "or digit, for example dataset.name=mine",
            )

    def _opened(self) -> tuple[Path, PairSettings]:
        if not self.interactions:
            raise DataError(
                "dataset=files does not know which file holds the interactions",
                remedy="add dataset.interactions=PATH (a CSV or Parquet with user and item)",
            )
        low = -np.inf if self.lowest_rating is None else self.lowest_rating
        high = np.inf if self.highest_rating is None else self.highest_rating
        settings = PairSettings(self._form(), Roles(self.columns), low, high)
        return Path(self.interactions).expanduser(), settings

    def _with_sides(self, pairs: RatedPairs, account: Account) -> Dataset:
        ids = as_text(pairs.user_ids), as_text(pairs.item_ids)
        kinds = Kinds(tuple(self.texts), tuple(self.categorical))
        settings = SideSettings(self._form(), Roles(self.columns), kinds, self._provenances())
        users, user_names = read_side(self.users, "user", ids[0], settings, account)
        items, item_names = read_side(self.items, "item", ids[1], settings, account)
        known = set(pairs.known_items.tolist())
        graph = read_graph(self.graph, ids[1], known, settings, account)
        relations = () if graph is None else graph.relation_names
        self._check_names((*user_names, *item_names), relations)
        rule = Rule(self.minimum_rating, self.k_core).sentence()
        return dataset(self.name, pairs, ids, users, items, graph, rule)

    def _form(self) -> Form:
        return Form(self.separator, self.encoding, FOREIGN_BYTE)

    def _layout(self, path: Path) -> str:
        """Name how the interactions are read, which with their bytes decides the outcome."""
        limits = (self.lowest_rating, self.highest_rating)
        promise = ".tsv" in path.suffixes
        form = (self.columns, self.separator, self.encoding, promise)
        return f"files {self.version}:" + content_hash(*form, limits)

    def _provenances(self) -> dict[str, Provenance]:
        values = [provenance.value for provenance in Provenance]
        for name, value in self.provenance.items():
            if value not in values:
                raise DataError(f"provenance {value!r} of {name!r}{meant(value, values)}")
        return {name: Provenance(value) for name, value in self.provenance.items()}

    def _check_names(self, columns: tuple[str, ...], relations: tuple[str, ...]) -> None:
        named = [("texts", name, columns) for name in self.texts]
        named += [("categorical", name, columns) for name in self.categorical]
        named += [("provenance", name, columns + relations) for name in self.provenance]
        for setting, name, among in named:
            if name not in among:
                raise DataError(f"dataset.{setting} names {name!r}{meant(name, among)}")


def _account_for(rule: Rule, rows: Rows, pairs: RatedPairs, account: Account) -> None:
    kept = pairs.interactions
    users, items = len(rows["user_names"]), len(rows["item_names"])
    account.drop(pairs.merged, "rows are of a pair that comes again: the latest row stays")
    outside = f"outside the {rule.k_core}-core of the positives"
    account.drop(len(rows["user"]) - pairs.merged - len(kept), f"pairs are {outside}")
    account.drop(users - kept.n_users, f"users are {outside}")
    account.drop(items - kept.n_items, f"items are {outside}")
