"""A method that reads vectors can be examined: they are in the planted dataset and every trial."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from coldbench.benchmarks.conformance.checks.check_result import Verdict
from coldbench.benchmarks.conformance.checks.subject import Subject
from coldbench.benchmarks.conformance.checks.suite import examine
from coldbench.datasets.arrays import FloatArray
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Entities, Split, TrainView
from coldbench.methods.base import FactorMethod, Family, Need


@dataclass
class Likeness(FactorMethod):
    """Likeness of a candidate's vector to those of the history.

    Source: none; written for the tests.
    Differs: nothing.
    """

    family: ClassVar[Family] = Family.CONTENT
    cold: ClassVar[Any] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_VECTORS})

    def fit(self, train: TrainView) -> Self:
        assert train.items.vectors is not None
        self.vectors_ = train.items.vectors.copy()
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        factors: FloatArray = (users.history @ self.fitted("vectors_")).astype(np.float32)
        return factors

    def item_factors(self, items: Entities) -> FloatArray:
        assert items.vectors is not None
        return items.vectors


class Peeking(Likeness):
    """Likeness to vectors, moved by those of cold items, which it was handed too early.

    Source: none; written for the tests.
    Differs: nothing.
    """

    split: Split

    def fit(self, train: TrainView) -> Self:
        super().fit(train)
        task = self.split.test["new_item/cold/k=0"].query.items
        assert task.vectors is not None
        self.vectors_ = self.vectors_ - task.vectors.mean(axis=0)
        return self


def peeking(split: Split) -> Peeking:
    method = Peeking()
    method.split = split
    return method


def failed(subject: Subject) -> set[str]:
    return {one.check for one in examine(subject) if one.verdict is Verdict.FAILED}


def test_an_honest_method_of_vectors_passes_everything_but_its_registration() -> None:
    assert failed(Subject("likeness", Likeness)) == {"entry_point"}


def test_a_method_that_has_seen_the_vectors_of_cold_items_is_caught() -> None:
    assert "cold_side_information" in failed(Subject("peeking", Peeking, peeking))
