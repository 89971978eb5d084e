"""What is known of a user before anything is: how many take an item."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ...datasets.arrays import DoubleArray, FloatArray
from ...datasets.errors import NoValidationError
from ...datasets.world import Entities, TrainView
from ..prior_choice import NEW_USERS, average_groups

BYTES_KEPT = 1 << 30
"""Scores by histories that are kept while the weight of the prior is chosen."""
SHOTS_THAT_DOUBLE = 10
"""Items of a history with which the prior counts twice."""


def weigh_prior(users: Entities, weights: tuple[float, float], prior: FloatArray) -> FloatArray:
    """Return float32 (users, items): the prior, by the weight of known or of new users.

    What a history adds to a score grows with its length, and the prior by a tenth for each item,
    so that ten shots do not drown what one shot is added to.
    """
    sizes = np.diff(users.history.indptr)
    own = np.where(users.known >= 0, *weights) * (1 + sizes / SHOTS_THAT_DOUBLE)
    weighted: FloatArray = own.astype(np.float32)[:, None] * prior
    return weighted


class HasPrior(Protocol):
    """A method whose scores are a user's own plus the weighted popularity of each item.

    Attributes
    ----------
    prior_weights_
        How many times the popularity counts for users of the training data, and for new ones.
    """

    prior_weights_: tuple[float, float]

    def encode_items(self, items: Entities) -> Any:
        """Return the candidates, with their popularity as ``prior``."""

    def score_history(self, users: Entities, items: Any) -> FloatArray:
        """Return float32 (users, candidates): the user's own part, in new memory."""


def add_prior(method: HasPrior, users: Entities, items: Any, scores: FloatArray) -> FloatArray:
    """Return float32 (users, candidates): ``scores``, which are overwritten, plus the prior."""
    scores += weigh_prior(users, method.prior_weights_, items.prior)
    return scores


def compute_shares(train: TrainView) -> DoubleArray:
    """Return float64, (items,): the share of the training users who took each item."""
    shares: DoubleArray = train.item_counts / max(1, len(train.users))
    return shares


def keep_known(items: Entities, learned: DoubleArray, predicted: DoubleArray) -> FloatArray:
    """Return float32, (items,): what was counted for a known item, what is predicted for a new."""
    warm = items.known >= 0
    found = np.array(predicted, dtype=np.float32)
    found[warm] = learned[items.known[warm]]
    return found


def choose_prior_weights(
    method: HasPrior, train: TrainView, given: float | None, tried: Sequence[float]
) -> None:
    """Set ``prior_weights_`` to what was given, else to what is best on validation.

    Known users are served by the value that is best over the tasks of known users (``warm`` and
    ``new_item``), new ones by that of their tasks (``new_user`` and ``both``); of equal values the
    first is kept, and where validation has no task of a kind, all tasks decide. Where nothing
    validates, the first is taken.
    """
    if given is not None:
        method.prior_weights_ = (given, given)
    else:
        try_prior_weights(method, train, tried)


def try_prior_weights(method: HasPrior, train: TrainView, tried: Sequence[float]) -> float | None:
    """Set ``prior_weights_`` as ``choose_prior_weights`` does and return what they are worth.

    That is the mean of the best averages of known and of new users; None where nothing validates.
    """
    scores = []
    asked = EncodedOnce(method)
    for weight in tried:
        method.prior_weights_ = (weight, weight)
        try:
            scores.append(train.validate(asked))
        except NoValidationError:
            method.prior_weights_ = (tried[0], tried[0])
            return None
    averages = [
        [average_groups(score, groups) for score in scores]
        for groups in (("warm", "new_item"), NEW_USERS)
    ]
    known, new = (tried[int(np.argmax(one))] for one in averages)
    method.prior_weights_ = (known, new)
    return float(np.mean([max(one) for one in averages]))


def report_prior(weights: tuple[float, float]) -> dict[str, float]:
    """Return the weights as a record holds them."""
    return {"known_users": weights[0], "new_users": weights[1]}


class EncodedOnce:
    """A fitted method of which only the weight of the prior changes from one validation to another.

    Each set of candidates is encoded once, and what the histories add is kept as far as it fits.
    """

    def __init__(self, method: HasPrior) -> None:
        self._method = method
        self._encoded: dict[int, tuple[Entities, Any]] = {}
        self._scored: dict[tuple[int, bytes, bytes], FloatArray] = {}
        self._free = BYTES_KEPT

    def encode_items(self, items: Entities) -> Any:
        """Return what the method makes of the candidates, from memory the second time."""
        if id(items) not in self._encoded:
            self._encoded[id(items)] = items, self._method.encode_items(items)
        return self._encoded[id(items)][1]

    def score_block(self, users: Entities, items: Any) -> FloatArray:
        """Return the scores of the method, the part of the histories from memory where it is."""
        history = users.history
        key = id(items), history.indptr.tobytes(), history.indices.tobytes()
        found = self._scored.get(key)
        if found is None:
            found = self._method.score_history(users, items)
            if found.nbytes <= self._free:
                self._free -= found.nbytes
                self._scored[key] = found
        return add_prior(self._method, users, items, found.copy())

    def for_group(self, group: str) -> "EncodedOnce":
        """Answer every group."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._method, name)
