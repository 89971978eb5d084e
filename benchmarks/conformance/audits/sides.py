"""Rules about side information: what is visible during training, and who wrote it."""

from collections.abc import Iterator

import numpy as np

from ....datasets.arrays import LongArray
from ....datasets.graph import Graph
from ....datasets.world import Entities
from .audited_split import AuditedSplit


def inductive_columns_are_warm(audited: AuditedSplit) -> Iterator[str]:
    """Require, when inductive, that every feature column is known from a training row."""
    train = audited.split.train
    for side, entities, unseen in (
        ("user", train.users, train.unseen_users),
        ("item", train.items, train.unseen_items),
    ):
        if unseen is None and entities.features.shape[1]:
            counts = np.bincount(entities.features.indices, minlength=entities.features.shape[1])
            alone = [entities.feature_names[at] for at in np.flatnonzero(counts == 0)]
            if alone:
                yield f"{side} columns that only cold entities have: {', '.join(alone[:5])}"


def unseen_have_no_history(audited: AuditedSplit) -> Iterator[str]:
    """Require, when transductive, that a cold entity shows its content and no interaction."""
    for side, unseen in (
        ("users", audited.split.train.unseen_users),
        ("items", audited.split.train.unseen_items),
    ):
        if unseen is not None and (unseen.history.nnz or (unseen.known >= 0).any()):
            yield f"unseen {side} come with interactions or a training index"


def graph_is_of_the_data(audited: AuditedSplit) -> Iterator[str]:
    """Require warm items alone in the training graph, and no more edges than in the dataset."""
    split, data, graph = audited.split, audited.data, audited.split.train.graph
    if graph is None:
        return
    if graph.n_items != len(split.items):
        yield f"the graph has {graph.n_items} item nodes for {len(split.items)} warm items"
        return
    if data.graph is None:
        yield "the graph is not in the data"
        return
    unexpected = sorted(set(graph.relation_names) - set(data.graph.relation_names))
    if unexpected:
        yield f"relations that are not in the data: {', '.join(unexpected)}"
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


def links_are_of_the_data(audited: AuditedSplit) -> Iterator[str]:
    """Require that no candidate has more edges into the training graph than in the dataset."""
    split, data = audited.split, audited.data
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


def strict_track_admits_no_users_words(audited: AuditedSplit) -> Iterator[str]:
    """Require that nothing that users wrote is in features, texts, vectors and relations."""
    train, data, track = audited.split.train, audited.data, audited.track
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
    starts = (f"{name}=", f"{name}~")
    return any(one == name or one.startswith(starts) for one in entities.feature_names)


def _has_text(entities: Entities, values: object) -> bool:
    if entities.text is None:
        return False
    longest = max(values, key=len, default="")  # type: ignore[call-overload]
    return bool(longest) and any(longest in text for text in entities.text)


RULES = (
    inductive_columns_are_warm,
    unseen_have_no_history,
    graph_is_of_the_data,
    links_are_of_the_data,
    strict_track_admits_no_users_words,
)
