"""Datasets that differ from a given one only in the content of cold entities.

The training data of such a dataset must be the same to the last bit.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from ....datasets.arrays import CSR, BoolArray, FloatArray, IntArray, make_read_only
from ....datasets.dataset import Dataset
from ....datasets.graph import Graph
from ....datasets.side_information import (
    FeatureColumn,
    Provenance,
    SideInformation,
    TextColumn,
    VectorColumn,
)

SEED = 31
CARRIERS = 20
"""Cold entities that are given each value of a flooded column: beyond any usual threshold."""
HUGE = 1e9

ColumnEdit = Callable[[FeatureColumn, BoolArray], FeatureColumn]
TextEdit = Callable[[TextColumn, BoolArray], TextColumn]
VectorEdit = Callable[[FloatArray], FloatArray]
GraphEdit = Callable[[Graph, BoolArray], Graph]


def replace_content(data: Dataset, users: BoolArray, items: BoolArray) -> Dataset:
    """Return the dataset with other features, texts, vectors and triples on the marked entities."""
    edits = (_poisoned_column, _poisoned_text, _poisoned_vectors, _poisoned_graph)
    return _edited(data, users, items, *edits)


def remove_content(data: Dataset, users: BoolArray, items: BoolArray) -> Dataset:
    """Return the dataset without any content of the marked entities."""
    edits = (_emptied_column, _emptied_text, np.zeros_like, _emptied_graph)
    return _edited(data, users, items, *edits)


def multiply_content(data: Dataset, users: BoolArray, items: BoolArray) -> Dataset:
    """Return the dataset where the marked entities make every value frequent and bring new ones.

    Values, relations and nodes come up that nobody has, in front of the known ones and behind
    them; numbers are huge.
    """
    edits = (_flooded_column, _flooded_text, _flooded_vectors, _flooded_graph)
    return _edited(data, users, items, *edits)


def _edited(
    data: Dataset,
    users: BoolArray,
    items: BoolArray,
    column: ColumnEdit,
    text: TextEdit,
    vectors: VectorEdit,
    graph: GraphEdit,
) -> Dataset:
    """Return the dataset with each part edited of a side that has marked entities."""

    def side(information: SideInformation, cold: BoolArray) -> SideInformation:
        if not cold.any():
            return information
        return SideInformation(
            tuple(column(one, cold) for one in information.columns),
            tuple(text(one, cold) for one in information.texts),
            tuple(_with_vectors(one, vectors(one.values), cold) for one in information.vectors),
        )

    return replace(
        data,
        users=side(data.users, users),
        items=side(data.items, items),
        graph=graph(data.graph, items) if data.graph is not None and items.any() else data.graph,
    )


def _with_vectors(column: VectorColumn, other: FloatArray, cold: BoolArray) -> VectorColumn:
    """Return the column with the rows of ``other`` where an entity is cold."""
    values = np.where(cold[:, None], other, column.values).astype(np.float32)
    return replace(column, values=make_read_only(values))


def _poisoned_column(column: FeatureColumn, cold: BoolArray) -> FeatureColumn:
    """Permute the rows among the cold entities; shift quantities."""
    rng = np.random.default_rng(SEED)
    other = column.matrix[rng.permutation(column.matrix.shape[0])].copy()
    if column.numeric:
        other.data = (other.data * 3 + 11).astype(np.float32)
    return replace(column, matrix=_merged(column.matrix, other, cold))


def _poisoned_text(text: TextColumn, cold: BoolArray) -> TextColumn:
    values = [
        f"quixotic{row} zephyr obelisk" if cold[row] else value
        for row, value in enumerate(text.values)
    ]
    return replace(text, values=values)


def _poisoned_vectors(values: FloatArray) -> FloatArray:
    return 3 * values[::-1] + 11


def _poisoned_graph(graph: Graph, cold: BoolArray) -> Graph:
    """Point the triples of cold items to other entities among those that they name together."""
    rng = np.random.default_rng(SEED)
    tails = graph.tails.copy()
    theirs = np.flatnonzero(_cold_nodes(graph, cold)[graph.heads])
    tails[theirs] = rng.permutation(tails[theirs])
    return replace(graph, tails=make_read_only(tails))


def _emptied_column(column: FeatureColumn, cold: BoolArray) -> FeatureColumn:
    nothing = csr_matrix(column.matrix.shape, dtype=np.float32)
    return replace(column, matrix=_merged(column.matrix, nothing, cold))


def _emptied_text(text: TextColumn, cold: BoolArray) -> TextColumn:
    return replace(text, values=["" if cold[row] else one for row, one in enumerate(text.values)])


def _emptied_graph(graph: Graph, cold: BoolArray) -> Graph:
    return graph.take(~(_cold_nodes(graph, cold)[graph.heads]))


def _flooded_column(column: FeatureColumn, cold: BoolArray) -> FeatureColumn:
    rows = np.flatnonzero(cold)
    if column.numeric:
        numbers = csr_matrix(np.full(column.matrix.shape, HUGE, dtype=np.float32))
        return replace(column, matrix=_merged(column.matrix, numbers, cold))
    width, carriers = column.matrix.shape[1], min(CARRIERS, len(rows))
    at = np.resize(rows, width * carriers)
    ones = np.ones(len(at), dtype=np.float32)
    every = csr_matrix((ones, (at, np.repeat(np.arange(width), carriers))), column.matrix.shape)
    every.data[:] = 1
    new = csr_matrix(cold.astype(np.float32)[:, None])
    matrix = hstack((new, _merged(column.matrix, every, cold), new), format="csr")
    values = (" of cold ones", *column.values, "~ of cold ones")
    named = column.refers_to
    if named is not None:
        named = make_read_only(np.concatenate([rows[:1], named, rows[:1]]).astype(np.int32))
    matrix = make_read_only(matrix.astype(np.float32))
    return replace(column, matrix=matrix, values=values, refers_to=named)


def _flooded_text(text: TextColumn, cold: BoolArray) -> TextColumn:
    every = " ".join(dict.fromkeys(" ".join(text.values[:CARRIERS]).split()))
    values = [
        f"{every} obelisk{row} zephyr" if cold[row] else value
        for row, value in enumerate(text.values)
    ]
    return replace(text, values=values)


def _flooded_vectors(values: FloatArray) -> FloatArray:
    return np.full_like(values, HUGE)


def _flooded_graph(graph: Graph, cold: BoolArray) -> Graph:
    """Link cold items with every entity, with new ones and with all others, by a new relation too.

    The new relation is the first, a new entity stands before the known ones and another behind.
    """
    first, last = graph.n_items, graph.n_nodes + 1
    heads, tails = (_moved(ends, first) for ends in (graph.heads, graph.tails))
    rows = np.flatnonzero(cold)
    count = min(CARRIERS, len(rows))
    entities = np.concatenate([np.arange(first, last + 1), np.arange(graph.n_items)])
    new_tails = np.repeat(entities, count)
    new_heads = np.resize(rows, len(new_tails))
    kinds = np.arange(len(new_tails)) % (len(graph.relation_names) + 1)
    return Graph(
        make_read_only(np.concatenate([new_heads, heads]).astype(np.int32)),
        make_read_only(np.concatenate([kinds, graph.relations + 1]).astype(np.int32)),
        make_read_only(np.concatenate([new_tails, tails]).astype(np.int32)),
        graph.n_items,
        graph.n_nodes + 2,
        ("of cold ones", *graph.relation_names),
        (Provenance.INTRINSIC, *graph.provenance),
    )


def _moved(nodes: IntArray, first: int) -> IntArray:
    """Return the numbers of nodes after one more entity has come in front of the entities."""
    return nodes + (nodes >= first).astype(np.int32)


def _cold_nodes(graph: Graph, cold: BoolArray) -> BoolArray:
    marked = np.zeros(graph.n_nodes, dtype=bool)
    marked[: graph.n_items] = cold
    return marked


def _merged(matrix: CSR, other: CSR, cold: BoolArray) -> CSR:
    """Return the rows of ``other`` where an entity is cold, else those of ``matrix``."""
    rows = np.arange(len(cold)) + np.where(cold, len(cold), 0)
    merged = vstack((matrix, other), format="csr")[rows]
    merged.sort_indices()
    return make_read_only(merged)
