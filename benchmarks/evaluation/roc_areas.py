"""Areas under the ROC curve of labelled pairs: of all users together, and of each."""

from dataclasses import dataclass

import numpy as np

from ...datasets.arrays import BoolArray, DoubleArray, LongArray

CELLS = 2**22
"""Weights of pairs in resamples that are held at once."""


@dataclass(frozen=True)
class LabelledPairs:
    """The held-out pairs of a task, sorted by user.

    Attributes
    ----------
    users
        int64, (pairs,): row among the users with held-out pairs.
    liked
        bool, (pairs,).
    scores
        float64, (pairs,).
    probability
        float64, (pairs,), or None of a method that gives no probabilities.
    n
        Users with held-out pairs.
    """

    users: LongArray
    liked: BoolArray
    scores: DoubleArray
    probability: DoubleArray | None
    n: int


def pooled_areas(pairs: LabelledPairs, counts: DoubleArray) -> DoubleArray:
    """Return the area under the ROC curve of all pairs, ties counted half, for each resample.

    Parameters
    ----------
    counts
        float64, (resamples, users): how often each user is drawn.
    """
    # The area is the share of (positive, other) pairs in the right order (Mann and Whitney 1947):
    # sorted by score, each positive is above the others before its group of equal scores.
    order = np.argsort(pairs.scores, kind="stable")
    starts = np.flatnonzero(np.diff(pairs.scores[order], prepend=-np.inf))
    users, liked = pairs.users[order], pairs.liked[order]
    areas = np.empty(len(counts))
    step = max(1, CELLS // max(len(order), 1))
    for at in range(0, len(counts), step):
        weights = counts[at : at + step, users]
        yes = np.add.reduceat(weights * liked, starts, axis=1)
        no = np.add.reduceat(weights * ~liked, starts, axis=1)
        before = np.cumsum(no, axis=1) - no
        with np.errstate(invalid="ignore"):
            whole = yes.sum(axis=1) * no.sum(axis=1)
            areas[at : at + step] = (yes * (before + no / 2)).sum(axis=1) / whole
    return areas


def areas_by_user(pairs: LabelledPairs) -> DoubleArray:
    """Return float64, (users,): the area of each user's own pairs, NaN without both kinds."""
    # Sorted by user and score, what was counted before a user's first pair is taken off.
    order = np.lexsort((pairs.scores, pairs.users))
    users, scores, liked = pairs.users[order], pairs.scores[order], pairs.liked[order]
    new = np.append(True, (np.diff(users) > 0) | (np.diff(scores) > 0))
    group = np.cumsum(new) - 1
    no = np.bincount(group, weights=~liked)
    yes = np.bincount(group, weights=liked)
    owner = users[np.flatnonzero(new)]
    negatives, positives = (np.bincount(owner, weights=w, minlength=pairs.n) for w in (no, yes))
    before = np.cumsum(no) - no - (np.cumsum(negatives) - negatives)[owner]
    found = np.bincount(owner, weights=yes * (before + no / 2), minlength=pairs.n)
    with np.errstate(invalid="ignore"):
        areas: DoubleArray = found / (negatives * positives)
    return areas
