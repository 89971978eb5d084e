"""Checks of what a dataset loads: types, shapes, ids, columns, graph, and the same again."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ....datasets.dataset import check_dataset
from ....datasets.side_information import FeatureColumn, Provenance, SideInformation
from .check_result import Violation
from .dataset_subject import DatasetSubject
from .definition import check, describe_error


@check()
def loads(subject: DatasetSubject) -> str:
    """Require that it loads a Dataset with pairs, and with one positive at least."""
    try:
        data = subject.data
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Violation(
            describe_error(error), "make load return a Dataset, as docs/plugin.md shows"
        ) from error
    pairs = data.interactions
    seen = (
        f"{pairs.n_users:,} users x {pairs.n_items:,} items, {len(pairs):,} pairs, "
        f"{int(np.sum(data.positive)):,} positives"
    )
    if not len(pairs) or not np.any(data.positive):
        raise Violation(seen, "loosen the rule that says what counts as liked")
    return seen


@check()
def pairs_well_formed(subject: DatasetSubject) -> str:
    """Require that pairs are typed, inside the matrix, finite, and named once."""
    pairs, positive = subject.data.interactions, subject.data.positive
    arrays: list[tuple[str, Any, type[np.generic]]] = [
        ("users", pairs.users, np.int32),
        ("items", pairs.items, np.int32),
        ("values", pairs.values, np.float32),
        ("positive", positive, np.bool_),
    ]
    if pairs.timestamps is not None:
        arrays.append(("timestamps", pairs.timestamps, np.int64))
    for name, array, kind in arrays:
        if not isinstance(array, np.ndarray) or array.dtype != kind:
            seen = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise Violation(f"{name} are {seen}", f"make them a numpy array of {kind.__name__}")
        if array.shape != (len(pairs),):
            raise Violation(f"{name} have shape {array.shape}", f"give one per pair, {len(pairs)}")
    for name, array, count in (("users", pairs.users, pairs.n_users),
                               ("items", pairs.items, pairs.n_items)):  # fmt: skip
        if array.min() < 0 or array.max() >= count:
            raise Violation(
                f"{name} go from {array.min()} to {array.max()}", f"number them 0 to {count - 1}"
            )
    if not np.isfinite(pairs.values).all():
        raise Violation("values are NaN or infinite", "drop these pairs or give them a value")
    keys = pairs.users.astype(np.int64) * pairs.n_items + pairs.items
    repeated = len(keys) - len(np.unique(keys))
    if repeated:
        raise Violation(
            f"{repeated} pairs are repeated", "merge them, count that in merged, keep the latest"
        )
    return f"{len(pairs):,} distinct pairs; {_idle(subject)}"


def _idle(subject: DatasetSubject) -> str:
    pairs = subject.data.interactions
    users = pairs.n_users - len(np.unique(pairs.users))
    items = pairs.n_items - len(np.unique(pairs.items))
    return f"{users} users and {items} items without a pair"


@check()
def ids_are_unique(subject: DatasetSubject) -> str:
    """Require that every user and item has an original id of its own, as text."""
    data = subject.data
    for side, ids in (("user", data.user_ids), ("item", data.item_ids)):
        if np.asarray(ids).dtype.kind not in "UO" or not all(isinstance(i, str) for i in ids):
            raise Violation(f"{side}_ids are {np.asarray(ids).dtype}", "make them texts")
        repeated = len(ids) - len(np.unique(np.asarray(ids, dtype=str)))
        if repeated:
            raise Violation(f"{repeated} {side} ids are repeated", "let an index have its own id")
    return f"{len(data.user_ids):,} users, {len(data.item_ids):,} items"


@check()
def columns_well_formed(subject: DatasetSubject) -> str:
    """Require that columns are typed, named once, finite and not weighted before the split."""
    told_of = []
    for side, known in (("user", subject.data.users), ("item", subject.data.items)):
        names = [one.name for one in known.columns] + [one.name for one in known.texts]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise Violation(f"{side} {', '.join(repeated)} twice", "give every column its own name")
        for what, remedy in (fault for column in known.columns for fault in _faults(column)):
            raise Violation(f"{side} column {what}", remedy)
        _require_texts(side, known)
        told_of.append(f"{len(known.columns)} columns and {len(known.texts)} texts of {side}s")
    return ", ".join(told_of)


def _faults(column: FeatureColumn) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a column, and the remedy."""
    matrix = column.matrix
    if not hasattr(matrix, "indptr") or matrix.dtype != np.float32:
        yield f"{column.name!r} is not a CSR float32", "use datasets.sources.columns to make it"
    elif matrix.shape[1] != len(column.values):
        yield (
            f"{column.name!r} has {matrix.shape[1]} columns and {len(column.values)} names",
            "name every column of the matrix",
        )
    elif not np.isfinite(matrix.data).all():
        yield f"{column.name!r} has NaN or infinite values", "leave out what is not known"
    elif not column.numeric and not np.isin(matrix.data, (0, 1)).all():
        yield (
            f"{column.name!r} is categorical and holds {matrix.data.max():g}",
            "store 0 and 1: weights that are counted before the split see cold entities",
        )
    if column.refers_to is not None and len(column.refers_to) != len(column.values):
        yield (
            f"{column.name!r} refers to {len(column.refers_to)} entities by "
            f"{len(column.values)} values",
            "give the index of an entity for every value",
        )
    if not isinstance(column.provenance, Provenance):
        yield f"{column.name!r} is of provenance {column.provenance!r}", "take one of Provenance"


def _require_texts(side: str, known: SideInformation) -> None:
    for text in known.texts:
        if not all(isinstance(one, str) for one in text.values):
            raise Violation(
                f"{side} text {text.name!r} holds what is not a text", 'use "" for none'
            )
        if not isinstance(text.provenance, Provenance):
            raise Violation(
                f"{side} text {text.name!r} is of provenance {text.provenance!r}",
                "take one of Provenance",
            )


@check(applies=lambda s: None if s.data.graph is not None else "it has no graph")
def graph_well_formed(subject: DatasetSubject) -> str:
    """Require that the graph begins with the items and its triples stay inside it."""
    graph, items = subject.data.graph, subject.data.interactions.n_items
    assert graph is not None
    if graph.n_items != items or graph.n_nodes < items:
        raise Violation(
            f"{graph.n_items} item nodes of {graph.n_nodes} for {items} items",
            "let the first nodes be the items, in their order",
        )
    relations = len(graph.relation_names)
    for name, ends, count in (
        ("heads", graph.heads, graph.n_nodes),
        ("tails", graph.tails, graph.n_nodes),
        ("relations", graph.relations, relations),
    ):
        if ends.dtype != np.int32 or len(ends) != len(graph.heads):
            raise Violation(f"{name} are {len(ends)} {ends.dtype}", "give one int32 per triple")
        if len(ends) and (ends.min() < 0 or ends.max() >= count):
            raise Violation(f"{name} go from {ends.min()} to {ends.max()}", f"stay below {count}")
    if len(graph.provenance) != relations:
        raise Violation(
            f"{len(graph.provenance)} provenances for {relations} relations", "give one each"
        )
    return f"{len(graph.heads):,} triples of {relations} relations over {graph.n_nodes:,} nodes"


@check()
def same_content_again(subject: DatasetSubject) -> str:
    """Require that a second load gives the same content, by the harness's own fingerprint."""
    first, second = subject.data.sha256, check_dataset(subject.source.load()).sha256
    if first != second:
        raise Violation(
            f"sha256 {first[:12]} then {second[:12]}",
            "sort what comes from sets, dicts and folders, and draw from a seed that is a setting",
        )
    return f"sha256 {first[:12]}"


CHECKS = (
    loads,
    pairs_well_formed,
    ids_are_unique,
    columns_well_formed,
    graph_well_formed,
    same_content_again,
)
