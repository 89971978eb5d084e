"""Settings and results of an evaluation."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ...datasets.arrays import DoubleArray, FloatArray, IntArray, LongArray
from ...datasets.errors import ColdbenchError
from ...datasets.parameters import check_parameters, parameter


@dataclass(frozen=True)
class EvaluationSettings:
    """How a fitted method is measured; part of the configuration of a run."""

    ks: list[int] = parameter([5, 10, 20, 50, 100], "cut-offs of the ranked list", minimum=1)
    bootstrap: int = parameter(
        1000,
        "resamples behind every 95 % interval; 0 leaves the intervals out (low = high = mean)",
        minimum=0,
    )
    slices: bool = parameter(True, "measure groups of users and items apart")
    beyond_accuracy: bool = parameter(
        True, "measure coverage, Gini, popularity, novelty and diversity"
    )
    block: int = parameter(
        256,
        "users scored at a time: bounds the memory and changes no result; no matter to factors",
        minimum=1,
    )
    metrics: list[str] = parameter(
        [], "names of `coldbench list metrics`; an empty list is all of them"
    )

    def check(self) -> None:
        """Refuse settings that cannot be measured.

        Raises
        ------
        ColdbenchError
            With the field and its value.
        """
        check_parameters(self, "evaluation")
        if not self.ks:
            raise ColdbenchError("evaluation.ks = [] must hold a number from 1 up, as [10]")


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` users with its 95 % bootstrap interval; None where it is undefined."""

    mean: float | None
    low: float | None
    high: float | None
    n: int

    # A record refuses what it does not know; pydantic reads this, which is not needed otherwise.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


@dataclass(frozen=True)
class Rankings:
    """The top of every user's list, best first.

    Attributes
    ----------
    users
        int32, (users,): dataset indices.
    items
        int32, (users, depth): dataset indices, -1 after the end of a short list.
    scores
        float32, (users, depth): NaN after the end of a short list.
    """

    users: IntArray
    items: IntArray
    scores: FloatArray


@dataclass(frozen=True)
class TopHits:
    """What the top of every user's list hit.

    Attributes
    ----------
    truth
        int64, (users,): truth items of the user, listed or not.
    top10
        int64, (users,): bit r is set where the item at rank r + 1 is truth, for the first ten.
    hits20
        int64, (users,): truth items among the first twenty.
    """

    truth: LongArray
    top10: LongArray
    hits20: LongArray


@dataclass(frozen=True)
class TaskResult:
    """The values of one task.

    Attributes
    ----------
    scores
        Estimates by name, ``"ndcg@10"``, ``"auc"``, ``"coverage@10"``.
    slices
        The same for groups, ``"history:1-5"`` or ``"gap:gender"``.
    users
        int32, (users,): dataset indices of the users that count, those with truth.
    per_user
        float64, (users,) by name; NaN where a value is undefined for a user.
    rankings
        The saved lists, or None.
    items, item_users, per_item
        Of the cold items that are truth of somebody: dataset indices, ascending; for how many
        users; and, by name of a value, what each adds to the sum over users.
    uninformed
        Share of the users whose candidates all have one score.
    chance
        Expected values of a random order.
    hits
        The tops of the lists; None where they are shorter than twenty, or ratings are predicted.
    """

    scores: dict[str, Estimate]
    slices: dict[str, dict[str, Estimate]]
    users: IntArray
    per_user: dict[str, DoubleArray]
    rankings: Rankings | None = None
    items: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    item_users: LongArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    per_item: dict[str, DoubleArray] = field(default_factory=dict)
    uninformed: float = 0.0
    chance: dict[str, float] = field(default_factory=dict)
    hits: TopHits | None = None
