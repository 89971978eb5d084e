"""A split needs memory in proportion to the interactions, not to users times items."""

import tracemalloc

import numpy as np
import pytest
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.side_information import SideInformation

USERS, ITEMS, PAIRS = 100_000, 50_000, 2_000_000


@pytest.mark.slow
def test_memory_is_a_multiple_of_the_interactions():
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, USERS * ITEMS, PAIRS))
    users, items = (keys // ITEMS).astype(np.int32), (keys % ITEMS).astype(np.int32)
    times = rng.integers(0, 10**9, len(keys))
    data = Dataset(
        name="wide",
        interactions=Interactions(
            users, items, np.ones(len(keys), np.float32), times, USERS, ITEMS
        ),
        positive=np.ones(len(keys), dtype=bool),
        user_ids=np.arange(USERS).astype(str),
        item_ids=np.arange(ITEMS).astype(str),
        users=SideInformation(),
        items=SideInformation(),
        graph=None,
        merged=0,
        rule="",
    )
    data.positives.csr  # noqa: B018 (made once, before the measurement)
    tracemalloc.start()
    try:
        split = Grid(shots=[0, 1, 5]).split(data, 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(split.train.interactions) > 0.5 * PAIRS
    per_pair = peak / len(keys)
    assert per_pair < 220, f"{per_pair:.0f} bytes per interaction"
