"""What is known of items as unit vectors, one matrix for each kind of knowledge."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.world import Entities, TrainView
from ..sparse_rows import compute_idf
from .graph_neighbourhoods import look_up_neighbourhoods, neighbourhoods_of
from .weighting import Weighting, compute_column_weights, compute_mean_length, weight_rows
from .word_counts import collect_vocabulary, count_words

Rows = CSR | FloatArray
"""One unit vector (or zero) per item: sparse for attributes, words and graph, else dense."""


class ItemInput(str, Enum):
    """A kind of knowledge of items."""

    ATTRIBUTES = "attributes"  # the feature columns
    WORDS = "words"  # tf-idf of the words of the text
    GRAPH = "graph"  # tf-idf of the nodes one edge away
    VECTORS = "vectors"  # the vector columns that the dataset comes with


@dataclass
class CentredVectors:
    """Dense vectors moved so that the training items' mean is the origin, at length 1.

    Vectors of one encoder share a direction, which says nothing of any of them and brings every
    cosine close to 1.
    """

    mean: FloatArray

    @classmethod
    def of(cls, trained: FloatArray) -> Self:
        """Learn the mean of the training items, (items, d)."""
        mean = trained.mean(axis=0, dtype=np.float64) if len(trained) else np.zeros(1)
        return cls(mean.astype(np.float32))

    def __call__(self, vectors: FloatArray) -> FloatArray:
        """Return float32 of the same shape; a vector of zeros is none, and stays."""
        moved = np.where(vectors.any(axis=1, keepdims=True), vectors - self.mean, 0)
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        found: FloatArray = np.zeros_like(moved)
        np.divide(moved, lengths, out=found, where=lengths > 1e-6)
        return found


@dataclass
class ItemContent:
    """Turns items into rows; what it learned, of training items alone, is plain arrays.

    Attributes
    ----------
    weighting
        Weights of the feature columns.
    learned
        By the value of each ``ItemInput`` that is read, in their order: what its rows need.
    """

    weighting: Weighting
    learned: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, train: TrainView, inputs: Sequence[ItemInput], weighting: Weighting) -> Self:
        """Learn the inputs that the training items have; the others are left out."""
        found = {one.value: _learn(one, train, weighting) for one in dict.fromkeys(inputs)}
        return cls(weighting, {name: facts for name, facts in found.items() if facts})

    def __call__(self, items: Entities) -> list[Rows]:
        """Return one matrix (items, columns of the input) for each input that is read."""
        return [self._rows(ItemInput(name), facts, items) for name, facts in self.learned.items()]

    def _rows(self, kind: ItemInput, facts: dict[str, Any], items: Entities) -> Rows:
        if kind is ItemInput.ATTRIBUTES:
            length = float(facts["length"])
            return weight_rows(items.features, facts["weights"], self.weighting, length)
        if kind is ItemInput.VECTORS:
            none = np.zeros((len(items), len(facts["mean"])), dtype=np.float32)
            return CentredVectors(facts["mean"])(none if items.vectors is None else items.vectors)
        counts = (
            count_words(items, facts["words"])
            if kind is ItemInput.WORDS
            else look_up_neighbourhoods(items, facts["trained"])
        )
        return weight_rows(counts, facts["weights"], Weighting.TFIDF, 1.0)


def _learn(kind: ItemInput, train: TrainView, weighting: Weighting) -> dict[str, Any]:
    """Return what the rows of one input need, nothing where the items do not have it."""
    items = train.items
    if kind is ItemInput.ATTRIBUTES and items.features.shape[1]:
        weights = compute_column_weights(items.features, weighting)
        return {"weights": weights, "length": compute_mean_length(items.features)}
    if kind is ItemInput.WORDS and items.text is not None:
        words = collect_vocabulary(items, 1)
        return {"words": words, "weights": compute_idf(count_words(items, words))}
    if kind is ItemInput.GRAPH and train.graph is not None:
        trained = neighbourhoods_of(train.graph)
        return {"trained": trained, "weights": compute_idf(trained)}
    if kind is ItemInput.VECTORS and items.vectors is not None:
        return {"mean": CentredVectors.of(items.vectors).mean}
    return {}
