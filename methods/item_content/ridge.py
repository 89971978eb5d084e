"""Ridge regression from what is known of items to what each user liked, in dual form."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar, Self

import numpy as np

from ...datasets.arrays import DoubleArray, FloatArray, IntArray, LongArray
from ...datasets.errors import NoValidationError
from ...datasets.parameters import Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, Query, TrainView
from ..linear_algebra import invert_positive_definite
from ..sparse_rows import binarise, sum_rows
from .kernel_method import KernelMethod, add_to_diagonal
from .kernels import take_items
from .popularity_prior import (
    add_prior,
    choose_prior_weights,
    compute_shares,
    keep_known,
    report_prior,
)
from .regression import predict_centred, solve_centred

PRIOR_WEIGHTS = (1.0, 0.3, 3.0)
"""Values that are tried where none is given."""
_SOLUTION = ("regularization_", "inverse_", "centre_", "popularity_", "products_")
_ROWS = 1024  # candidates whose kernel rows are computed at once
_RATED = 2048  # rated items that are compared with the candidates at once
_PRODUCTS_KEPT = 1 << 27  # bytes of products with the inverse that are kept
_Products = tuple[DoubleArray, dict[bytes, FloatArray]]


@dataclass(frozen=True)
class Influence:
    """Candidates as the training items see them.

    Attributes
    ----------
    personal
        float32 (training items, candidates): what one liked item adds to each score.
    prior
        float32, (candidates,): the share of users who take it, counted or predicted.
    """

    personal: FloatArray
    prior: FloatArray


@dataclass
class ItemRidge(KernelMethod):
    """One ridge regression per user on the history, plus the mean user's."""

    prior_weight: float | None = parameter(
        None,
        "how many mean users' histories are added to a user's own; None tries 0.3, 1 and 3",
        minimum=0,
        search=Range(0.1, 10, log=True),
    )
    damping: float = parameter(5.0, "for ratings: imagined ratings at the global mean", minimum=0)

    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True

    def fit(self, train: TrainView) -> Self:
        """Invert the regularised kernel matrix of the training items.

        The inverse costs as much as one solve for each of them, and answers for every candidate:
        that of a known item is a column of it. Regularised, the matrix is well conditioned.

        Raises
        ------
        NotApplicableError
            With more than ``max_items`` training items, or none of the inputs.
        """
        gram = self.fit_rows(train)
        values = train.interactions.values
        self.mean_ = float(values.mean(dtype=np.float64)) if len(values) else 0.0
        self.shares_ = compute_shares(train)
        weight = PRIOR_WEIGHTS[0] if self.prior_weight is None else self.prior_weight
        self.prior_weights_ = (weight, weight)
        self._choose_regularization(gram, train)
        choose_prior_weights(self, train, self.prior_weight, PRIOR_WEIGHTS)
        return self

    def _choose_regularization(self, gram: DoubleArray, train: TrainView) -> None:
        """Solve with what is best on validation; with the first where nothing validates.

        The best solution is kept while the next is tried, and never solved for again.
        """
        tried = self.tried()
        best: tuple[float, dict[str, Any]] | None = None
        for amount in tried:
            self._solve(gram, amount)
            if len(tried) == 1:
                return
            try:
                score = float(train.validate(self))
            except NoValidationError:
                return
            if best is None or score > best[0]:
                best = score, {name: vars(self).get(name) for name in _SOLUTION}
            del self.inverse_  # at most the kernel, the best inverse and the next are in memory
        if best is not None:
            vars(self).update(best[1])

    def _solve(self, gram: DoubleArray, amount: float) -> None:
        """Invert the kernel matrix with ``amount`` on its diagonal, and regress popularity."""
        self.regularization_ = amount
        vars(self).pop("products_", None)  # they hold the inverse before
        self.inverse_ = invert_positive_definite(
            add_to_diagonal(gram, amount),
            "the kernel matrix cannot be inverted: raise method.regularization",
        )
        self.centre_, self.popularity_ = solve_centred(self.inverse_, self.shares_)

    def encode_items(self, items: Entities) -> Influence:
        """Return what each liked item, and the mean user, adds to the candidates' scores."""
        # A user's scores y'(K + lambda I)^-1 k, y its column of ones and zeros, are sums of rows
        # of (K + lambda I)^-1 k over its history: the weights alpha = (K + lambda I)^-1 y of the
        # dual form are never made, and a k-shot user costs k additions a candidate.
        inverse = self.fitted("inverse_")
        influence = np.empty((len(inverse), len(items)), dtype=np.float32)
        predicted = np.zeros(len(items))
        warm, cold = np.flatnonzero(items.known >= 0), np.flatnonzero(items.known < 0)
        for at in range(0, len(cold), _ROWS):
            part = cold[at : at + _ROWS]
            across = self.compare(self.read_items(items.take(part)), self.rows_)
            influence[:, part] = self._multiply(across)
            predicted[part] = predict_centred(self.centre_, self.popularity_, across)
        # (K + lambda I)^-1 K = I - lambda (K + lambda I)^-1. The inverse is symmetric and lies in
        # memory by columns, which are read as its rows, one after the other.
        rows, known = inverse.T, items.known[warm]
        places, order = (_as_slice(one) for one in (warm, known))  # no copy where all are asked
        for at in range(0, len(rows) if len(warm) else 0, _ROWS):
            columns = -self.regularization_ * rows[at : at + _ROWS][:, order]
            own = np.flatnonzero((known >= at) & (known < at + _ROWS))
            columns[known[own] - at, own] += 1
            influence[at : at + _ROWS, places] = columns
        return Influence(influence, keep_known(items, self.shares_, predicted))

    def _multiply(self, across: DoubleArray) -> FloatArray:
        """Return float32 (training items, candidates): the inverse times the candidates' kernels.

        New items are candidates by themselves and again among all items; the product, the most
        expensive step after the inverse, is kept by the content of its kernels.
        """
        kept: _Products = vars(self).get("products_") or (np.empty(0), {})
        if kept[0] is not self.inverse_:
            kept = (self.inverse_, {})
            self.products_ = kept
        products = kept[1]
        key = blake2b(np.ascontiguousarray(across).data, digest_size=16).digest()
        if key not in products:
            if sum(one.nbytes for one in products.values()) > _PRODUCTS_KEPT:
                products.clear()
            products[key] = np.asarray(self.inverse_ @ across.T, dtype=np.float32)
        found: FloatArray = products[key]
        return found

    def state(self) -> dict[str, Any]:
        """Return the learned arrays, without the products that are made again from them."""
        learned = super().state()
        learned.pop("products_", None)
        return learned

    def score_history(self, users: Entities, items: Influence) -> FloatArray:
        """Return float32 (users, candidates): history times influence."""
        return np.asarray(binarise(users.history) @ items.personal, dtype=np.float32)

    def score_block(self, users: Entities, items: Influence) -> FloatArray:
        """Return float32 (users, candidates): history times influence, and the weighted prior."""
        return add_prior(self, users, items, self.score_history(users, items))

    def predict(self, query: Query) -> FloatArray:
        """Return float32 predicted ratings, (users, candidates)."""
        self.fitted("inverse_")
        candidates = self.read_items(query.items)
        history = query.users.history
        sizes = np.diff(history.indptr) + self.damping
        offsets = sum_rows(history, history.data - self.mean_) / np.where(sizes > 0, sizes, 1)
        ratings = np.repeat((self.mean_ + offsets)[:, None], len(query.items), axis=1)
        for some in _gather_users(np.diff(history.indptr)):
            # One comparison for the users of a block: a kernel of a few items costs its overhead.
            held = np.unique(history[some].indices)
            seen = take_items(self.rows_, held)
            among, across = self.compare(seen, seen), self.compare(candidates, seen)
            # Each user has its own rated items, hence a system of its own, as large as its history.
            for user in some:
                rated = history[user]
                at = np.searchsorted(held, rated.indices)
                gram = add_to_diagonal(among[np.ix_(at, at)], self.regularization_)
                residuals = rated.data - self.mean_ - offsets[user]
                ratings[user] += across[:, at] @ np.linalg.solve(gram, residuals)
        return ratings.astype(np.float32)

    def report(self) -> dict[str, Any]:
        """Return what was chosen on validation, and the inputs that the items had."""
        weights = self.fitted("prior_weights_")
        return {
            "inputs": list(self.content_.learned),
            "regularization": self.regularization_,
            "prior_weight": report_prior(weights),
        }


def _gather_users(sizes: LongArray | IntArray) -> list[LongArray]:
    """Return the users with a history, in blocks of about ``_RATED`` items of their histories."""
    users = np.flatnonzero(sizes)
    blocks = np.cumsum(sizes[users]) // _RATED
    return np.split(users, np.flatnonzero(np.diff(blocks)) + 1)


def _as_slice(places: LongArray | IntArray) -> Any:
    """Return the first places as a slice, and others as they are."""
    first = slice(0, len(places))
    return first if np.array_equal(places, np.arange(len(places))) else places
