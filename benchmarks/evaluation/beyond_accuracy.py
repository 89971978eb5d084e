"""Properties of ranked lists besides hits: coverage, concentration, popularity, variety."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags

from ...datasets.arrays import CSR, DoubleArray, IntArray, LongArray
from ...datasets.world import Holdout, TrainView
from .task_result import Estimate

ROWS = 4096
"""Users whose lists are examined together."""


def count_interactions(holdout: Holdout, train: TrainView) -> LongArray:
    """Return int64 (candidates,): training interactions of each, 0 for a cold one."""
    known = holdout.query.items.known
    warm = known >= 0
    counts = np.zeros(len(known), dtype=np.int64)
    counts[warm] = train.item_counts[known[warm]]
    return counts


def compute_list_metrics(
    positions: IntArray, holdout: Holdout, train: TrainView, ks: list[int]
) -> dict[str, DoubleArray]:
    """Return the per-user values of the lists.

    ``popularity@k``: mean training count of the first k. ``novelty@k``: mean of -log2 p, where p
    is the share of training users who know the item, one added to both counts so that a cold item
    is finite (Zhou et al. 2010). ``diversity@k``: one minus the mean cosine of the features of all
    pairs among the first k (Ziegler et al. 2005); an item without features is unlike any other,
    and a list of one item has none.

    Parameters
    ----------
    positions
        int32, (users, depth): candidate positions, best first, -1 after the end.
    """
    counts = count_interactions(holdout, train).astype(np.float64)
    novelty = -np.log2((counts + 1) / (len(train.users) + 1))
    found = {
        f"{name}@{k}": column
        for name, table in (("popularity", counts), ("novelty", novelty))
        for k, column in zip(ks, _running_means(positions, table, ks), strict=True)
    }
    features = holdout.query.items.features
    if features.shape[1] and features.nnz:
        unit = _unit_rows(features)
        for k in ks:
            found[f"diversity@{k}"] = _diversity(positions[:, :k], unit)
    return found


def _blocks(positions: IntArray) -> Iterator[tuple[slice, IntArray]]:
    for start in range(0, len(positions), ROWS):
        at = slice(start, start + ROWS)
        yield at, positions[at]


def _running_means(positions: IntArray, table: DoubleArray, ks: list[int]) -> DoubleArray:
    """Return float64 (ks, users): the mean of ``table`` over the first k listed."""
    means = np.empty((len(ks), len(positions)))
    for at, block in _blocks(positions):
        listed = block >= 0
        sums = np.cumsum(np.where(listed, table[block], 0.0), axis=1)
        lengths = listed.sum(axis=1)
        for a, k in enumerate(ks):
            last = min(k, block.shape[1]) - 1
            means[a, at] = sums[:, last] / np.minimum(lengths, k)
    return means


def _unit_rows(features: CSR) -> CSR:
    """Return the features with rows of length 1; a row of zeros stays."""
    lengths = np.sqrt(np.asarray(features.multiply(features).sum(axis=1), dtype=np.float64)).ravel()
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return csr_matrix(diags(scale) @ features.astype(np.float64))


def _diversity(positions: IntArray, unit: CSR) -> DoubleArray:
    """Return one minus the mean cosine over pairs, which the squared sum of vectors holds.

    |sum of v|^2 = sum of |v|^2 + the cosines of all ordered pairs: k vectors instead of k^2 pairs.
    """
    own = np.asarray(unit.multiply(unit).sum(axis=1)).ravel()
    result = np.full(len(positions), np.nan)
    for at, block in _blocks(positions):
        bag = _selection(block, unit.shape[0]) @ unit
        squares = np.asarray(bag.multiply(bag).sum(axis=1)).ravel()
        listed = block >= 0
        lengths = listed.sum(axis=1)
        alone = np.where(listed, own[block], 0.0).sum(axis=1)
        pairs = lengths * (lengths - 1)
        some = pairs > 0
        result[at][some] = 1.0 - (squares - alone)[some] / pairs[some]
    return result


def _selection(positions: IntArray, candidates: int) -> Any:
    """Return the CSR 0/1 matrix (users, candidates) of what is listed."""
    listed = positions >= 0
    starts = np.concatenate(([0], np.cumsum(listed.sum(axis=1))))
    columns = positions[listed]
    return csr_matrix((np.ones(len(columns)), columns, starts), (len(positions), candidates))


def compute_catalogue_metrics(
    positions: IntArray, candidates: int, ks: list[int]
) -> dict[str, Estimate]:
    """Return how the lists use the catalogue as a whole.

    ``coverage@k``: share of the candidates in anybody's first k. ``gini@k``: Gini coefficient of
    how often each candidate is listed; 0 when all are equally often, near 1 when few take it all.
    They belong to the set of lists, not to a user: their interval is the value itself.
    """
    found = {}
    for k in ks:
        listed = positions[:, :k]
        counts = np.bincount(listed[listed >= 0], minlength=candidates)
        for name, value in (
            (f"coverage@{k}", float((counts > 0).mean())),
            (f"gini@{k}", compute_gini(counts)),
        ):
            found[name] = Estimate(value, value, value, len(positions))
    return found


def compute_gini(counts: LongArray) -> float:
    """Return the Gini coefficient of non-negative counts, at least one of them positive."""
    # Half the mean absolute difference of all pairs over the mean: in sorted order x_i is the
    # larger of i - 1 pairs and the smaller of n - i, so that one weighted sum holds
    # all n^2 differences.
    n, ordered = len(counts), np.sort(counts).astype(np.float64)
    ranks = np.arange(1, n + 1)
    return float(2.0 * (ranks @ ordered) / (n * ordered.sum()) - (n + 1) / n)
