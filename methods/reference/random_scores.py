"""Random: the baseline that must land on the chance level."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import CSR, FloatArray
from ...datasets.splitmix import Hashes, splitmix64
from ...datasets.world import Entities, TrainView
from ..base import Family, Method
from ..sparse_rows import expand_row_indices


@dataclass
class RandomScores(Method):
    """Seeded random scores, one per pair of user and item, whatever the order of the query.

    Source: none; a uniform ranking has an analytic expectation for every metric.
    Differs: nothing. A score is a hash of (seed, user, item): a warm entity is hashed by its
    index, a cold one by its features, never by its support. A cold user without features gets a
    constant row, which the evaluator's tie-break hash ranks.
    """

    family: ClassVar[Family] = Family.REFERENCE
    reference: ClassVar[bool] = True

    def fit(self, train: TrainView) -> Self:
        """Keep the seed."""
        self.seed_ = int(train.seed)
        return self

    def encode_items(self, items: Entities) -> Hashes:
        """Return one uint64 key per candidate."""
        return _keys(items, salt=2)

    def score_block(self, users: Entities, items: Hashes) -> FloatArray:
        """Return float32 scores in [0, 1), uniform, (users, candidates)."""
        seed = np.array([self.fitted("seed_")]).astype(np.uint64)
        keys = splitmix64(_keys(users, salt=1) ^ splitmix64(seed))
        mixed = splitmix64(keys[:, None] + items[None, :])
        # The upper 24 bits: as many as a float32 holds exactly.
        scores: FloatArray = (mixed >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
        scores[(users.known < 0) & (np.diff(users.features.indptr) == 0)] = 0
        return scores


def _keys(entities: Entities, salt: int) -> Hashes:
    """Return one uint64 per row: its index in the training data, or a hash of its features."""
    warm = splitmix64(splitmix64(entities.known.astype(np.uint64)) + np.uint64(salt))
    content = splitmix64(_row_hash(entities.features) + np.uint64(salt + 2))
    return np.where(entities.known >= 0, warm, content)


def _row_hash(matrix: CSR) -> Hashes:
    """Return uint64, (rows,): the sum of a hash of each (column, value), modulo 2^64."""
    bits = matrix.data.astype(np.float32).view(np.uint32).astype(np.uint64)
    entries = splitmix64(splitmix64(matrix.indices.astype(np.uint64)) ^ bits)
    sums = np.zeros(matrix.shape[0], dtype=np.uint64)
    np.add.at(sums, expand_row_indices(matrix), entries)
    return sums
