"""Sampled items that a yes-or-no task compares with each user's held-out positives."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import make_read_only
from ...splitmix import Hashes
from ...world import Holdout
from ..cuts.cut import TEST
from ..seeded_hash import pair_hashes
from .stage import mark_stored

BLOCK = 2**22
"""Pairs whose hashes are held at once."""
LAST = np.uint64(2**64 - 1)


def sample_negatives(
    task: Holdout, user_keys: Hashes, item_keys: Hashes, seed: int, part: int
) -> Holdout:
    """Return the task with one sampled candidate for each positive.

    Sampled without replacement from the candidates that are neither truth nor masked for the user;
    a user with too few of them has fewer. The draw is by a hash of the pair: tasks of a stage with
    the same candidates and truth share it, and no pair can be drawn in both stages.

    Parameters
    ----------
    task
        As a scenario made it.
    user_keys, item_keys
        uint64, one per entity of the dataset.
    part
        ``VALIDATION`` or ``TEST``.

    Source: the data of Wang et al., Knowledge Graph Convolutional Networks for Recommender
    Systems, WWW 2019, section 4.1.
    """
    n = len(task.items)
    taken = csr_matrix(mark_stored(task.truth) + mark_stored(task.masked))
    wanted = np.diff(task.truth.indptr)
    users, items = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    rows = max(1, BLOCK // max(n, 1))
    for start in range(0, len(task.users) if n else 0, rows):
        some = slice(start, start + rows)
        user, item = user_keys[task.users[some]], item_keys[task.items]
        hashes = pair_hashes(user[:, None], item[None, :], seed, "negatives")
        # The last bit of a pair's hash says in which stage it can be drawn.
        hashes[(hashes & np.uint64(1)) != np.uint64(part == TEST)] = LAST
        hashes[taken[some].nonzero()] = LAST
        counts = np.minimum(wanted[some], (hashes != LAST).sum(axis=1))
        most = int(counts.max(initial=0))
        # Only the smallest hashes of a row are put in order.
        order = np.argpartition(hashes, min(most, n - 1), axis=1)[:, :most]
        smallest = np.take_along_axis(hashes, order, axis=1)
        order = np.take_along_axis(order, np.argsort(smallest, axis=1), axis=1)
        row, place = np.nonzero(np.arange(most) < counts[:, None])
        users.append(row + start)
        items.append(order[row, place])
    at = (np.concatenate(users), np.concatenate(items))
    drawn = csr_matrix((np.ones(len(at[0]), dtype=np.float32), at), task.truth.shape)
    drawn.sort_indices()
    return replace(task, negatives=make_read_only(drawn))
