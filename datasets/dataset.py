"""A loaded dataset after its rule: the input of every scenario."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from .arrays import BoolArray, TextArray
from .graph import Graph
from .interactions import Interactions
from .sides import SideInformation


@dataclass(frozen=True)
class Dataset:
    """Interactions of one dataset with what is known of its users and items.

    Attributes
    ----------
    name
        The registered name.
    interactions
        Every rated pair among the kept users and items, duplicates merged.
    positive
        bool, (pairs,): which of them count as "liked" by the dataset's rule.
    user_ids, item_ids
        Original ids as text, in the order of the indices.
    users, items
        Side information, in the same order.
    graph
        Knowledge graph whose first nodes are the items, or None.
    merged
        How many duplicate rows were merged while loading.
    sha256
        Fingerprint of the content after the rule.
    rule
        The positive rule and the filters, as a sentence for people.
    """

    name: str
    interactions: Interactions
    positive: BoolArray
    user_ids: TextArray
    item_ids: TextArray
    users: SideInformation
    items: SideInformation
    graph: Graph | None
    merged: int
    sha256: str
    rule: str

    @cached_property
    def positives(self) -> Interactions:
        """The pairs that count as liked."""
        return self.interactions.take(self.positive)


class DatasetSource(Protocol):
    """What an entry point of ``coldbench.datasets`` names: a dataclass of settings that loads."""

    def load(self) -> Dataset:
        """Read, check and return the dataset."""
        ...
