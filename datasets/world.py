"""What a split hands out: training data and queries to the method, truth to the evaluator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np

from .arrays import CSR, BoolArray, DoubleArray, FloatArray, IntArray, LongArray, make_read_only
from .graph import Graph, Links
from .interactions import Interactions
from .progress import Progress, ignore_progress
from .side_information import NumericEncoding, Side
from .training import TrainerSettings
from .validation_score import ValidationScore, not_attached


class SideMode(str, Enum):
    """Whether the side information of cold entities is visible during training."""

    INDUCTIVE = "inductive"
    TRANSDUCTIVE = "transductive"


_OTHER_GROUP = {
    NumericEncoding.VALUE: NumericEncoding.CATEGORY.value,
    NumericEncoding.CATEGORY: NumericEncoding.VALUE.value,
}


@dataclass(frozen=True)
class Entities:
    """Rows of one side, as a method may see them; read-only.

    Attributes
    ----------
    side
        Users or items.
    known
        int32, (rows,): index in the training data, -1 for a cold entity.
    history
        CSR float32, (rows, known entities of the other side): training interactions of a warm
        entity, the support of a cold one; all ones.
    features
        CSR float32, (rows, feature columns); zero columns when there are none.
    feature_names
        One name per feature column: ``"genre=Drama"`` of a category, ``"year"`` of a number,
        ``"year~1994"`` of a bin around a number.
    text
        object array of str, (rows,), or None when the side has no text.
    links
        Edges of the rows into the training graph, or None without a graph.
    vectors
        float32, (rows, d), the admitted vector columns side by side, or None without any; zeros
        where an entity has no vector.
    feature_groups
        One per feature column: ``"value"`` or ``"category"`` for the two encodings of a number,
        ``""`` for any other column. Empty where no column encodes a number.
    released
        float64, (rows,): release date in years, as 1994.0, not standardised, NaN where it is
        unknown; None where the side has no dated column.
    """

    side: Side
    known: IntArray
    history: CSR
    features: CSR
    feature_names: tuple[str, ...]
    text: np.ndarray | None
    links: Links | None = None
    vectors: FloatArray | None = None
    feature_groups: tuple[str, ...] = ()
    released: DoubleArray | None = None

    def __len__(self) -> int:
        return len(self.known)

    def encoded(self, encoding: NumericEncoding) -> "Entities":
        """Return the same rows with the numbers among their features in one encoding, or in both.

        Parameters
        ----------
        encoding
            The block of columns to keep; columns that encode no number always stay.
        """
        left_out = _OTHER_GROUP.get(encoding)
        if left_out not in self.feature_groups:
            return self
        keep = [at for at, group in enumerate(self.feature_groups) if group != left_out]
        return replace(
            self,
            features=make_read_only(self.features[:, keep]),
            feature_names=tuple(self.feature_names[at] for at in keep),
            feature_groups=tuple(self.feature_groups[at] for at in keep),
        )

    def take(self, rows: IntArray | LongArray | slice) -> "Entities":
        """Return some of the rows, in the given order."""
        at = np.arange(len(self))[rows]
        links = self.links
        if links is not None:
            position = np.full(len(self), -1, dtype=np.int32)
            position[at] = np.arange(len(at), dtype=np.int32)
            if len(np.unique(at)) == len(at):
                keep = position[links.rows] >= 0
                links = Links(position[links.rows[keep]], links.relations[keep], links.nodes[keep])
            else:
                links = _repeat_links(links, at)
        return replace(
            self,
            known=self.known[at],
            history=self.history[at],
            features=self.features[at],
            text=None if self.text is None else self.text[at],
            links=links,
            vectors=None if self.vectors is None else self.vectors[at],
            released=None if self.released is None else self.released[at],
        )


def _repeat_links(links: Links, at: LongArray) -> Links:
    """Return the links of the rows ``at``, which may name a row twice."""
    order = np.argsort(links.rows, kind="stable")
    starts = np.searchsorted(links.rows[order], at, side="left")
    counts = np.searchsorted(links.rows[order], at, side="right") - starts
    rows = np.repeat(np.arange(len(at), dtype=np.int32), counts)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    pick = order[np.repeat(starts, counts) + offset]
    return Links(rows, links.relations[pick], links.nodes[pick])


@dataclass(frozen=True)
class Query:
    """Who asks and which candidates are to be ranked: all a method sees when it scores."""

    users: Entities
    items: Entities

    @property
    def group(self) -> str:
        """Who is cold: ``new_item``, ``new_user``, ``both``, or else ``warm``."""
        users, items = bool((self.users.known < 0).any()), bool((self.items.known < 0).any())
        if users and items:
            return "both"
        return "new_user" if users else "new_item" if items else "warm"


@dataclass(frozen=True)
class Holdout:
    """One task of a split: a query, and the truth that only the evaluator opens.

    Attributes
    ----------
    query
        What the method is to score.
    truth
        CSR float32, (users, candidates): held-out positives (the rating, in a rating task).
    masked
        CSR float32, (users, candidates): pairs already known of the user, never ranked.
    users, items
        int32: index in the dataset of each row and each candidate.
    left_out
        Users that are not evaluated because they have too few interactions.
    negatives
        CSR float32, (users, candidates): the only items that the truth is compared with, sampled
        ones in a click task; None where it is every candidate that is not masked.
    """

    query: Query
    truth: CSR
    masked: CSR
    users: IntArray
    items: IntArray
    left_out: int = 0
    negatives: CSR | None = None

    @property
    def cold_items(self) -> BoolArray:
        """bool, (candidates,): which candidates are cold."""
        return self.query.items.known < 0


@dataclass(frozen=True)
class Resources:
    """The hardware a method may use."""

    threads: int = 1
    device: str = "cpu"
    devices: int = 1


@dataclass(frozen=True)
class TrainView:
    """All that a method may see while it fits; every array is read-only.

    Attributes
    ----------
    interactions
        Training pairs over the indices of ``users`` and ``items``.
    users, items
        The warm entities; ``known`` is ``arange``.
    graph
        Triples over the warm items (nodes ``0..len(items)-1``) and entities, or None.
    unseen_users, unseen_items
        Cold entities with their side information and no interactions; None when inductive.
    seed
        Seed of everything random in the method.
    validate
        Scores a fitted method, or a function from a ``Query`` to float32 scores, on the
        validation tasks; the only way to early stopping. The harness attaches it.
    resources
        Threads and device.
    progress
        Called now and then with how far the fit has come; by default nobody listens.
    trainer
        What was set of Lightning; a method that trains by ``fit_module`` or ``fit_lightning``
        need not look at it.
    source
        The training data of another dataset, to learn from before; None where there is none. It
        has indices of its own, and no ``validate``.
    """

    interactions: Interactions
    users: Entities
    items: Entities
    graph: Graph | None
    unseen_users: Entities | None
    unseen_items: Entities | None
    seed: int
    validate: Callable[[Any], ValidationScore] = not_attached
    resources: Resources = Resources()
    progress: Progress = ignore_progress
    trainer: TrainerSettings = TrainerSettings()
    source: "TrainView | None" = None

    @cached_property
    def item_counts(self) -> LongArray:
        """int64, (items,): training interactions of each item."""
        counts: LongArray = np.bincount(self.interactions.items, minlength=len(self.items))
        return counts

    def encoded(self, encoding: NumericEncoding) -> "TrainView":
        """Return the same training data with the numbers of both sides in one encoding, or both."""
        unseen = (self.unseen_users, self.unseen_items)
        unseen_users, unseen_items = (
            None if side is None else side.encoded(encoding) for side in unseen
        )
        return replace(
            self,
            users=self.users.encoded(encoding),
            items=self.items.encoded(encoding),
            unseen_users=unseen_users,
            unseen_items=unseen_items,
        )


@dataclass(frozen=True)
class Split:
    """A dataset cut by a scenario.

    Attributes
    ----------
    train
        The training data.
    validation, test
        Tasks by name, ``<scenario>/<candidates>/k=<shots>``.
    users, items
        int32: dataset index of each index of the training data.
    fingerprint
        sha256 of train, support, truth and candidates.
    facts
        Counts worth reporting: cold users and items, merged pairs, users left out; and of a
        transfer its source.
    """

    train: TrainView
    validation: Mapping[str, Holdout]
    test: Mapping[str, Holdout]
    users: IntArray
    items: IntArray
    fingerprint: str
    facts: Mapping[str, int | str]
