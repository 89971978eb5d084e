"""Item weights that interactions decide where there are many, and texts where there are few."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Method, Need
from ..item_content.inputs import CentredVectors
from ..item_content.popularity_prior import (
    add_prior,
    compute_shares,
    keep_known,
    report_prior,
    try_prior_weights,
)
from ..item_content.ridge import Influence
from ..item_weights import solve_item_weights
from ..sparse_rows import binarise
from .sentence_inputs import SentenceInputs

REGULARIZATIONS = (500.0, 100.0, 2000.0)
"""Values of lambda that are tried where none is given."""
TEXT_SCALES = (1.0, 0.3)
"""Values of alpha that are tried where none is given."""
PRIOR_WEIGHTS = (0.3, 0.1, 0.03, 1.0)
"""Values of the weight of the popularity that are tried where none is given."""
_CHOSEN = ("chosen_", "weights_", "prior_weights_")
_COLUMNS = 512  # items whose weights are corrected at once


@dataclass
class EASETextPrior(SentenceInputs, Method):
    """EASE whose weights shrink towards what the items' texts say, instead of towards zero.

    B minimises |X - X B|^2 + lambda |B - alpha S|^2 with a zero diagonal: the posterior mean of
    the weights if they are normal around alpha S. Column j of S has the cosines of item j's
    sentence vector to those of the training items, negative ones at zero, and sums to 1: with
    alpha = 1 and nothing but S, a score is the mean of the history weighted by similarity. An item
    without interactions has no data that would move its column: the column of a cold item is
    alpha times its similarities. alpha = 0 is EASE.

    Source: Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019, equation 8 (the
    weights and their zero diagonal); Reimers and Gurevych, Sentence-BERT, EMNLP 2019, section 3
    (the vectors).
    Differs: the prior is our own combination, of no paper that we know. Related closed forms:
    Jeunen, Van Balen and Goethals, Closed-Form Models for Collaborative Filtering with
    Side-Information, RecSys 2020, who add side information as rows of X; MARec (Monteil et al.,
    RecSys 2024), who align the weights with similarities of metadata. The vectors are moved so that
    the training items' mean is the origin. To every score is added the share of users who take the
    item, for a cold item the mean share weighted by similarity, times a weight as in kernel ridge:
    it serves users without history and sets cold items against warm ones. The support of a cold
    item is not used. Validation chooses lambda and alpha together, each pair with its best
    ``prior_weight``, by the mean of known and of new users; memory is quadratic in the items, so
    beyond ``max_items`` it refuses.
    """

    regularization: float | None = parameter(
        None,
        "lambda, how firmly the weights are held to the texts; None tries 100, 500 and 2000",
        minimum=1e-6,
        search=Range(1, 5000, log=True),
    )
    text_scale: float | None = parameter(
        None,
        "alpha, what the weights of texts are multiplied by; 0 is EASE; None tries 0.3 and 1",
        minimum=0,
        search=Range(0.1, 10, log=True),
    )
    prior_weight: float | None = parameter(
        None,
        "how many times the share of users who take an item is added; None tries 0.03 to 1",
        minimum=0,
        search=Range(0.01, 3, log=True),
    )
    max_items: int = parameter(
        15_000, "training items beyond which the method refuses (16 bytes a pair)", minimum=1
    )

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers")

    def fit(self, train: TrainView) -> Self:
        """Encode the texts of the training items and solve for the weights.

        Raises
        ------
        NotApplicableError
            When there are more than ``max_items`` training items.
        """
        self._refuse_too_many(len(train.items))
        vectors = self.fit_sentences(train)
        centre = CentredVectors.of(vectors)
        self.sentence_mean_, self.vectors_ = centre.mean, centre(vectors)
        self.shares_ = compute_shares(train)
        given = self.prior_weight
        tried = PRIOR_WEIGHTS if given is None else (given,)
        nothing_to_choose = None not in (self.regularization, self.text_scale, given)
        best, kept = -np.inf, {}
        for chosen, weights in self._solutions(train.interactions.csr):
            self.chosen_, self.weights_ = chosen, weights
            self.prior_weights_ = (tried[0], tried[0])
            if nothing_to_choose:
                return self
            value = try_prior_weights(self, train, tried)
            if value is None:
                return self
            if value > best:
                best, kept = value, {name: vars(self)[name] for name in _CHOSEN}
        vars(self).update(kept)
        return self

    def encode_items(self, items: Entities) -> Influence:
        """Return what each liked item, and the popularity, adds to the candidates' scores."""
        weights = self.fitted("weights_")
        warm, cold = np.flatnonzero(items.known >= 0), np.flatnonzero(items.known < 0)
        influence = np.empty((len(weights), len(items)), dtype=np.float32)
        influence[:, warm] = weights[:, items.known[warm]]
        predicted = np.full(len(items), self.shares_.mean() if len(self.shares_) else 0.0)
        vectors = CentredVectors(self.sentence_mean_)(self.encode_sentences(items.take(cold)))
        similar = compare_texts(self.vectors_, vectors)
        influence[:, cold] = np.float32(self.chosen_["text_scale"]) * similar
        told = similar.any(axis=0)
        predicted[cold[told]] = self.shares_ @ similar[:, told]
        return Influence(influence, keep_known(items, self.shares_, predicted))

    def score_history(self, users: Entities, items: Influence) -> FloatArray:
        """Return float32 (users, candidates): history times weights."""
        return np.asarray(binarise(users.history) @ items.personal, dtype=np.float32)

    def score_block(self, users: Entities, items: Influence) -> FloatArray:
        """Return float32 (users, candidates): history times weights, and weighted popularity."""
        return add_prior(self, users, items, self.score_history(users, items))

    def report(self) -> dict[str, Any]:
        """Return the base model, and what was chosen on validation."""
        weights = self.fitted("prior_weights_")
        return super().report() | self.chosen_ | {"prior_weight": report_prior(weights)}

    def parameter_counts(self) -> tuple[int, int]:
        """Return the numbers solved for, and these with the encoder's parameters."""
        own = self.fitted("weights_").size
        return own, own + int(self.fitted("base_model_")["model_parameters"])

    def _solutions(self, matrix: CSR) -> Iterator[tuple[dict[str, float], FloatArray]]:
        """Yield each lambda and alpha that is tried, and the weights that they give."""
        amounts = REGULARIZATIONS if self.regularization is None else (self.regularization,)
        scales = TEXT_SCALES if self.text_scale is None else (self.text_scale,)
        for amount in amounts:
            weights, diagonal = solve_item_weights(matrix, amount)
            moves = move_to_texts(weights, diagonal, self.vectors_, amount)
            for scale in scales:
                chosen = {"regularization": amount, "text_scale": scale}
                yield chosen, weights + np.float32(scale) * moves

    def _refuse_too_many(self, n_items: int) -> None:
        if n_items > self.max_items:
            gib = 16 * n_items**2 / 2**30
            raise NotApplicableError(
                f"EASETextPrior inverts a matrix of items times items: {n_items} training items "
                f"exceed max_items = {self.max_items} and would take {gib:.1f} GiB; raise "
                f"method.max_items if that much memory is free, or use text_knn"
            )


def compare_texts(trained: FloatArray, candidates: FloatArray) -> FloatArray:
    """Return float32 (training items, candidates): positive cosines, each column summing to 1.

    A candidate that is like no training item has a column of zeros.

    Parameters
    ----------
    trained, candidates
        float32 (items, d) and (candidates, d), rows of length 1 or 0.
    """
    similar: FloatArray = np.maximum(trained @ candidates.T, 0)
    return _sum_to_one(similar)


def move_to_texts(
    weights: FloatArray, diagonal: np.ndarray, vectors: FloatArray, regularization: float
) -> FloatArray:
    """Return float32 (items, items): by how much alpha = 1 moves the weights of EASE.

    Parameters
    ----------
    weights, diagonal
        As ``solve_item_weights`` returned them for ``regularization``.
    vectors
        float32 (items, d): the sentence vectors behind S, which is never whole in memory.
    """
    # The Lagrangian |X - X B|^2 + lambda |B - alpha S|^2 + 2 gamma'diag(B) has its minimum where
    #   (X'X + lambda I) B = X'X + lambda alpha S - diag(gamma), that is, with the inverse P,
    #   B = I - P diag(g) + lambda alpha P S,   g = gamma + lambda.
    # diag(B) = 0 makes g_j = (1 + lambda alpha (P S)_jj) / P_jj. Column j of P over P_jj is that of
    # Q = I - B0, B0 the weights of EASE, for which alpha = 0. So
    #   B = B0 + alpha lambda (P S - Q diag(P S)),   P = Q diag(diag(P)),
    # linear in alpha, and P itself need not be kept.
    moves = np.empty_like(weights)
    scale = diagonal.astype(np.float32)[:, None]
    for at in range(0, len(weights), _COLUMNS):
        part = np.arange(at, min(at + _COLUMNS, len(weights)))
        similar = np.maximum(vectors @ vectors[part].T, 0)
        similar[part, part - at] = 0  # an item is no evidence of itself
        scaled = scale * _sum_to_one(similar)
        towards = scaled - weights @ scaled
        own = towards[part, part - at].copy()
        towards += weights[:, part] * own
        towards[part, part - at] = 0
        moves[:, part] = np.float32(regularization) * towards
    return moves


def _sum_to_one(similar: FloatArray) -> FloatArray:
    """Return the columns, divided by their sums, in the same memory."""
    totals = similar.sum(axis=0)
    similar /= np.where(totals > 0, totals, 1)
    return similar
