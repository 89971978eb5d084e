"""Methods that leak as real ones have leaked; the suite must catch each, and none of the others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pytest
from coldbench.benchmarks.conformance.checks.check_result import Verdict
from coldbench.benchmarks.conformance.checks.definition import carry_out
from coldbench.benchmarks.conformance.checks.subject import Subject
from coldbench.benchmarks.conformance.checks.suite import CHECKS
from coldbench.benchmarks.conformance.test_splits import ITEM_TASK, SUPPORT_TASK
from coldbench.datasets.arrays import CSR, FloatArray
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Entities, Query, Split, TrainView
from coldbench.methods.base import Family, Method
from scipy.sparse import csr_matrix

LEAK_CHECKS = [check for check in CHECKS if check.leak or check.name == "order_does_not_matter"]
WARM_TASK = "warm/warm/k=0"


@dataclass
class Leaky(Method):
    """A method for the tests; ``_beside`` is what it holds without having been given it."""

    _beside: Split | None = field(default=None)

    family: ClassVar[Family] = Family.HYBRID
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True

    @property
    def cheating_split(self) -> Split:
        assert self._beside is not None
        return self._beside


# Negatives that avoid test pairs: a linear BPR on item features.


class Negatives(Leaky):
    def fit(self, train: TrainView) -> Self:
        rng = np.random.default_rng(train.seed)
        features = train.items.features.toarray().astype(np.float64)
        profiles = train.interactions.csr @ features
        known = self.avoided(train)
        users, positives = train.interactions.users, train.interactions.items
        weights = np.eye(features.shape[1])
        for _ in range(3):
            negatives = rng.integers(0, len(train.items), len(users))
            fair = np.asarray(known[users, negatives]).reshape(-1) == 0
            difference = features[positives] - features[negatives]
            margin = np.einsum("nf,fg,ng->n", profiles[users], weights, difference)
            pull = (fair / (1 + np.exp(np.clip(margin, -30, 30))))[:, None]
            weights += 1e-3 * (profiles[users] * pull).T @ difference
        self.weights_, self.features_ = weights.astype(np.float32), features.astype(np.float32)
        return self

    def avoided(self, train: TrainView) -> CSR:
        return train.interactions.csr

    def score(self, query: Query) -> FloatArray:
        liked = query.users.history @ self.fitted("features_")
        return (liked @ self.weights_ @ query.items.features.toarray().T).astype(np.float32)


class NegativesAvoidTestPairs(Negatives):
    def avoided(self, train: TrainView) -> CSR:
        task = self.cheating_split.test[WARM_TASK]
        rows = np.full(task.truth.shape[0], 0) + task.query.users.known
        shape = (len(train.users), task.truth.shape[0])
        place = csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape)
        return train.interactions.csr + (place @ task.truth)


class NegativesAvoidValidationPairs(Negatives):
    def avoided(self, train: TrainView) -> CSR:
        task = self.cheating_split.validation[WARM_TASK]
        rows = task.query.users.known
        shape = (len(train.users), len(rows))
        place = csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape)
        return train.interactions.csr + (place @ task.truth)


# Text statistics: tf-idf whose document frequencies count the cold items' texts.


class TextStatistics(Leaky):
    def fit(self, train: TrainView) -> Self:
        texts = [str(text) for text in train.items.text]
        vocabulary = sorted({word for text in texts for word in text.split()})
        self.columns_ = {word: at for at, word in enumerate(vocabulary)}
        counted = texts + self.also_counted()
        rarity = np.full(len(vocabulary), np.log(1 + len(counted)), dtype=np.float32)
        for word, at in self.columns_.items():
            rarity[at] -= np.log(1 + sum(word in text.split() for text in counted))
        self.rarity_ = rarity
        self.vectors_ = self.vectors(train.items)
        return self

    def also_counted(self) -> list[str]:
        return []

    def vectors(self, items: Entities) -> FloatArray:
        found = np.zeros((len(items), len(self.fitted("columns_"))), dtype=np.float32)
        for row, text in enumerate(items.text):
            for word in str(text).split():
                if word in self.columns_:
                    found[row, self.columns_[word]] = self.rarity_[self.columns_[word]]
        return found

    def score(self, query: Query) -> FloatArray:
        candidates = self.vectors(query.items)
        return np.asarray((query.users.history @ self.vectors_) @ candidates.T, np.float32)


class TextStatisticsOfColdItems(TextStatistics):
    def also_counted(self) -> list[str]:
        return [str(text) for text in self.cheating_split.test[ITEM_TASK].query.items.text]


# Graph statistics: an entity counts less the more items it has, cold ones included.


class GraphStatistics(Leaky):
    def fit(self, train: TrainView) -> Self:
        graph = train.graph
        assert graph is not None
        degrees = np.bincount(graph.tails, minlength=graph.n_nodes) + self.more(graph.n_nodes)
        self.weight_ = (1 / np.sqrt(1 + degrees)).astype(np.float32)
        self.entities_ = self.nodes_of(train.items)
        return self

    def more(self, n_nodes: int) -> np.ndarray:
        return np.zeros(n_nodes, dtype=np.int64)

    def nodes_of(self, items: Entities) -> CSR:
        links = items.links
        assert links is not None
        shape = (len(items), len(self.fitted("weight_")))
        return csr_matrix((self.weight_[links.nodes], (links.rows, links.nodes)), shape)

    def score(self, query: Query) -> FloatArray:
        liked = query.users.history @ self.entities_
        return (liked @ self.nodes_of(query.items).T).toarray().astype(np.float32)


class GraphStatisticsOfColdItems(GraphStatistics):
    def more(self, n_nodes: int) -> np.ndarray:
        links = self.cheating_split.test[ITEM_TASK].query.items.links
        assert links is not None
        return np.bincount(links.nodes, minlength=n_nodes)


# Propagation over users and items, with test edges in the graph.


class Propagation(Leaky):
    cold: ClassVar[frozenset[Side]] = frozenset()

    def fit(self, train: TrainView) -> Self:
        edges = train.interactions.csr + self.more(train)
        self.reach_ = np.asarray((edges.T @ edges).toarray(), dtype=np.float32)
        return self

    def more(self, train: TrainView) -> CSR:
        return 0 * train.interactions.csr

    def score(self, query: Query) -> FloatArray:
        scores = np.zeros((len(query.users), len(query.items)), dtype=np.float32)
        warm = query.items.known >= 0
        scores[:, warm] = query.users.history @ self.fitted("reach_")[:, query.items.known[warm]]
        return scores


class PropagatesTestEdges(Propagation):
    def more(self, train: TrainView) -> CSR:
        task = self.cheating_split.test[WARM_TASK]
        truth = task.truth.tocoo()
        at = (task.query.users.known[truth.row], truth.col)
        return csr_matrix((truth.data, at), train.interactions.csr.shape)


# An embedding for cold items: by place in the query, trained or not; or by its words.


class ColdEmbeddingByPlace(Negatives):
    def score(self, query: Query) -> FloatArray:
        scores = super().score(query)
        cold = query.items.known < 0
        drawn = np.random.default_rng(3).standard_normal(len(query.items)).astype(np.float32)
        return scores + np.where(cold, drawn * np.abs(scores).max(initial=1), 0)


class ColdEmbeddingTrained(Negatives):
    """Learns a bias per cold item from its hidden interactions, found again by its text."""

    def fit(self, train: TrainView) -> Self:
        super().fit(train)
        task = self.cheating_split.test[ITEM_TASK]
        counts = np.asarray(task.truth.sum(axis=0)).reshape(-1)
        self.bias_ = dict(zip(map(str, task.query.items.text), counts.tolist(), strict=True))
        return self

    def score(self, query: Query) -> FloatArray:
        bias = [self.fitted("bias_").get(str(text), 0.0) for text in query.items.text]
        return super().score(query) + np.array(bias, dtype=np.float32)


class LearnsFromSupport(Negatives):
    def avoided(self, train: TrainView) -> CSR:
        seen = self.cheating_split.test[SUPPORT_TASK].query.users.history
        popular = np.asarray(seen.sum(axis=0)).reshape(-1) > 0
        block = csr_matrix(np.tile(popular.astype(np.float32), (len(train.users), 1)))
        return train.interactions.csr + block


LEAKY: list[tuple[type[Leaky], set[str]]] = [
    (NegativesAvoidTestPairs, {"hidden_truth"}),
    (NegativesAvoidValidationPairs, {"hidden_truth"}),
    (TextStatisticsOfColdItems, {"cold_side_information"}),
    (GraphStatisticsOfColdItems, {"cold_side_information"}),
    (PropagatesTestEdges, {"hidden_truth"}),
    (ColdEmbeddingByPlace, {"order_does_not_matter", "new_item_without_identity"}),
    (ColdEmbeddingTrained, {"hidden_truth", "cold_side_information"}),
    (LearnsFromSupport, {"cold_support"}),
]
CLEAN = [Negatives, TextStatistics, GraphStatistics, Propagation]


def caught(method: type[Leaky]) -> set[str]:
    """Return the leak checks that a method fails."""
    build: Callable[[Split], Leaky] = lambda split: method(_beside=split)  # noqa: E731
    subject = Subject(method.__name__, method, build)
    outcomes = [carry_out(check, subject) for check in LEAK_CHECKS]
    assert not [one for one in outcomes if one.verdict is Verdict.NOT_REACHED]
    return {one.check for one in outcomes if one.verdict is Verdict.FAILED}


@pytest.mark.parametrize(("method", "checks"), LEAKY, ids=lambda one: getattr(one, "__name__", ""))
def test_a_leaky_method_is_caught_for_its_leak(method: type[Leaky], checks: set[str]) -> None:
    assert caught(method) >= checks


@pytest.mark.parametrize("method", CLEAN, ids=lambda one: one.__name__)
def test_its_clean_sibling_raises_no_alarm(method: type[Leaky]) -> None:
    assert caught(method) == set()


class ReadsValidation(Negatives):
    def fit(self, train: TrainView) -> Self:
        tasks = train.validate._tasks  # type: ignore[attr-defined]
        assert tasks
        return super().fit(train)


def test_the_insides_of_validate_are_not_handed_out() -> None:
    subject = Subject("reads", ReadsValidation, lambda split: ReadsValidation(_beside=split))
    outcome = carry_out(next(one for one in CHECKS if one.name == "fits"), subject)
    assert outcome.verdict is Verdict.FAILED and "_tasks" in outcome.values
