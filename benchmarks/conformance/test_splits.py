"""The planted dataset on which methods are checked, and its probe queries."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from ...datasets.arrays import BoolArray, make_read_only
from ...datasets.dataset import Dataset
from ...datasets.protocol.scenarios import Grid, NewUser
from ...datasets.protocol.settings import Task
from ...datasets.sources.planted.source import Planted
from ...datasets.world import Entities, Holdout, Query, SideMode, Split, TrainView
from ..evaluation.validation import split

WORLD = Planted(
    n_users=400,
    n_items=400,
    interactions_per_user=24,
    n_topics=6,
    user_attributes=0.95,
    item_attributes=0.95,
    user_text=0.95,
    item_text=0.95,
    graph=0.95,
    vectors=0.95,
    popularity_skew=0.6,
)
"""Small enough to fit every method in seconds, and solvable from any one kind of content."""

POPULAR = replace(
    WORLD,
    n_users=900,
    n_items=300,
    interactions_per_user=30,
    popularity_skew=1.0,
    sharpness=2.5,
)
"""Where popularity counts more than taste, so that one liked item tells little of a user."""

SEED = 7
PROBE_USERS, PROBE_ITEMS = 24, 60
PROBES = ("warm/warm/k=0", "new_item/all/k=0", "new_user_new_item/cold/k=5")
"""Tasks that together show warm and cold users, with and without support, and both candidates."""
ITEM_TASK, USER_TASK = "new_item/cold/k=0", "new_user/warm/k=0"
BOTH_TASK, SUPPORT_TASK = "new_user_new_item/cold/k=0", "new_user/warm/k=10"
SHOT_TASKS = tuple(f"new_user/warm/k={k}" for k in (0, 1, 5, 10))


@cache
def load_planted() -> Dataset:
    """Return the world's data."""
    return WORLD.load()


@cache
def split_planted(mode: SideMode = SideMode.INDUCTIVE, task: Task = Task.RANKING) -> Split:
    """Return the world with both sides cold in one split."""
    return split(load_planted(), Grid(side_information=mode, task=task), SEED)


@cache
def split_popular(mode: SideMode = SideMode.INDUCTIVE) -> Split:
    """Return the popular world with most users cold: enough of them to tell curves apart."""
    data = POPULAR.load()
    # Ratings follow taste alone; so that popular items are liked as well as taken, all count.
    liked = replace(data, positive=make_read_only(np.ones_like(data.positive)))
    return split(liked, NewUser(side_information=mode, cold_fraction=0.6), SEED)


def make_probe(holdout: Holdout) -> Query:
    """Return a small query: some users and candidates of a task, evenly spaced."""
    query = holdout.query
    return Query(_some(query.users, PROBE_USERS), _some(query.items, PROBE_ITEMS))


def choose_probe_tasks(split: Split) -> tuple[str, str, str]:
    """Return the tasks of any split that come closest to ``PROBES``."""

    def nearest(wanted: str, *wishes: Callable[[Query], bool]) -> str:
        if wanted in split.test:
            return wanted
        found = (n for wish in wishes for n, task in split.test.items() if wish(task.query))
        return next(found, next(iter(split.test)))

    def cold(entities: Entities) -> BoolArray:
        return entities.known < 0

    warm, mixed, unexpected = PROBES
    return (
        nearest(warm, lambda q: not cold(q.users).any() and not cold(q.items).any()),
        nearest(
            mixed,
            lambda q: bool(cold(q.items).any()) and not cold(q.items).all(),
            lambda q: bool(cold(q.items).any()),
        ),
        nearest(
            unexpected,
            lambda q: bool(cold(q.users).any() and cold(q.items).any()),
            lambda q: bool(cold(q.users).any()),
            lambda q: bool(cold(q.items).any()),
        ),
    )


def _some(entities: Entities, count: int) -> Entities:
    return entities.take(np.unique(np.linspace(0, len(entities) - 1, count).astype(np.int64)))


def list_view_parts(train: TrainView) -> list[object]:
    """Return the content of a training data, for ``content_hash``."""
    pairs, graph = train.interactions, train.graph
    sides = (train.users, train.items, train.unseen_users, train.unseen_items)
    parts: list[object] = [pairs.users, pairs.items, pairs.values, pairs.timestamps, train.seed]
    parts += [None if side is None else _entity_parts(side) for side in sides]
    if graph is not None:
        parts += [graph.heads, graph.relations, graph.tails, graph.n_items, graph.n_nodes]
        parts += [graph.relation_names, graph.provenance]
    if train.source is not None:
        parts += list_view_parts(train.source)
    return parts


def _entity_parts(side: Entities) -> list[object]:
    links = side.links
    return [
        side.known,
        side.history,
        side.features,
        side.feature_names,
        None if side.text is None else list(side.text),
        None if links is None else [links.rows, links.relations, links.nodes],
        side.vectors,
        side.feature_groups,
        side.released,
    ]
