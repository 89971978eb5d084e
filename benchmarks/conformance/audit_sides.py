"""Rules about side information: what is seen while fitting, who wrote it, what it repeats."""

from collections.abc import Callable, Iterator

import numpy as np

from ...datasets.arrays import DoubleArray, LongArray
from ...datasets.dataset import Dataset
from ...datasets.graph import Graph
from ...datasets.interactions import Interactions
from ...datasets.sides import Provenance, SideInformation, Track
from ...datasets.world import Entities, Split
from .finding import Finding

TOO_ALIKE = 0.9
"""Rank correlation with the interaction counts beyond which a column is taken for one of them."""
FEWEST = 30
"""Entities needed for that judgement."""


def inductive_columns_are_warm(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand, when inductive, that every feature column is known from a training row."""
    train = split.train
    for side, entities, unseen in (
        ("user", train.users, train.unseen_users),
        ("item", train.items, train.unseen_items),
    ):
        if unseen is None and entities.features.shape[1]:
            counts = np.bincount(entities.features.indices, minlength=entities.features.shape[1])
            alone = [entities.feature_names[at] for at in np.flatnonzero(counts == 0)]
            if alone:
                yield f"{side} columns that only cold entities have: {', '.join(alone[:5])}"


def unseen_have_no_history(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand, when transductive, that a cold entity shows its content and no interaction."""
    for side, unseen in (
        ("users", split.train.unseen_users),
        ("items", split.train.unseen_items),
    ):
        if unseen is not None and (unseen.history.nnz or (unseen.known >= 0).any()):
            yield f"unseen {side} come with interactions or a training index"


def graph_is_of_the_data(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand warm items alone in the training graph, and no more edges than in the dataset."""
    graph = split.train.graph
    if graph is None:
        return
    if graph.n_items != len(split.items):
        yield f"the graph has {graph.n_items} item nodes for {len(split.items)} warm items"
        return
    if data.graph is None:
        yield "the graph is not in the data"
        return
    strange = sorted(set(graph.relation_names) - set(data.graph.relation_names))
    if strange:
        yield f"relations that are not in the data: {', '.join(strange)}"
        return
    for at, name in enumerate(graph.relation_names):
        there = data.graph.relation_names.index(name)
        ours = _edges_per_item(graph, at)
        theirs = _edges_per_item(data.graph, there)[split.items]
        more = int((ours > theirs).sum())
        if more:
            yield f"{more} items have more {name!r} edges than in the data"


def _edges_per_item(graph: Graph, relation: int) -> LongArray:
    kept = graph.relations == relation
    ends = np.concatenate((graph.heads[kept], graph.tails[kept]))
    counts: LongArray = np.bincount(ends[ends < graph.n_items], minlength=graph.n_items)
    return counts


def links_are_of_the_data(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that no candidate has more edges into the training graph than in the dataset."""
    if data.graph is None:
        return
    kinds = range(len(data.graph.relation_names))
    every = np.sum([_edges_per_item(data.graph, kind) for kind in kinds], axis=0)
    for name, task in split.test.items():
        links = task.query.items.links
        if links is not None:
            ours = np.bincount(links.rows, minlength=len(task.items))
            more = int((ours > every[task.items]).sum())
            if more:
                yield f"{more} candidates of {name} have more edges than in the data"


def strict_track_admits_no_users_words(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that nothing that users wrote is in features, texts, vectors and relations."""
    train = split.train
    for information, entities in ((data.users, train.users), (data.items, train.items)):
        for column in information.columns:
            if not track.admits(column.provenance) and _has_column(entities, column.name):
                yield f"column {column.name!r} is user_generated and the track is strict"
        for text in information.texts:
            if not track.admits(text.provenance) and _has_text(entities, text.values):
                yield f"text {text.name!r} is user_generated and the track is strict"
        admitted = [one for one in information.vectors if track.admits(one.provenance)]
        width = sum(one.values.shape[1] for one in admitted)
        if (0 if entities.vectors is None else entities.vectors.shape[1]) > width:
            yield "vectors are user_generated and the track is strict"
    if train.graph is not None:
        for at in np.unique(train.graph.relations):
            if not track.admits(train.graph.provenance[at]):
                name = train.graph.relation_names[at]
                yield f"relation {name!r} is user_generated and the track is strict"


def _has_column(entities: Entities, name: str) -> bool:
    return any(one == name or one.startswith(f"{name}=") for one in entities.feature_names)


def _has_text(entities: Entities, values: object) -> bool:
    if entities.text is None:
        return False
    told = max(values, key=len, default="")  # type: ignore[call-overload]
    return bool(told) and any(told in text for text in entities.text)


def columns_are_not_interactions(split: Split, data: Dataset, track: Track) -> Iterator[str]:
    """Demand that no column counts the interactions of its entity or averages their values.

    Each user who tags what he has seen makes the number of tags follow the number of
    interactions, hidden ones included, whatever provenance the column claims. So a column is
    refused when its row sums rank the entities as their interactions do. A column that users wrote
    in another way cannot be told from an honest one by numbers alone: its provenance and
    ``recomputed`` must.
    """
    pairs = data.interactions
    for side, information, of, n in (
        ("user", data.users, pairs.users, pairs.n_users),
        ("item", data.items, pairs.items, pairs.n_items),
    ):
        counts = np.bincount(of, minlength=n).astype(np.float64)
        means = np.bincount(of, weights=pairs.values, minlength=n) / np.maximum(counts, 1)
        for column in information.columns:
            if column.provenance is Provenance.USER_GENERATED:
                continue
            sums = np.asarray(column.matrix.sum(axis=1), dtype=np.float64).reshape(-1)
            for what, other in (("number", counts), ("mean value", means)):
                alike = _rank_correlation(sums, other)
                if abs(alike) > TOO_ALIKE:
                    yield (
                        f"{side} column {column.name!r} follows the {what} of interactions "
                        f"(rank correlation {alike:.2f})"
                    )


def _rank_correlation(one: DoubleArray, other: DoubleArray) -> float:
    if len(one) < FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: DoubleArray) -> DoubleArray:
    """Return mean ranks, equal values sharing one."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: DoubleArray = last - (counts - 1) / 2
    return middle[group]


def recomputed(
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


RULES = (
    inductive_columns_are_warm,
    unseen_have_no_history,
    graph_is_of_the_data,
    links_are_of_the_data,
    strict_track_admits_no_users_words,
    columns_are_not_interactions,
)
