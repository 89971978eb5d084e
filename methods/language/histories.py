"""A history in order: by time where it is known, else in an order that stays the same.

A model of sequences takes whole histories at once (``HistoryOrder``, a seeded order where there are
no times); a re-ranker lists the latest items of one (``list_latest``, ordered by a hash there).
"""

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, IntArray, LongArray
from ...datasets.interactions import Interactions
from ...datasets.splitmix import splitmix64
from ..sparse_rows import expand_row_indices
from ..training.seeding import numpy_generator

NOTHING = -1
"""Stands in a sequence after its last item."""


def rank_by_time(interactions: Interactions) -> IntArray | None:
    """Return int32, (pairs,): the place of each pair in its user's order of time.

    Pairs are in the order of ``interactions.csr``; of equal times the earlier row comes first.
    None where some time is unknown.
    """
    if not interactions.has_all_times:
        return None
    assert interactions.timestamps is not None
    in_csr = np.lexsort((interactions.items, interactions.users))
    users, times = interactions.users[in_csr], interactions.timestamps[in_csr]
    order = np.lexsort((times, users))
    starts = np.searchsorted(users, np.arange(interactions.n_users))
    ranks = np.empty(len(users), dtype=np.int32)
    ranks[order] = np.arange(len(users)) - starts[users]
    return ranks


def cut_histories(
    rng: np.random.Generator, matrix: CSR, ranks: IntArray | None, length: int, shuffled: float
) -> tuple[LongArray, LongArray]:
    """Return the user of each sequence, and int64 (sequences, length) of items, in order.

    Parameters
    ----------
    matrix
        CSR (users, items) of the training pairs; each is in one sequence.
    ranks
        From ``rank_by_time``; None where there are no times.
    length
        Most items in a sequence: a longer history is cut, at another place each time.
    shuffled
        Share of the users whose items stand in random order.
    """
    counts, rows = np.diff(matrix.indptr), expand_row_indices(matrix)
    lot = rng.random(len(rows))
    if ranks is not None:
        in_time = rng.random(len(counts)) >= shuffled
        lot = np.where(in_time[rows], ranks, lot)
    items = matrix.indices[np.lexsort((lot, rows))]
    # A first sequence that lacks ``shift`` items moves the cuts of a long history.
    shift = np.where(counts > length, rng.integers(0, length, len(counts)), 0)[rows]
    place = np.arange(len(rows)) - matrix.indptr[rows]
    column = place - np.maximum((place + shift) // length * length - shift, 0)
    begins = column == 0
    sequences = np.full((int(begins.sum()), length), NOTHING, dtype=np.int64)
    sequences[np.cumsum(begins) - 1, column] = items
    return rows[begins], sequences


class HistoryOrder:
    """Puts the histories of a query in order.

    Parameters
    ----------
    training
        CSR (training users, training items) of the training pairs.
    ranks
        int32, (pairs,), from ``rank_by_time``; None where there are no times.
    seed
        Of the order of whatever has no time: the same for all users.
    """

    def __init__(self, training: CSR, ranks: IntArray | None, seed: int) -> None:
        self._width, self._ranks = training.shape[1], ranks
        self._keys = expand_row_indices(training) * self._width + training.indices
        self._lot = numpy_generator(seed, self._width).permutation(self._width)

    def arrange(self, history: CSR, known: IntArray, longest: int) -> LongArray:
        """Return int64 (rows, length): the items of each history in order, then ``NOTHING``.

        Parameters
        ----------
        history
            CSR (rows, training items).
        known
            int32, (rows,): index of a training user, whose pairs have times, or -1.
        longest
            Of a longer history the last items are kept.
        """
        rows, columns = expand_row_indices(history), history.indices.astype(np.int64)
        place = self._places(known[rows].astype(np.int64), columns)
        order = np.lexsort((place, rows))
        sizes = np.diff(history.indptr)
        # The place of an entry among the last ``longest`` of its row; negative before those.
        column = np.arange(len(rows)) - history.indptr[rows] - np.maximum(sizes - longest, 0)[rows]
        kept = column >= 0
        width = int(min(sizes.max(initial=0), longest))
        found = np.full((history.shape[0], width), NOTHING, dtype=np.int64)
        found[rows[kept], column[kept]] = columns[order][kept]
        return found

    def _places(self, users: LongArray, items: LongArray) -> DoubleArray:
        """Return what pairs are sorted by: those without a time come before all others."""
        places: DoubleArray = (self._lot[items] - self._width).astype(np.float64)
        if self._ranks is None or not len(self._keys):
            return places
        keys = users * self._width + items
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        timed = (users >= 0) & (self._keys[at] == keys)
        places[timed] = self._ranks[at[timed]]
        return places


def order_by_time(interactions: Interactions) -> CSR | None:
    """Return CSR float32 (users, items): 1 at a user's first pair, 2 at the next, and so on.

    None where some pair has no timestamp. Pairs of the same moment share a rank, unlike those of
    ``rank_by_time``.
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
