"""The latest items of a history, where an order in time is known, else a fixed choice."""

import numpy as np

from ....datasets.arrays import CSR, IntArray, LongArray
from ....datasets.interactions import Interactions
from ....datasets.splitmix import splitmix64


def order_by_time(interactions: Interactions) -> CSR | None:
    """Return CSR float32 (users, items): 1 at a user's first pair, 2 at the next, and so on.

    None where some pair has no timestamp. Pairs of the same moment share a rank.
    """
    if not interactions.has_all_times or interactions.timestamps is None:
        return None
    from scipy.sparse import csr_matrix

    users, times = interactions.users, interactions.timestamps
    order = np.lexsort((times, users))
    new_user = np.diff(users[order], prepend=-1) != 0
    later = (np.diff(times[order], prepend=times[order][:1]) != 0) | new_user
    count = np.cumsum(later)
    first = count[np.flatnonzero(new_user)][np.cumsum(new_user) - 1]
    ranks = np.empty(len(users), dtype=np.float32)
    ranks[order] = count - first + 1
    made: CSR = csr_matrix((ranks, (users, interactions.items)), shape=_shape(interactions))
    made.sort_indices()
    return made


def _shape(interactions: Interactions) -> tuple[int, int]:
    return interactions.n_users, interactions.n_items


def list_latest(times: CSR | None, known: int, items: IntArray | LongArray, most: int) -> LongArray:
    """Return the latest items of a history, the last of them at the end.

    Where no time is known, as of the support of a cold user, a hash of the item decides.

    Parameters
    ----------
    times
        As ``order_by_time`` returns it.
    known
        The user's index in the training data, -1 of a cold one.
    items
        Training items.
    most
        How many are returned at the most.
    """
    items = np.asarray(items, dtype=np.int64)
    ranks = np.zeros(len(items), dtype=np.float32)
    if times is not None and known >= 0:
        ranks = times[known, items].toarray().ravel() if len(items) else ranks
    hashes = splitmix64(items.astype(np.uint64))
    order = np.lexsort((hashes, ranks))
    latest: LongArray = items[order][-most:]
    return latest
