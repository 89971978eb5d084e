"""What an evaluation is asked for and what it hands back."""

from dataclasses import dataclass, field

from ...datasets.arrays import DoubleArray, FloatArray, IntArray
from ...datasets.errors import ColdbenchError


@dataclass(frozen=True)
class EvaluationSettings:
    """How the answers are measured; part of the configuration of a run.

    Attributes
    ----------
    ks
        Cut-offs of the ranked list.
    bootstrap
        Resamples behind every 95 % interval; 0 leaves the intervals out (low = high = mean).
    slices
        Whether groups of users and items are measured apart.
    beyond_accuracy
        Whether coverage, Gini, popularity, novelty and diversity are measured.
    block
        Users that a method scores at a time; it bounds the memory and changes no result. The
        products of factor methods have a size of their own.
    metrics
        Names of the metrics; empty means every registered one.
    """

    ks: list[int] = field(default_factory=lambda: [5, 10, 20, 50, 100])
    bootstrap: int = 1000
    slices: bool = True
    beyond_accuracy: bool = True
    block: int = 256
    metrics: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Refuse settings that cannot be measured.

        Raises
        ------
        ColdbenchError
            With the field and its value.
        """
        if not self.ks or min(self.ks) < 1:
            raise ColdbenchError(f"evaluation.ks = {list(self.ks)} must hold numbers from 1 up")
        if self.bootstrap < 0:
            raise ColdbenchError(f"evaluation.bootstrap = {self.bootstrap} must be at least 0")
        if self.block < 1:
            raise ColdbenchError(f"evaluation.block = {self.block} must be at least 1")


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % bootstrap interval over ``n`` users."""

    mean: float
    low: float
    high: float
    n: int


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
class TaskResult:
    """The figures of one task.

    Attributes
    ----------
    scores
        Estimates by name, ``"ndcg@10"``, ``"auc"``, ``"coverage@10"``.
    slices
        The same for groups, ``"history:1-5"`` or ``"gap:gender"``.
    users
        int32, (users,): dataset indices of the users that count, those with truth.
    per_user
        float64, (users,) by name; NaN where a figure is undefined for a user.
    rankings
        The saved lists, or None.
    """

    scores: dict[str, Estimate]
    slices: dict[str, dict[str, Estimate]]
    users: IntArray
    per_user: dict[str, DoubleArray]
    rankings: Rankings | None = None
