"""Anyone's data: interactions, users, items and graph as CSV or Parquet, no code needed."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...card import Card
from ...dataset import Dataset
from ...errors import DataError
from ...hashing import hash_content
from ...parameters import parameter
from ...reading.frames import Form
from ...reading.raw_bytes import read_stored_bytes
from ...side_information import Provenance
from ..building.build import build_dataset
from ..building.preprocessing import RatedPairs, Rows, Rule, keep_pairs, read_rated_pairs, to_text
from .attributes import SideSettings, read_side
from .import_report import ImportReport
from .kinds import Kinds
from .pairs import PairSettings, read_pairs
from .roles import Roles, suggest_name
from .triples_table import read_graph

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
FOREIGN_BYTE = "add dataset.encoding={}, or the encoding in which the file was written"


@dataclass
class Files:
    """Interactions, users, items and graph from files of the user's; see docs/data.md."""

    version: ClassVar[int] = 3
    takes_name: ClassVar[bool] = True

    interactions: str = parameter(
        "", "CSV or Parquet with the columns user, item and, if any, rating and timestamp"
    )
    users: str | None = parameter(
        None, "table with a column user or id and attributes of users, wide or long"
    )
    items: str | None = parameter(
        None, "table with a column item or id and attributes of items, wide or long"
    )
    graph: str | None = parameter(None, "triples with the columns head, relation, tail")
    name: str = parameter("files", "the dataset's name in records, result folders and leaderboards")
    minimum_rating: float | None = parameter(
        None, "a pair is a positive from this rating on; by default every pair is"
    )
    k_core: int = parameter(
        0, "positives that every kept user and item has among the others; 0 keeps all", minimum=0
    )
    lowest_rating: float | None = parameter(
        None, "a rating below is refused; by default there is no limit"
    )
    highest_rating: float | None = parameter(
        None, "a rating above is refused; by default there is no limit"
    )
    columns: dict[str, str] = parameter(
        {}, "other names of the columns user, item, rating, timestamp: {user: userId}"
    )
    separator: str | None = parameter(
        None, "of the CSV files; by default comma, semicolon or tab, as each header says"
    )
    encoding: str | None = parameter(
        None, "of CSV files that are not in UTF-8 and have no byte order mark, as latin-1"
    )
    texts: list[str] = parameter([], "columns of users and items that are texts")
    categorical: list[str] = parameter(
        [], "columns to take as categories though they look like numbers, such as zip codes"
    )
    dates: list[str] = parameter(
        [], "columns that are dates or years; the first of the items is their release date"
    )
    provenance: dict[str, str] = parameter(
        {}, "by column or relation: intrinsic (default), editorial or user_generated"
    )

    card: ClassVar[Card] = Card(
        title="Files of the user's",
        publisher="whoever made them",
        licence="as the files' owner says",
        citation="none",
        limitations=(
            "What a column is (text, category, date or number) is decided from the cells of all "
            "users or items with a kept interaction, those that a split makes cold among them; "
            "dataset.texts, dataset.categorical and dataset.dates decide it without any cell.",
            "A column is a feature or a text, a triple is in the graph: what one form says the "
            "others do not, unless the files say it in each.",
        ),
    )

    def load(self) -> Dataset:
        """Read the files and return the dataset."""
        path, settings = self._opened()
        rule = Rule(self.minimum_rating, self.k_core)
        report = ImportReport()
        read = partial(read_pairs, path, settings, report)
        return self._with_sides(read_rated_pairs(rule, self._layout(path), path, read), report)

    def load_with_report(self) -> tuple[Dataset, ImportReport]:
        """Read the files and return the dataset, with what was found and what was left aside."""
        path, settings = self._opened()
        rule = Rule(self.minimum_rating, self.k_core)
        report = ImportReport()
        rows = read_pairs(path, settings, report, read_stored_bytes(path))
        pairs = keep_pairs(rule, rows)
        _report_on(rule, rows, pairs, report)
        return self._with_sides(pairs, report), report

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

    def _with_sides(self, pairs: RatedPairs, report: ImportReport) -> Dataset:
        ids = to_text(pairs.user_ids), to_text(pairs.item_ids)
        kinds = Kinds(tuple(self.texts), tuple(self.categorical), tuple(self.dates))
        settings = SideSettings(self._form(), Roles(self.columns), kinds, self._provenances())
        users, user_names = read_side(self.users, "user", ids[0], settings, report)
        items, item_names = read_side(self.items, "item", ids[1], settings, report)
        known = set(pairs.known_items.tolist())
        graph = read_graph(self.graph, ids[1], known, settings, report)
        relations = () if graph is None else graph.relation_names
        self._check_names((*user_names, *item_names), relations)
        rule = Rule(self.minimum_rating, self.k_core).sentence()
        return build_dataset(self.name, pairs, ids, users, items, graph, rule)

    def _form(self) -> Form:
        return Form(self.separator, self.encoding, FOREIGN_BYTE)

    def _layout(self, path: Path) -> str:
        """Name how the interactions are read, which with their bytes decides the outcome."""
        limits = (self.lowest_rating, self.highest_rating)
        promise = ".tsv" in path.suffixes
        form = (self.columns, self.separator, self.encoding, promise)
        return f"files {self.version}:" + hash_content(*form, limits)

    def _provenances(self) -> dict[str, Provenance]:
        values = [provenance.value for provenance in Provenance]
        for name, value in self.provenance.items():
            if value not in values:
                raise DataError(f"provenance {value!r} of {name!r}{suggest_name(value, values)}")
        return {name: Provenance(value) for name, value in self.provenance.items()}

    def _check_names(self, columns: tuple[str, ...], relations: tuple[str, ...]) -> None:
        named = [("texts", name, columns) for name in self.texts]
        named += [("categorical", name, columns) for name in self.categorical]
        named += [("dates", name, columns) for name in self.dates]
        named += [("provenance", name, columns + relations) for name in self.provenance]
        for setting, name, among in named:
            if name not in among:
                raise DataError(f"dataset.{setting} names {name!r}{suggest_name(name, among)}")


def _report_on(rule: Rule, rows: Rows, pairs: RatedPairs, report: ImportReport) -> None:
    kept = pairs.interactions
    users, items = len(rows["user_names"]), len(rows["item_names"])
    report.drop(pairs.merged, "rows are of a pair that comes again: the latest row stays")
    outside = f"outside the {rule.k_core}-core of the positives"
    report.drop(len(rows["user"]) - pairs.merged - len(kept), f"pairs are {outside}")
    report.drop(users - kept.n_users, f"users are {outside}")
    report.drop(items - kept.n_items, f"items are {outside}")
