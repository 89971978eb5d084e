"""Another dataset with its texts taken away: the control of every claim about texts."""

from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from typing import ClassVar

import numpy as np

from ..arrays import LongArray
from ..dataset import Dataset
from ..errors import DataError
from ..parameters import parameter
from ..side_information import FeatureColumn, TextColumn


@dataclass
class TextControl:
    """A dataset whose item texts are shuffled, lack some columns, or are the attributes in words.

    Interactions, ids, attributes and graph stay, so the same seed cuts the same split. What a
    method loses here is what the texts of the items gave it; what it keeps, it owes to something
    else. The dataset has its default settings.
    """

    version: ClassVar[int] = 1
    takes_name: ClassVar[bool] = True

    of: str = parameter("movietweetings", "the dataset: a name of `coldbench list datasets`")
    shuffled: bool = parameter(
        True, "every item has the texts of another one, drawn once for all seeds"
    )
    without: list[str] = parameter([], "text columns of the items that are left out, as title")
    attributes: bool = parameter(
        False, "in place of the texts the attributes, written out: genre: Drama, War. year: 1930"
    )

    @property
    def name(self) -> str:
        """What records call it: ``movietweetings.shuffled``, ``ml-100k.without-title``."""
        parts = ["attributes"] * self.attributes + ["shuffled"] * self.shuffled
        parts += ["without-" + "-".join(self.without)] if self.without else []
        return ".".join([self.of, *parts])

    def load(self) -> Dataset:
        """Load the dataset and change the texts of its items.

        Raises
        ------
        DataError
            When there is no such dataset, its items have no texts or attributes or not these, or
            nothing is changed.
        """
        if not (self.shuffled or self.without or self.attributes):
            raise DataError(
                f"dataset.shuffled=false and dataset.without=[] leave {self.of} as it is",
                remedy=f"use dataset={self.of}, or name texts to leave out",
            )
        data = self._load_other()
        known = data.items.texts
        if self.attributes:
            known = tuple(write_out(one) for one in data.items.columns)
        there = [one.name for one in known]
        if not there:
            what = "attributes to write out" if self.attributes else "texts to take away"
            raise DataError(
                f"the items of {self.of} have no {what}",
                remedy="use another dataset.of",
            )
        missing = [one for one in self.without if one not in there]
        if missing:
            raise DataError(
                f"dataset.without={self.without}: the items of {self.of} have no "
                f"{', '.join(missing)}",
                remedy=f"their texts are {', '.join(there)}",
            )
        texts = tuple(self._change(one) for one in known if one.name not in self.without)
        changed = "; ".join(
            ["the texts of the items are their attributes"] * self.attributes
            + ["the texts of the items are shuffled"] * self.shuffled
            + [f"without the items' {', '.join(self.without)}"] * bool(self.without)
        )
        items = replace(data.items, texts=texts)
        return replace(data, name=self.name, items=items, rule=f"{data.rule}; {changed}")

    def _load_other(self) -> Dataset:
        found = entry_points(group="coldbench.datasets", name=self.of)
        if not found or self.of == "text_control":
            raise DataError(
                f"dataset.of={self.of} is no dataset that can be changed",
                remedy="give a name of coldbench list datasets",
            )
        # A name of coldbench's own is no other package's.
        own = [one for one in found if one.dist is not None and one.dist.name == "coldbench"]
        loaded: Dataset = next(iter(own or found)).load()().load()
        return loaded

    def _change(self, column: TextColumn) -> TextColumn:
        if not self.shuffled:
            return column
        order = self._cycle(len(column.values))
        return replace(column, values=[column.values[place] for place in order])

    @staticmethod
    def _cycle(count: int) -> LongArray:
        """Return whose texts each item has: one cycle through all, so that nobody keeps its own."""
        order = np.random.default_rng(0).permutation(count)
        source = np.empty(count, dtype=np.int64)
        source[order] = np.roll(order, 1)
        return source


def write_out(column: FeatureColumn) -> TextColumn:
    """Return an attribute as a text: ``genre: Drama, War``; numbers with up to six digits.

    Values that the split leaves out for being rare are in it: no encoder has a column for them.
    """
    matrix, texts = column.matrix, []
    for first, last in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        if column.numeric:
            words = [f"{value:.6g}" for value in matrix.data[first:last].tolist()]
        else:
            words = [column.values[at] for at in sorted(matrix.indices[first:last].tolist())]
        texts.append(f"{column.name}: {', '.join(words)}" if words else "")
    return TextColumn(column.name, column.provenance, texts)
