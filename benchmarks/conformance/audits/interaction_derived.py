"""Rules about side information derived from interactions, held-out ones included."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ....datasets.arrays import DoubleArray, IntArray
from ....datasets.dataset import Dataset
from ....datasets.interactions import Interactions
from ....datasets.side_information import FeatureColumn, Provenance, SideInformation
from ....datasets.world import Split
from .audited_split import AuditedSplit
from .finding import Finding

TOO_ALIKE = 0.9
"""Rank correlation with the interaction counts above which a column counts as derived from them."""
VECTORS_TOO_ALIKE = 0.8
"""The same of the length or one dimension of a vector; of honest ones it stays below .4."""
FEWEST = 30
"""Entities needed for that judgement."""
FEWEST_EDGES, EDGES_TRIED = 200, 2000
ALL_SHARED, SHARED_BY_CHANCE = 0.995, 0.8
"""Share of a relation's edges that join items with a user in common; of honest ones it was .92 or
less wherever chance gave less than .8 (citations .72, the same genre .92)."""
SEED = 5


@dataclass(frozen=True)
class Statistic:
    """One number per entity, to be correlated with the number of its interactions."""

    what: str
    numbers: DoubleArray
    most: float = TOO_ALIKE


def columns_are_not_interactions(audited: AuditedSplit) -> Iterator[str]:
    """Require that no column counts the interactions of its entity or averages their values.

    Each user who tags what he has seen makes the number of tags follow the number of
    interactions, hidden ones included, whatever provenance the column claims. So a column is
    refused when its row sums rank the entities as their interactions do, and so are the length
    and the dimensions of a vector, as those of a factorised interaction matrix do. What was made
    from interactions in another way cannot be distinguished from an honest column by numbers
    alone: its provenance and ``find_derived_columns`` must.
    """
    pairs = audited.data.interactions
    for side, information, of, n in (
        ("user", audited.data.users, pairs.users, pairs.n_users),
        ("item", audited.data.items, pairs.items, pairs.n_items),
    ):
        counts = np.bincount(of, minlength=n).astype(np.float64)
        means = np.bincount(of, weights=pairs.values, minlength=n) / np.maximum(counts, 1)
        targets = [("number", _ranks(counts)), ("mean value", _ranks(means))]
        for one in _measured(side, information):
            ranks = _ranks(one.numbers)
            for what, other in targets:
                alike = _correlation(ranks, other)
                if abs(alike) > one.most:
                    yield (
                        f"{one.what} follows the {what} of interactions "
                        f"(rank correlation {alike:.2f})"
                    )


def _measured(side: str, information: SideInformation) -> Iterator[Statistic]:
    for column in information.columns:
        if column.provenance is not Provenance.USER_GENERATED:
            yield from _of_column(f"{side} column {column.name!r}", column)
    for vectors in getattr(information, "vectors", ()):
        if vectors.provenance is not Provenance.USER_GENERATED:
            values = np.asarray(vectors.values, dtype=np.float64)
            yield from _of_vectors(f"{side} vectors {vectors.name!r}", values)


def _of_column(what: str, column: FeatureColumn) -> Iterator[Statistic]:
    if column.numeric and column.matrix.shape[1] > 1:
        yield from _of_vectors(what, column.matrix.toarray().astype(np.float64))
    else:
        sums = np.asarray(column.matrix.sum(axis=1), dtype=np.float64).reshape(-1)
        yield Statistic(what, sums)


def _of_vectors(what: str, values: DoubleArray) -> Iterator[Statistic]:
    yield Statistic(f"the length of {what}", np.linalg.norm(values, axis=1), VECTORS_TOO_ALIKE)
    for at in range(values.shape[1]):
        yield Statistic(f"dimension {at} of {what}", values[:, at], VECTORS_TOO_ALIKE)


def _ranks(values: DoubleArray) -> DoubleArray:
    """Return mean ranks, equal values sharing one."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: DoubleArray = last - (counts - 1) / 2
    return middle[group]


def _correlation(one: DoubleArray, other: DoubleArray) -> float:
    """Return the correlation of ranks, 0 where too few or all alike."""
    if len(one) < FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def edges_are_not_interactions(audited: AuditedSplit) -> Iterator[str]:
    """Require that no relation of the dataset's graph repeats who interacted with what.

    The number of an item's edges must not follow the number of its interactions, as it does when
    users are nodes; and not every edge between two items may join such as a user has in common,
    unless most do by chance, as it does when what was bought together is joined.
    """
    graph, pairs = audited.data.graph, audited.data.interactions
    if graph is None:
        return
    counts = _ranks(np.bincount(pairs.items, minlength=pairs.n_items).astype(np.float64))
    for at, name in enumerate(graph.relation_names):
        kept = graph.relations == at
        if graph.provenance[at] is Provenance.USER_GENERATED or not kept.any():
            continue
        heads, tails = graph.heads[kept], graph.tails[kept]
        ends = np.concatenate((heads, tails))
        edges = np.bincount(ends[ends < graph.n_items], minlength=graph.n_items)
        alike = _correlation(_ranks(edges.astype(np.float64)), counts)
        if alike > TOO_ALIKE:
            yield (
                f"the number of {name!r} edges follows the number of interactions "
                f"(rank correlation {alike:.2f})"
            )
        between = (heads < graph.n_items) & (tails < graph.n_items) & (heads != tails)
        if int(between.sum()) >= FEWEST_EDGES:
            yield from _joined_by_users(pairs, name, heads[between], tails[between])


def _joined_by_users(
    pairs: Interactions, name: str, heads: IntArray, tails: IntArray
) -> Iterator[str]:
    """Say so when the edges between items join what a user has in common, and chance would not."""
    rng = np.random.default_rng(SEED)
    tried = rng.choice(len(heads), min(EDGES_TRIED, len(heads)), replace=False)
    heads, tails = heads[tried], tails[tried]
    shared = _share_with_a_user(pairs, heads, tails)
    by_chance = _share_with_a_user(pairs, heads, rng.permutation(tails))
    if shared >= ALL_SHARED and by_chance < SHARED_BY_CHANCE:
        yield (
            f"{shared:.1%} of the {name!r} edges between items join two that a user has in "
            f"common ({by_chance:.0%} by chance)"
        )


def _share_with_a_user(pairs: Interactions, heads: IntArray, tails: IntArray) -> float:
    users = pairs.csr.T.tocsr()
    both = users[heads].multiply(users[tails]).sum(axis=1)
    return float((np.asarray(both) > 0).mean())


def find_derived_columns(
    split: Split,
    data: Dataset,
    sides: Callable[[Interactions], tuple[SideInformation, SideInformation]],
) -> list[Finding]:
    """Return the columns that change when the hidden pairs are taken away and they are made again.

    Parameters
    ----------
    split, data
        The split and its dataset.
    sides
        Makes the side information of users and items from interactions, as the source does.
    """
    width = data.interactions.n_items
    training = split.users[split.train.interactions.users].astype(np.int64) * width
    training += split.items[split.train.interactions.items]
    every = data.interactions.users.astype(np.int64) * width + data.interactions.items
    left = sides(data.interactions.take(np.isin(every, training)))
    whole = sides(data.interactions)
    return [
        Finding("recomputed", f"column {before.name!r} is made from hidden interactions")
        for now, then in zip(left, whole, strict=True)
        for after, before in zip(now.columns, then.columns, strict=True)
        if after.matrix.shape != before.matrix.shape or (after.matrix != before.matrix).nnz
    ]


RULES = (columns_are_not_interactions, edges_are_not_interactions)
