"""Compiled loop of the nearest-neighbour scores."""

import numpy as np
from numba import njit

from ..datasets.arrays import FloatArray, IntArray


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def sum_largest(
    similarity: FloatArray,
    indptr: IntArray,
    indices: IntArray,
    k: int,
    scores: FloatArray,
) -> None:
    """Write into ``scores`` the sum of the ``k`` largest similarities to each history.

    Parameters
    ----------
    similarity
        float32, (candidates, training items).
    indptr, indices
        The histories as the parts of a CSR matrix, (users, training items).
    scores
        float32, (users, candidates), overwritten. Values are summed in float64 from the largest
        down, so the order of a history does not matter.
    """
    # An insertion sort of the k largest seen so far, descending: k is small, and most values are
    # turned away by one comparison with the least of them. One row of similarities serves all
    # users before the next is read.
    best = np.empty(k, np.float32)
    for candidate in range(similarity.shape[0]):
        row = similarity[candidate]
        for user in range(len(indptr) - 1):
            held = 0
            for entry in range(indptr[user], indptr[user + 1]):
                value = row[indices[entry]]
                if held < k:
                    held += 1
                elif value <= best[k - 1]:
                    continue
                place = held - 1
                while place > 0 and best[place - 1] < value:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = value
            total = 0.0
            for place in range(held):
                total += best[place]
            scores[user, candidate] = total


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def sum_largest_of_sparse(
    indptr: IntArray,
    indices: IntArray,
    values: FloatArray,
    owner_indptr: IntArray,
    owners: IntArray,
    k: int,
    scores: FloatArray,
) -> None:
    """Do the same where most similarities are 0: only the others are visited.

    Parameters
    ----------
    indptr, indices, values
        Similarities as the parts of a CSR matrix, (candidates, training items); none negative.
    owner_indptr, owners
        For each training item the users whose histories hold it: the parts of a CSC matrix.
    k
        How many are summed.
    scores
        float32 zeros, (users, candidates), overwritten.
    """
    best = np.empty((scores.shape[0], k), np.float32)
    held = np.zeros(scores.shape[0], np.int64)
    touched = np.empty(scores.shape[0], np.int64)
    for candidate in range(len(indptr) - 1):
        count = 0
        for at in range(indptr[candidate], indptr[candidate + 1]):
            item, value = indices[at], values[at]
            for entry in range(owner_indptr[item], owner_indptr[item + 1]):
                user = owners[entry]
                if held[user] == 0:
                    touched[count] = user
                    count += 1
                if held[user] < k:
                    held[user] += 1
                elif value <= best[user, k - 1]:
                    continue
                place = held[user] - 1
                while place > 0 and best[user, place - 1] < value:
                    best[user, place] = best[user, place - 1]
                    place -= 1
                best[user, place] = value
        for at in range(count):
            user = touched[at]
            total = 0.0
            for place in range(held[user]):
                total += best[user, place]
            scores[user, candidate] = total
            held[user] = 0
