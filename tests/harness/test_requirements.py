from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.plugins.requirements import OFFERS, require, require_device
from coldbench.benchmarks.runs.kept_splits import split_once
from coldbench.datasets.arrays import FloatArray
from coldbench.datasets.errors import ColdbenchError, NotApplicableError
from coldbench.datasets.side_information import Provenance, VectorColumn
from coldbench.datasets.world import Split
from coldbench.methods.base import Family, Method, Need
from scipy.sparse import csr_matrix


@dataclass
class Needy(Method):
    """Needs what it is reported to need."""

    family: ClassVar[Family] = Family.CONTENT

    def fit(self, train: object) -> "Needy":
        raise AssertionError("it is not fitted")

    def score_block(self, users: object, items: object) -> FloatArray:
        raise AssertionError("it is not asked")


@pytest.fixture
def split(tiny: Callable[..., RunConfig]) -> Split:
    config = tiny("random", "scenario.side_information=transductive")
    data = config.dataset.load()
    vectors = {
        side: replace(known, vectors=(VectorColumn("v", Provenance.INTRINSIC, values),))
        for side, known, values in (
            ("users", data.users, np.ones((len(data.user_ids), 2), dtype=np.float32)),
            ("items", data.items, np.ones((len(data.item_ids), 2), dtype=np.float32)),
        )
    }
    return split_once(config, replace(data, **vectors))  # type: ignore[arg-type]


def needing(*needs: Need) -> Method:
    class Told(Needy):
        pass

    Told.needs = frozenset(needs)
    return Told()


def without(split: Split, need: Need) -> Split:
    """The split after taking away what the need asks for."""
    train = split.train

    def bare(side: str) -> object:
        entities = getattr(train, side)
        return replace(entities, features=csr_matrix((len(entities), 0), dtype=np.float32))

    gone = {
        Need.ITEM_FEATURES: lambda: {"items": bare("items")},
        Need.USER_FEATURES: lambda: {"users": bare("users")},
        Need.ITEM_TEXT: lambda: {"items": replace(train.items, text=None)},
        Need.USER_TEXT: lambda: {"users": replace(train.users, text=None)},
        Need.ITEM_VECTORS: lambda: {"items": replace(train.items, vectors=None)},
        Need.ITEM_CONTENT: lambda: {
            "items": replace(bare("items"), text=None, vectors=None),
            "graph": None,
        },
        Need.ITEM_DATES: lambda: {"items": replace(train.items, released=None)},
        Need.USER_VECTORS: lambda: {"users": replace(train.users, vectors=None)},
        Need.GRAPH: lambda: {"graph": None},
        Need.TIMESTAMPS: lambda: {"interactions": replace(train.interactions, timestamps=None)},
        Need.TRANSDUCTIVE: lambda: {"unseen_items": None, "unseen_users": None},
    }[need]()
    return replace(split, train=replace(train, **gone))  # type: ignore[arg-type]


def test_every_need_can_be_checked() -> None:
    assert set(OFFERS) == set(Need)


@pytest.mark.parametrize("need", Need)
def test_what_is_missing_is_told_and_what_is_there_passes(split: Split, need: Need) -> None:
    if need is not Need.TIMESTAMPS or split.train.interactions.has_all_times:
        require(needing(need), split)
    with pytest.raises(NotApplicableError) as error:
        require(needing(need), without(split, need))
    words = OFFERS[need][1]
    assert str(error.value) == (f"Told needs {words}, which this dataset and scenario do not give")


def test_everything_that_is_missing_is_told_at_once(split: Split) -> None:
    bare = without(without(split, Need.GRAPH), Need.ITEM_TEXT)
    with pytest.raises(NotApplicableError, match="needs item texts and a knowledge graph, which"):
        require(needing(Need.GRAPH, Need.ITEM_TEXT, Need.ITEM_FEATURES), bare)


def test_a_rating_task_is_for_methods_that_predict(split: Split) -> None:
    class Predicts(Needy):
        def predict(self, query: object) -> None:
            return None

    require(Predicts(), split, rating=True)
    require(needing(), split)
    with pytest.raises(NotApplicableError, match="Told ranks and predicts no ratings"):
        require(needing(), split, rating=True)


def test_a_device_that_is_not_there_is_told_with_those_that_are() -> None:
    require_device("cpu")
    with pytest.raises(ColdbenchError, match=r"device=abacus:1 is not there; .* there are: cpu"):
        require_device("abacus:1")
