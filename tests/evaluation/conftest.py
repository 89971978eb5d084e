"""Small worlds with known scores, and a plain ranking to compare the kernel with."""

from dataclasses import dataclass

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.metrics import (
    AUC,
    MAP,
    MRR,
    NDCG,
    HitRate,
    Precision,
    Recall,
)
from coldbench.benchmarks.evaluation.tie_break import HIGH, LOW, hash_users
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Entities, Holdout, Query, TrainView
from coldbench.methods.base import FactorMethod, Method
from hypothesis import settings as hypothesis_settings
from scipy.sparse import csr_matrix

METRICS = {
    "recall": Recall(),
    "precision": Precision(),
    "hit_rate": HitRate(),
    "ndcg": NDCG(),
    "mrr": MRR(),
    "map": MAP(),
    "auc": AUC(),
}


class TableMethod(Method):
    """Answers from a table of scores, by the row and column that ``text`` numbers."""

    def __init__(self, table):
        self.table = table

    def fit(self, train):
        return self

    def score_block(self, users, items):
        return self.table[np.ix_(users.text.astype(int), items.text.astype(int))]


class DotMethod(FactorMethod):
    """Answers from two tables of factors."""

    def __init__(self, left, right):
        self.left, self.right = left, right

    def fit(self, train):
        return self

    def user_factors(self, users):
        return self.left[users.text.astype(int)]

    def item_factors(self, items):
        return self.right[items.text.astype(int)]


# Compilation happens inside the first example.
hypothesis_settings.register_profile("evaluation", deadline=None, max_examples=60)
hypothesis_settings.load_profile("evaluation")


@dataclass
class World:
    """A task, its training data and the dense arrays they were made of."""

    holdout: Holdout
    train: TrainView
    truth: np.ndarray
    masked: np.ndarray


def entities(side, known, history, features=None, names=()):
    n = len(known)
    features = csr_matrix((n, len(names)), dtype=np.float32) if features is None else features
    return Entities(
        side, known, csr_matrix(history), csr_matrix(features), tuple(names),
        np.array([str(i) for i in range(n)], dtype=object),
    )  # fmt: skip


def build_world(truth, masked, *, cold=None, user_features=None, item_features=None, names=()):
    """Make a task of users 100.. and items 50.. whose history is what is masked."""
    n, c = truth.shape
    known = np.arange(c, dtype=np.int32)
    if cold is not None:
        known = np.where(cold, -1, np.cumsum(~cold) - 1).astype(np.int32)
    history = masked[:, known >= 0].astype(np.float32)
    warm = history.shape[1]
    columns = 0 if item_features is None else item_features.shape[1]
    users = entities(Side.USER, np.arange(n, dtype=np.int32), history, user_features, names)
    items = entities(Side.ITEM, known, np.zeros((c, n), dtype=np.float32), item_features,
                     [f"f{i}" for i in range(columns)])  # fmt: skip
    holdout = Holdout(
        Query(users, items),
        csr_matrix(truth.astype(np.float32)),
        csr_matrix(masked.astype(np.float32)),
        np.arange(100, 100 + n, dtype=np.int32),
        np.arange(50, 50 + c, dtype=np.int32),
    )
    pairs = np.argwhere(history)
    seen = Interactions(
        pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32),
        np.ones(len(pairs), dtype=np.float32), None, n, warm,
    )  # fmt: skip
    train = TrainView(
        seen, users, items.take(np.flatnonzero(known >= 0)), None, None, None, 0, lambda _: 0.0
    )
    return World(holdout, train, truth, masked)


def random_world(rng, n=40, c=60, truth_share=0.1, mask_share=0.2, **more):
    draw = rng.random((n, c))
    masked = draw < mask_share
    truth = (draw > 1 - truth_share) & ~masked
    return build_world(truth, masked, **more)


def mixed(values):
    """Return the mixer of the tie-break hash, of 32-bit values held in uint64."""
    mask = np.uint64(0xFFFFFFFF)
    values = ((values ^ (values >> np.uint64(16))) * np.uint64(LOW)) & mask
    values = ((values ^ (values >> np.uint64(15))) * np.uint64(HIGH)) & mask
    return values ^ (values >> np.uint64(16))


def plain_hashes(seed, users, items):
    """Return the tie-break hash of every pair of a user and an item, smaller first."""
    keys = hash_users(seed, users)[:, None]
    low, high = keys & np.uint64(0xFFFFFFFF), keys >> np.uint64(32)
    return mixed(mixed(items[None, :].astype(np.uint64) ^ low) ^ high)


def plain_order(scores, masked, users, items, seed):
    """Return for every row its unmasked columns, best first, ties by hash."""
    draws = plain_hashes(seed, users, items)
    return [
        free[np.lexsort((draws[i, free], -scores[i, free].astype(np.float64)))]
        for i, free in ((i, np.flatnonzero(~masked[i])) for i in range(len(scores)))
    ]


@pytest.fixture
def worlds():
    return random_world


@pytest.fixture
def world_of():
    return build_world


@pytest.fixture
def table_method():
    return TableMethod


@pytest.fixture
def dot_method():
    return DotMethod


@pytest.fixture(scope="session")
def hashes_of():
    return plain_hashes


@pytest.fixture
def order_of():
    return plain_order


@pytest.fixture
def rng():
    return np.random.default_rng(20)
