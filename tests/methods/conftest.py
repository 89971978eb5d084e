"""Small training data made by hand: what a split would hand out, without a split."""

from types import SimpleNamespace

import numpy as np
import pytest
from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.graph import Graph, Links
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import Provenance, Side
from coldbench.datasets.world import Entities, Query, Resources, TrainView
from scipy.sparse import csr_matrix


def matrix(rows, shape=None):
    """Return a read-only CSR float32; an empty list needs the shape."""
    dense = np.asarray(rows, dtype=np.float32)
    if shape is not None:
        dense = dense.reshape(shape)
    return make_read_only(csr_matrix(dense))


def entities(side, known, history, features=None, links=None, text=None):
    """Return the rows of one side; features default to no columns."""
    rows = len(known)
    features = matrix(np.zeros((rows, 0))) if features is None else matrix(features)
    names = tuple(f"f{j}" for j in range(features.shape[1]))
    known = make_read_only(np.array(known, dtype=np.int32))
    if links is not None:
        links = Links(*(make_read_only(np.array(part, dtype=np.int32)) for part in links))
    return Entities(side, known, matrix(history), features, names, text, links)


def users(known, history, features=None):
    return entities(Side.USER, known, history, features)


def items(known, history, features=None, links=None):
    return entities(Side.ITEM, known, history, features, links)


def train_view(
    pairs, user_features=None, item_features=None, graph=None, links=None, seed=0, ratings=None
):
    """Return a training data from a dense 0/1 matrix (users, items).

    ``graph`` is (heads, relations, tails, n_nodes); ``ratings`` a dense matrix of the values at
    the pairs, which then also are the values of the histories.
    """
    pairs = np.asarray(pairs)
    at = np.nonzero(pairs)
    table = pairs if ratings is None else np.asarray(ratings)
    values = table[at].astype(np.float32)
    interactions = Interactions(
        at[0].astype(np.int32), at[1].astype(np.int32), values, None, *pairs.shape
    )
    if graph is not None:
        heads, relations, tails, n_nodes = graph
        parts = (
            make_read_only(np.array(part, dtype=np.int32)) for part in (heads, relations, tails)
        )
        names = tuple(f"r{j}" for j in range(max(relations, default=0) + 1))
        origin = (Provenance.INTRINSIC,) * len(names)
        graph = Graph(*parts, pairs.shape[1], n_nodes, names, origin)
    seen = table * (pairs != 0)
    return TrainView(
        interactions,
        users(np.arange(pairs.shape[0]), seen, user_features),
        items(np.arange(pairs.shape[1]), seen.T, item_features, links),
        graph,
        None,
        None,
        seed,
        lambda method: 0.0,
        Resources(),
    )


def taste_pairs(n_users=60, n_items=40, seed=0):
    """Two tastes: even users take even items, odd users odd ones, plus a little noise."""
    rng = np.random.default_rng(seed)
    same = np.add.outer(np.arange(n_users), np.arange(n_items)) % 2 == 0
    pairs = rng.random((n_users, n_items)) < np.where(same, 0.5, 0.03)
    pairs[np.arange(n_users), np.arange(n_users) % n_items] = True
    return pairs.astype(int)


def sparse_content(world):
    """Return features, those of cold items, pairs, and the training data and query of them.

    User 4 has no history, candidate 10 no features, and the last two are like training items.
    """
    rng = np.random.default_rng(0)
    features = rng.standard_normal((30, 6)) * (rng.random((30, 6)) < 0.6)
    asked = np.vstack([rng.standard_normal((10, 6)), np.zeros((1, 6)), features[:2]])
    pairs = (rng.random((20, 30)) < 0.3).astype(int)
    pairs[4] = 0
    train = world.train(pairs, item_features=features)
    query = world.query(train.users, world.items([-1] * 13, np.zeros((13, 20)), asked))
    return features, asked, pairs, train, query


def random_pairs(n_users=60, n_items=40, seed=0):
    """Return pairs as many as those of two tastes, but without any taste."""
    rng = np.random.default_rng(seed)
    return (rng.random((n_users, n_items)) < 0.27).astype(int)


BPR = {"factors": 8, "regularization": 0.01, "iterations": 60}
"""Settings under which Bayesian personalised ranking learns two tastes."""


def dense_neighbours(pairs, histories, own, k, shrinkage):
    """Return the cosines, shrunk, of histories to those of training, top k kept."""
    common = histories @ pairs.T
    norms = np.sqrt(np.outer(histories.sum(axis=1), pairs.sum(axis=1)))
    similar = common / np.maximum(norms + shrinkage, 1e-12)
    for row, index in enumerate(own):
        if index >= 0:
            similar[row, index] = 0
    kept = np.zeros_like(similar)
    for row, values in enumerate(similar):
        top = np.lexsort((np.arange(len(values)), -values))[:k]
        kept[row, top] = values[top]
    return kept


def accuracy(scores, likes):
    """Return the mean probability that a liked candidate beats another; 0.5 is chance."""
    better = scores[:, :, None] > scores[:, None, :]
    equal = scores[:, :, None] == scores[:, None, :]
    pairs = likes[:, :, None] & ~likes[:, None, :]
    return ((better + 0.5 * equal) * pairs).sum() / pairs.sum()


def unit(rows):
    """Return the rows at length 1; a row of zeros stays."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


@pytest.fixture
def world():
    """Return the builders: ``world.train``, ``world.users``, ``world.items``, ``world.query``."""
    return SimpleNamespace(train=train_view, users=users, items=items, query=Query, matrix=matrix)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """A data folder of the session: factors that are fitted for several methods are kept there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLDBENCH_DATA", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def fit(request, split):
    """Return what fits the module's METHOD with its SETTINGS, or with some other ones."""

    def fitted(**other):
        return request.module.METHOD(**request.module.SETTINGS | other).fit(split.train)

    return fitted


@pytest.fixture(scope="module")
def method(fit):
    """The module's METHOD, fitted once on the planted dataset."""
    return fit()
