"""Small synthetic datasets, built without any loader."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.graph import Graph
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import (
    FeatureColumn,
    Provenance,
    SideInformation,
    TextColumn,
)
from scipy.sparse import csr_matrix


def side(n: int, seed: int, name: str) -> SideInformation:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 4, n)
    # One value that a single entity has: its column must vanish where that entity is cold.
    own = csr_matrix((np.ones(n, np.float32), (np.arange(n), np.arange(n))), (n, n))
    group_matrix = csr_matrix((np.ones(n, np.float32), (np.arange(n), group)), (n, 4))
    tags = csr_matrix((rng.random((n, 5)) < 0.3).astype(np.float32))
    year = csr_matrix(rng.integers(1950, 2020, n).astype(np.float32)[:, None])
    plots = [f"plot {i}" if i % 2 else "" for i in range(n)]
    return SideInformation(
        (
            FeatureColumn("group", Provenance.INTRINSIC, group_matrix, tuple("abcd")),
            FeatureColumn("own", Provenance.EDITORIAL, own, tuple(f"o{i}" for i in range(n))),
            FeatureColumn("tag", Provenance.USER_GENERATED, tags, tuple("vwxyz")),
            FeatureColumn("year", Provenance.INTRINSIC, year, ("",), numeric=True),
        ),
        (
            TextColumn("title", Provenance.INTRINSIC, [f"{name} {i}" for i in range(n)]),
            TextColumn("plot", Provenance.EDITORIAL, plots),
            TextColumn("review", Provenance.USER_GENERATED, ["so good"] * n),
        ),
    )


def graph(n_items: int, seed: int) -> Graph:
    """Items point to shared and to private entities, entities to others, items to items."""
    rng = np.random.default_rng(seed)
    item = np.arange(n_items)
    shared = n_items + rng.integers(0, 6, n_items)
    private = n_items + 6 + item
    beyond = n_items + 6 + n_items + item
    cited = rng.permutation(n_items)
    heads = np.concatenate([item, item, private, item, shared])
    tails = np.concatenate([shared, private, beyond, cited, item])
    relations = np.repeat(np.arange(5), n_items)
    provenance = (
        Provenance.INTRINSIC,
        Provenance.INTRINSIC,
        Provenance.EDITORIAL,
        Provenance.INTRINSIC,
        Provenance.USER_GENERATED,
    )
    names = ("genre", "own", "beyond", "cites", "tagged")
    as_int = (heads.astype(np.int32), relations.astype(np.int32), tails.astype(np.int32))
    return Graph(*as_int, n_items, 6 + 3 * n_items, names, provenance)


def dataset(
    n_users: int = 120,
    n_items: int = 80,
    density: float = 0.3,
    seed: int = 0,
    times: bool = True,
    with_graph: bool = True,
) -> Dataset:
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < density)
    pairs = Interactions(
        users.astype(np.int32),
        items.astype(np.int32),
        rng.integers(0, 11, len(users)).astype(np.float32),
        rng.integers(0, 10**6, len(users)) if times else None,
        n_users,
        n_items,
    )
    return Dataset(
        name="synthetic",
        interactions=pairs,
        positive=pairs.values >= 3,
        user_ids=np.array([f"u{i}" for i in range(n_users)]),
        item_ids=np.array([f"item {i}" for i in range(n_items)]),
        users=side(n_users, seed + 1, "user"),
        items=side(n_items, seed + 2, "item"),
        graph=graph(n_items, seed + 3) if with_graph else None,
        merged=3,
        rule="value >= 3",
    )


def only_pairs(data: Dataset, keep: np.ndarray) -> Dataset:
    """Return the dataset with some of its interactions, in the given order."""
    return replace(data, interactions=data.interactions.take(keep), positive=data.positive[keep])


@pytest.fixture(scope="session")
def make():
    return dataset


@pytest.fixture(scope="session")
def keep_pairs():
    return only_pairs


@pytest.fixture(scope="session")
def data() -> Dataset:
    return dataset()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    here = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("COLDBENCH_TEST_DATA", here.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set COLDBENCH_TEST_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def growing() -> Dataset:
    """A world in which users and items appear one after the other."""
    data = dataset(n_users=150, n_items=100, density=0.4, with_graph=False)
    pairs = data.interactions
    rng = np.random.default_rng(0)
    start = np.maximum(rng.random(150)[pairs.users], rng.random(100)[pairs.items] ** 2)
    times = (1e6 * (start + (1 - start) * rng.random(len(pairs)))).astype(np.int64)
    return replace(data, interactions=replace(pairs, timestamps=times))
