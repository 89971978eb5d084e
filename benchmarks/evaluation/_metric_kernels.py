"""Compiled metrics of ranked lists; numba is heavy: import lazily."""

import numpy as np
from numba import njit

LOWEST = np.float32(np.finfo(np.float32).min)


@njit(cache=True, nogil=True)
def first_masked_truth(scores, rows, starts, truth):  # type: ignore[no-untyped-def]
    """Return the first row whose truth is masked, or -1."""
    for i in range(len(rows)):
        for t in range(starts[rows[i]], starts[rows[i] + 1]):
            if scores[i, truth[t]] < LOWEST:
                return i
    return -1


@njit(cache=True, nogil=True)
def mark_hits(positions, rows, starts, truth, candidates, hits):  # type: ignore[no-untyped-def]
    """Write which listed candidates are truth."""
    marked = np.zeros(candidates, np.bool_)
    for i in range(len(rows)):
        begin, end = starts[rows[i]], starts[rows[i] + 1]
        for t in range(begin, end):
            marked[truth[t]] = True
        for j in range(positions.shape[1]):
            at = positions[i, j]
            hits[i, j] = at >= 0 and marked[at]
        for t in range(begin, end):
            marked[truth[t]] = False


@njit(cache=True, nogil=True)
def measure(hits, truth_counts, ks, discounts, ideals, values):  # type: ignore[no-untyped-def]
    """Write recall, precision, hit rate, NDCG, MRR and MAP at every k.

    ``values`` is float64 (rows, ks, 6); the definitions are those of ``metrics``.
    """
    depth = hits.shape[1]
    for i in range(len(hits)):
        relevant = truth_counts[i]
        # The cut-offs grow, so one walk down the list serves all: at each it goes on from the last.
        found, gain, precisions, first, read = 0, 0.0, 0.0, 0, 0
        for a in range(len(ks)):
            k = ks[a]
            for j in range(read, min(k, depth)):
                if hits[i, j]:
                    found += 1
                    gain += discounts[j]
                    precisions += found / (j + 1)
                    if found == 1:
                        first = j + 1
            read = min(k, depth)
            # Hits of the ideal list: NDCG and MAP of a list that begins with truth only are 1.
            best = min(k, relevant)
            values[i, a, 0] = found / relevant
            values[i, a, 1] = found / k
            values[i, a, 2] = 1.0 if found > 0 else 0.0
            values[i, a, 3] = gain / ideals[best]
            values[i, a, 4] = 1.0 / first if first > 0 else 0.0
            values[i, a, 5] = precisions / best


@njit(cache=True, nogil=True)
def pair_shares(scores, rows, starts, truth, candidates, shares):  # type: ignore[no-untyped-def]
    """Write the AUC of each row: the share of (truth, other) pairs in order, ties half.

    Masked scores are -inf and never count as above or equal. ``lost`` counts twice the pairs that
    truth loses to any candidate; among the truth items themselves that is a constant.
    """
    n = scores.shape[1]
    for i in range(len(rows)):
        line = scores[i]
        begin, end = starts[rows[i]], starts[rows[i] + 1]
        relevant = end - begin
        # For one truth item, above + level = 2 (above) + (ties, itself included): twice its lost
        # pairs, a tie being half of one, after 1 is taken off. Two truth items add 2 in either
        # order and when tied, relevant * (relevant - 1) over all of them: what is left are the
        # pairs with the others (Mann and Whitney 1947). No sort, and one pass that vectorises.
        lost = np.int64(0)
        for t in range(begin, end):
            own = line[truth[t]]
            above, level = np.int32(0), np.int32(0)
            for c in range(n):
                above = np.int32(above + np.int32(line[c] > own))
                level = np.int32(level + np.int32(line[c] >= own))
            lost += np.int64(above) + np.int64(level) - 1
        lost -= relevant * (relevant - 1)
        pairs = relevant * (candidates[i] - relevant)
        shares[i] = 1.0 - lost / (2.0 * pairs) if pairs > 0 else np.nan
