"""Groups of users and parts of the truth that are measured apart."""

from collections import defaultdict

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import BoolArray, DoubleArray, IntArray, LongArray
from ...datasets.world import Entities, Holdout, TrainView
from .beyond_accuracy import count_interactions
from .metrics import NDCG, Ranked, Recall

LENGTHS = (0, 5, 10, 20, 50, 100)
"""Upper ends of the groups of history lengths; the last group is open."""
LEAST_USERS = 20
"""Smallest group of an attribute that is reported."""
SLICED_KS = (10, 20)


def choose_slice_ks(ks: list[int]) -> list[int]:
    """Return the cut-offs of the slices: 10 and 20 where measured, else the smallest."""
    return [k for k in ks if k in SLICED_KS] or [min(ks)]


def group_users(users: Entities) -> dict[str, BoolArray]:
    """Return the groups of users by name, each a mask over the rows.

    ``history:1-5`` by training interactions of warm users, ``support:1-5`` by shown interactions
    of cold users, and ``gender=F`` for each attribute value of at least 20 users.
    """
    return _by_length(users) | _by_attribute(users)


def _by_length(users: Entities) -> dict[str, BoolArray]:
    lengths = np.diff(users.history.indptr)
    bucket = np.searchsorted(LENGTHS, lengths)
    cold = users.known < 0
    groups = {}
    for name, side in (("support", cold), ("history", ~cold)):
        for b in range(len(LENGTHS) + 1):
            members = side & (bucket == b)
            if members.any():
                groups[f"{name}:{_length_label(b)}"] = members
    return groups


def _length_label(bucket: int) -> str:
    if bucket == 0:
        return "0"
    low = LENGTHS[bucket - 1] + 1
    return f"{low}+" if bucket == len(LENGTHS) else f"{low}-{LENGTHS[bucket]}"


def _by_attribute(users: Entities) -> dict[str, BoolArray]:
    """Return the users of each value of each categorical attribute (0/1 columns)."""
    columns = users.features.tocsc()
    groups = {}
    for c, name in enumerate(users.feature_names):
        span = slice(columns.indptr[c], columns.indptr[c + 1])
        rows, values = columns.indices[span], columns.data[span]
        _, _, value = name.partition("=")
        if value and len(rows) >= LEAST_USERS and bool((values == 1).all()):
            members = np.zeros(len(users), dtype=np.bool_)
            members[rows] = True
            groups[name] = members
    return groups


def group_by_attribute(groups: dict[str, BoolArray]) -> dict[str, list[str]]:
    """Return the groups of each attribute that has at least two."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in groups:
        attribute, equals, _ = name.partition("=")
        if equals:
            found[attribute].append(name)
    return {attribute: names for attribute, names in found.items() if len(names) > 1}


def split_truth(holdout: Holdout, train: TrainView) -> dict[str, BoolArray]:
    """Return parts of the candidates whose truth is measured apart, each a mask over them.

    ``cold_part`` and ``warm_part`` where the candidates are of both kinds; ``popularity:head``,
    ``mid`` and ``tail``: the most popular warm items with a third of the training interactions,
    the next with another third, and the rest. Equally popular items are in one part.
    """
    cold = holdout.cold_items
    parts: dict[str, BoolArray] = {}
    if cold.any() and not cold.all():
        parts |= {"cold_part": cold, "warm_part": ~cold}
    if not cold.all():
        third = assign_popularity_thirds(train.item_counts, count_interactions(holdout, train))
        for name, part in (("head", 0), ("mid", 1), ("tail", 2)):
            parts[f"popularity:{name}"] = ~cold & (third == part)
    return parts


def assign_popularity_thirds(catalogue: LongArray, counts: LongArray) -> LongArray:
    """Return 0, 1 or 2: the third of the interactions in which items of these counts begin."""
    ordered = np.sort(catalogue)
    above = np.concatenate((np.cumsum(ordered[::-1])[::-1], [0]))
    share = above[np.searchsorted(ordered, counts, side="right")] / max(int(catalogue.sum()), 1)
    thirds: LongArray = np.minimum((share * 3).astype(np.int64), 2)
    return thirds


def compute_part_metrics(
    ranked: Ranked, holdout: Holdout, rows: LongArray, part: BoolArray, ks: list[int]
) -> dict[str, DoubleArray]:
    """Return recall and NDCG when only the truth in ``part`` counts; the lists stay as they are.

    A user without truth there has NaN.
    """
    truth = holdout.truth
    pattern = csr_matrix((np.ones(truth.nnz), truth.indices, truth.indptr), truth.shape)
    counts: IntArray = (pattern @ part.astype(np.float64))[rows].astype(np.int64)
    some = np.flatnonzero(counts)
    positions = ranked.positions[some]
    cut = Ranked(
        positions,
        ranked.hits[some] & part[positions],
        counts[some],
        ranked.candidate_counts[some],
    )
    found = {}
    for name, metric in (("ndcg", NDCG()), ("recall", Recall())):
        for k in ks:
            values = np.full(len(rows), np.nan)
            values[some] = metric.per_user(cut, k)
            found[f"{name}@{k}"] = values
    return found
