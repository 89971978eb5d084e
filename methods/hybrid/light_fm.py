"""Sums of feature embeddings on both sides."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, hstack

from ...datasets.arrays import CSR, FloatArray
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.progress import count_progress
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import FactorMethod, Family, Need
from ..negative_sampling import sample_unobserved_pairs
from ..sparse_rows import expand_row_indices, scale_rows, sum_rows
from ..training.seeding import numpy_generator


class Loss(str, Enum):
    """What the library minimises."""

    LOGISTIC = "logistic"
    BPR = "bpr"
    WARP = "warp"
    WARP_KOS = "warp-kos"


@dataclass
class LightFM(FactorMethod):
    """Factorisation whose factors are sums of the embeddings of features and identities.

    Source: Kula, Metadata Embeddings for User and Item Cold-start Recommendations, 2015,
    equations 1 and 2; WARP loss of Weston, Bengio and Usunier, 2011; trained by ``lightfm``.
    Differs: each row of features, identity included, sums to 1 in absolute value, as the
    library's ``Dataset`` does. The logistic loss is given unobserved pairs as negatives, which the
    library, alone with positives, does not draw for it: ``negatives`` warm items per pair, drawn
    uniformly among those that the user has not taken, anew in every epoch (the paper's data
    have negative ratings). A cold entity has no identity, so neither its embedding nor its
    bias enters; support is not used. A side without features is trained on identities alone.
    """

    components: int = parameter(
        32, "length of an embedding", minimum=1, search=Range(16, 256, log=True)
    )
    loss: Loss = parameter(
        Loss.WARP, "what is minimised", search=Choices((Loss.LOGISTIC, Loss.BPR, Loss.WARP))
    )
    epochs: int = parameter(30, "passes over the interactions", minimum=1, search=Range(5, 100))
    learning_rate: float = parameter(
        0.05, "initial step of adagrad", minimum=1e-6, search=Range(0.005, 0.2, log=True)
    )
    item_penalty: float = parameter(
        0.0, "L2 weight on item features", minimum=0, search=Range(1e-7, 1e-3, log=True)
    )
    user_penalty: float = parameter(
        0.0, "L2 weight on user features", minimum=0, search=Range(1e-7, 1e-3, log=True)
    )
    max_sampled: int = parameter(10, "negatives WARP tries per positive", minimum=1)
    negatives: int = parameter(
        1,
        "unobserved pairs drawn per observed one in every epoch, for the logistic loss alone",
        minimum=0,
        search=Choices((1, 3, 10)),
    )
    identities: bool = parameter(True, "give warm entities an embedding of their own")

    family: ClassVar[Family] = Family.HYBRID
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER, Side.ITEM})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("lightfm",)

    def fit(self, train: TrainView) -> Self:
        """Train with the library; the identities follow the features as further columns."""
        from lightfm import LightFM as Library

        model = Library(
            no_components=self.components,
            loss=self.loss.value,
            learning_rate=self.learning_rate,
            item_alpha=self.item_penalty,
            user_alpha=self.user_penalty,
            max_sampled=self.max_sampled,
            random_state=train.seed,
        )
        self.n_users_, self.n_items_ = len(train.users), len(train.items)
        pairs = train.interactions.csr.copy()  # the library takes writable memory only
        rest: dict[str, Any] = {
            "user_features": self._rows(train.users, self.n_users_).copy(),
            "item_features": self._rows(train.items, self.n_items_).copy(),
            "num_threads": train.resources.threads,
        }
        sampled = self.negatives if self.loss is Loss.LOGISTIC else 0
        shown = pairs.tocoo()
        # fit_partial keeps embeddings and the sums of adagrad, so many calls of one epoch each
        # are one training.
        for epoch in count_progress(range(self.epochs), train.progress, "epoch"):
            if sampled:
                rng = numpy_generator(train.seed, epoch)
                shown = _with_negatives(pairs, sampled, rng)
            model.fit_partial(shown, **rest)
        self.user_embeddings_, self.user_biases_ = model.user_embeddings, model.user_biases
        self.item_embeddings_, self.item_biases_ = model.item_embeddings, model.item_biases
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, components + 2): embedding sums, bias, 1."""
        # Equation 1: the sum over features j of e_j, here the mean, as rows sum to 1; so a user
        # with many features is no longer than one with few.
        rows = self._rows(users, self.fitted("n_users_"))
        # Equation 2, u.v + b_u + b_v, as one dot product: [u, b_u, 1] . [v, 1, b_v].
        bias = rows @ self.user_biases_
        return _stacked(rows @ self.user_embeddings_, bias, np.ones_like(bias))

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, components + 2): embedding sums, 1, bias."""
        rows = self._rows(items, self.fitted("n_items_"))
        bias = rows @ self.item_biases_
        return _stacked(rows @ self.item_embeddings_, np.ones_like(bias), bias)

    def _rows(self, entities: Entities, n_known: int) -> CSR:
        """Return CSR float32 (rows, features + known entities), rows summing to 1 or empty."""
        # A cold entity has no column of its own: its never trained embedding and, worse, its bias
        # of 0 among learned ones would put all cold items below or above all warm ones.
        parts = [entities.features]
        if self.identities or not entities.features.shape[1]:
            parts.append(_identities(entities, n_known))
        joined = hstack(parts, format="csr", dtype=np.float32)
        return scale_rows(joined, sum_rows(joined, np.abs(joined.data)))


def _identities(entities: Entities, n_known: int) -> CSR:
    """Return CSR (rows, n_known) with a 1 at the index of each warm entity."""
    warm = np.flatnonzero(entities.known >= 0)
    ones = np.ones(len(warm), dtype=np.float32)
    return csr_matrix((ones, (warm, entities.known[warm])), shape=(len(entities), n_known))


def _with_negatives(pairs: CSR, per_pair: int, rng: np.random.Generator) -> Any:
    """Return COO float32 (users, items): 1 at each pair and -1 at unobserved ones drawn anew."""
    # The library reads 1 and -1 as the two classes of its logistic loss; a pair that is not given
    # is not a negative, and with positives alone every score would just rise.
    users, items = sample_unobserved_pairs(pairs, per_pair, rng)
    values = np.repeat(np.array([1, -1], dtype=np.float32), [pairs.nnz, len(users)])
    rows = np.concatenate([expand_row_indices(pairs).astype(np.int32), users])
    return coo_matrix((values, (rows, np.concatenate([pairs.indices, items]))), pairs.shape)


def _stacked(*parts: FloatArray) -> FloatArray:
    """Return the parts side by side as float32; a vector becomes one column."""
    return np.column_stack(parts).astype(np.float32)
