"""What a split holds, as pairs of dataset indices: for the fingerprint and for the export."""

import numpy as np

from ..arrays import CSR, IntArray
from ..world import Holdout, TrainView

Pairs = tuple[IntArray, IntArray]


def list_train_pairs(train: TrainView, users: IntArray, items: IntArray) -> Pairs:
    """Return (users, items) of the training interactions.

    Parameters
    ----------
    train
        The training data.
    users, items
        int32: dataset index of each training index.
    """
    return users[train.interactions.users], items[train.interactions.items]


def list_truth_pairs(task: Holdout) -> Pairs:
    """Return (users, items) of the truth of a task."""
    return _list_pairs(task, task.truth)


def list_negative_pairs(task: Holdout) -> Pairs:
    """Return (users, items) of the negatives of a task; of one that has none, no pairs."""
    return _list_pairs(task, task.truth[:0] if task.negatives is None else task.negatives)


def _list_pairs(task: Holdout, matrix: CSR) -> Pairs:
    pairs = matrix.tocoo()
    return task.users[pairs.row], task.items[pairs.col]


def list_support_pairs(task: Holdout, users: IntArray, items: IntArray) -> Pairs:
    """Return (users, items) of what is shown of the cold users or cold items of a task.

    Parameters
    ----------
    task
        Histories of warm entities are training interactions and are not among the pairs.
    users, items
        int32: dataset index of each training index.
    """
    by_user, known_items = _cold_history(task.query.users.known, task.query.users.history)
    by_item, known_users = _cold_history(task.query.items.known, task.query.items.history)
    return (
        np.concatenate([task.users[by_user], users[known_users]]),
        np.concatenate([items[known_items], task.items[by_item]]),
    )


def _cold_history(known: IntArray, history: CSR) -> Pairs:
    """Return (row, column) of what the history stores of cold rows."""
    cold = np.flatnonzero(known < 0)
    pairs = history[cold].tocoo()
    return cold[pairs.row].astype(np.int32), pairs.col
