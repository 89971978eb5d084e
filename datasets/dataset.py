"""A loaded dataset after its rule: the input of every scenario."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Protocol

from .arrays import BoolArray, TextArray
from .content_fingerprint import fingerprint
from .errors import DataError
from .graph import Graph
from .interactions import Interactions
from .side_information import SideInformation


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
    rule: str

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the content after the rule, computed from it: never stated by a plugin."""
        return fingerprint(
            self.interactions,
            self.positive,
            (self.user_ids, self.item_ids),
            (self.users, self.items),
            self.graph,
        )

    @cached_property
    def positives(self) -> Interactions:
        """The pairs that count as liked."""
        return self.interactions.take(self.positive)


def check_dataset(loaded: object) -> Dataset:
    """Return what a source loaded as a plain ``Dataset``, whose fingerprint is our own.

    Raises
    ------
    DataError
        When it is no ``Dataset``, or its parts are of different lengths.
    """
    if not isinstance(loaded, Dataset):
        raise DataError(
            f"load() returned a {type(loaded).__name__}, not a Dataset",
            remedy="return coldbench.Dataset(...), as docs/plugin.md shows",
        )
    data = Dataset(**{one.name: getattr(loaded, one.name) for one in fields(Dataset)})
    for side, ids, known, count in (
        ("user", data.user_ids, data.users, data.interactions.n_users),
        ("item", data.item_ids, data.items, data.interactions.n_items),
    ):
        sizes = {f"{side}_ids": len(ids)}
        sizes |= {f"column {one.name!r}": one.matrix.shape[0] for one in known.columns}
        sizes |= {f"text {one.name!r}": len(one.values) for one in known.texts}
        sizes |= {f"vectors {one.name!r}": len(one.values) for one in known.vectors}
        for what, size in sizes.items():
            if size != count:
                raise DataError(
                    f"dataset {data.name!r} has {count} {side}s, but {size} rows of {what}",
                    remedy=f"give one row per {side}, in the order of the indices",
                )
    if len(data.positive) != len(data.interactions):
        raise DataError(
            f"dataset {data.name!r} has {len(data.interactions)} pairs, but "
            f"{len(data.positive)} marks of positives",
            remedy="give one bool per pair",
        )
    return data


class DatasetSource(Protocol):
    """What an entry point of ``coldbench.datasets`` names: a dataclass of settings that loads.

    It may declare ``version: ClassVar[int]``, raised when the same settings load something else.
    """

    def load(self) -> Dataset:
        """Read, check and return the dataset."""
        ...
