"""Splits that differ from a given one only in what a method may not learn from.

A method that was fitted on such a split must be the same method: whatever it holds beyond its
training data then shows as a difference in its scores.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ....datasets.arrays import CSR, BoolArray, DoubleArray, FloatArray, make_read_only
from ....datasets.graph import Links
from ....datasets.world import Entities, Holdout, Query, Split

SEED = 23
Change = Callable[[Holdout], Holdout]


def change_truth(split: Split) -> Split:
    """Return the split with the truth of every task, validation included, passed to others."""
    return _changed(split, _turn_truth)


def change_side_information(split: Split) -> Split:
    """Return the split with other features, texts and links on every cold entity."""
    return _changed(split, lambda task: _on_both(task, _poisoned))


def change_support(split: Split) -> Split:
    """Return the split with other support for every cold entity."""
    return _changed(split, lambda task: _on_both(task, _resupported))


def _changed(split: Split, change: Change) -> Split:
    def every(tasks: Mapping[str, Holdout]) -> dict[str, Holdout]:
        return {name: change(task) for name, task in tasks.items()}

    return replace(split, validation=every(split.validation), test=every(split.test))


def _on_both(task: Holdout, change: Callable[[Entities], Entities]) -> Holdout:
    query = task.query
    return replace(task, query=Query(change(query.users), change(query.items)))


def _turn_truth(task: Holdout) -> Holdout:
    rng = np.random.default_rng(SEED)
    rows, columns = (rng.permutation(n) for n in task.truth.shape)
    return replace(task, truth=make_read_only(task.truth[rows][:, columns].tocsr()))


def _resupported(entities: Entities) -> Entities:
    cold = entities.known < 0
    rng = np.random.default_rng(SEED)
    columns = rng.permutation(entities.history.shape[1])
    return replace(
        entities, history=_merge(entities.history, entities.history[:, columns].tocsr(), cold)
    )


def _poisoned(entities: Entities) -> Entities:
    """Return the entities with content on the cold rows that occurs nowhere else."""
    cold = entities.known < 0
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(entities))
    unexpected = entities.features[order].astype(np.float32)
    unexpected.data = (unexpected.data * rng.uniform(2, 9, len(unexpected.data))).astype(np.float32)
    return replace(
        entities,
        features=_merge(entities.features, unexpected, cold),
        text=_new_text(entities.text, cold),
        links=_new_links(entities.links, cold, rng),
        vectors=_new_vectors(entities.vectors, cold, rng),
        released=_new_dates(entities.released, cold),
    )


def _new_text(text: np.ndarray | None, cold: BoolArray) -> np.ndarray | None:
    if text is None:
        return None
    unexpected = np.array(
        [f"quixotic{row} zephyr obelisk vortex" for row in range(len(text))], object
    )
    return np.where(cold, unexpected, text)


def _new_vectors(
    vectors: FloatArray | None, cold: BoolArray, rng: np.random.Generator
) -> FloatArray | None:
    if vectors is None:
        return None
    unexpected = rng.normal(scale=3, size=vectors.shape).astype(np.float32)
    mixed: FloatArray = make_read_only(np.where(cold[:, None], unexpected, vectors))
    return mixed


def _new_dates(released: DoubleArray | None, cold: BoolArray) -> DoubleArray | None:
    if released is None:
        return None
    turned: DoubleArray = make_read_only(np.where(cold, released[::-1] + 31, released))
    return turned


def _new_links(links: Links | None, cold: BoolArray, rng: np.random.Generator) -> Links | None:
    if links is None or not len(links.nodes):
        return links
    nodes = rng.choice(links.nodes, len(links.nodes))
    nodes = np.where(cold[links.rows], nodes, links.nodes).astype(np.int32)
    return Links(links.rows, links.relations, nodes)


def _merge(matrix: CSR, other: CSR, where: BoolArray) -> CSR:
    """Return the rows of ``other`` where the mask is true, else those of ``matrix``."""
    rows = np.where(where, len(where), 0) + np.arange(len(where))
    return make_read_only(csr_matrix(vstack((matrix, other), format="csr")[rows]))
