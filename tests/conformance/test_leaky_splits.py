"""Splits and datasets that leak; the audit must catch each, and no clean one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.conformance.audits.audit import RULES, audit
from coldbench.benchmarks.conformance.audits.interaction_derived import find_derived_columns
from coldbench.benchmarks.conformance.audits.resplit import audit_scenario
from coldbench.benchmarks.conformance.test_splits import ITEM_TASK, SUPPORT_TASK, USER_TASK
from coldbench.datasets.arrays import CSR, make_read_only
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.graph import Graph, Links
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
from coldbench.datasets.protocol.settings import Strategy
from coldbench.datasets.side_information import (
    FeatureColumn,
    Provenance,
    SideInformation,
    TextColumn,
    Track,
)
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Holdout, Query, SideMode, Split
from scipy.sparse import csr_matrix, hstack

WARM_TASK = "warm/warm/k=0"


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Planted(n_users=300, n_items=300, n_topics=6).load()


@pytest.fixture(scope="module")
def split(data: Dataset) -> Split:
    return Grid().split(data, 0)


def rules(split: Split, data: Dataset, **options: Track) -> set[str]:
    return {finding.rule for finding in audit(split, data, **options)}


# Clean ones.


@pytest.mark.parametrize("strategy", [Strategy.RANDOM, Strategy.TEMPORAL])
@pytest.mark.parametrize("mode", list(SideMode))
@pytest.mark.parametrize("scenario", [Warm, NewItem, NewUser, NewUserNewItem, Grid])
def test_no_false_alarm_on_a_clean_split(
    scenario: type[Grid], mode: SideMode, strategy: Strategy, data: Dataset
) -> None:
    made = scenario(side_information=mode, strategy=strategy)
    for seed in (0, 1):
        assert audit(made.split(data, seed), data) == []
    assert audit_scenario(made, data, 0) == []


def test_no_false_alarm_on_the_embedded_dataset() -> None:
    films = MovieTweetings().load()
    for mode in SideMode:
        made = Grid(side_information=mode)
        assert audit(made.split(films, 0), films) == []
        assert audit_scenario(made, films, 0) == []


# Leaky splits: a clean one with a single thing done wrong.


def with_task(split: Split, name: str, **changes: object) -> Split:
    return replace(split, test={**split.test, name: replace(split.test[name], **changes)})


def with_query(split: Split, name: str, side: str, **changes: object) -> Split:
    query = split.test[name].query
    entities = replace(getattr(query, side), **changes)
    return with_task(split, name, query=replace(query, **{side: entities}))


def true_pairs(split: Split, task: Holdout) -> tuple[np.ndarray, np.ndarray]:
    truth = task.truth.tocoo()
    return task.query.users.known[truth.row], task.query.items.known[truth.col]


def training_with_test_edges(split: Split) -> Split:
    users, items = true_pairs(split, split.test[WARM_TASK])
    pairs = split.train.interactions
    grown = Interactions(
        np.append(pairs.users, users),
        np.append(pairs.items, items),
        np.append(pairs.values, np.ones(len(users), np.float32)),
        None,
        pairs.n_users,
        pairs.n_items,
    )
    return replace(split, train=replace(split.train, interactions=grown))


def truth_in_histories(split: Split) -> Split:
    task = split.test[WARM_TASK]
    return with_query(
        split,
        WARM_TASK,
        "users",
        history=make_read_only((task.query.users.history + task.truth).tocsr()),
    )


def truth_in_train_histories(split: Split) -> Split:
    users, items = true_pairs(split, split.test[WARM_TASK])
    more = csr_matrix(
        (np.ones(len(users), np.float32), (items, users)), split.train.items.history.shape
    )
    history = make_read_only((split.train.items.history + more).tocsr())
    return replace(
        split, train=replace(split.train, items=replace(split.train.items, history=history))
    )


def truth_as_support(split: Split) -> Split:
    task = split.test[SUPPORT_TASK]
    shown = make_read_only((task.query.users.history + task.truth).tocsr())
    return with_query(split, SUPPORT_TASK, "users", history=shown)


def cold_item_with_an_index(split: Split, data: Dataset) -> Split:
    cold = split.test[ITEM_TASK].items[0]
    return replace(split, items=np.append(split.items[:-1], cold).astype(np.int32))


def validation_items_as_candidates(split: Split) -> Split:
    ours, theirs = split.test[ITEM_TASK], split.validation[ITEM_TASK]
    shape = (ours.truth.shape[0], theirs.truth.shape[1])
    wide = csr_matrix(hstack((ours.truth, csr_matrix(shape, dtype=np.float32))))
    items = replace(
        theirs.query.items,
        known=np.append(ours.query.items.known, theirs.query.items.known),
        history=csr_matrix((wide.shape[1], len(split.users)), dtype=np.float32),
        features=csr_matrix((wide.shape[1], theirs.query.items.features.shape[1])),
        text=None,
        links=None,
    )
    return with_task(
        split,
        ITEM_TASK,
        query=Query(ours.query.users, items),
        items=np.append(ours.items, theirs.items),
        truth=wide,
        masked=csr_matrix(wide.shape, dtype=np.float32),
    )


def masked_truth(split: Split) -> Split:
    task = split.test[ITEM_TASK]
    return with_task(split, ITEM_TASK, masked=task.truth)


def unmasked_training(split: Split) -> Split:
    task = split.test[WARM_TASK]
    return with_task(split, WARM_TASK, masked=csr_matrix(task.truth.shape, dtype=np.float32))


def invented_truth(split: Split) -> Split:
    task = split.test[USER_TASK]
    everything = csr_matrix(np.ones(task.truth.shape, np.float32))
    return with_task(split, USER_TASK, truth=everything)


def validation_truth_in_a_test(split: Split) -> Split:
    """The task of the validation is asked again in the test."""
    return replace(split, test={**split.test, "again": split.validation[ITEM_TASK]})


def swapped_index(split: Split) -> Split:
    known = split.test[WARM_TASK].query.users.known
    return with_query(split, WARM_TASK, "users", known=np.roll(known, 1))


def column_of_cold_items(split: Split) -> Split:
    items = split.train.items
    empty = csr_matrix((len(items), 1), dtype=np.float32)
    wider = replace(
        items,
        features=make_read_only(csr_matrix(hstack((items.features, empty)))),
        feature_names=(*items.feature_names, "genre=only cold"),
    )
    return replace(split, train=replace(split.train, items=wider))


def unseen_with_history(split: Split) -> Split:
    cold = split.test[ITEM_TASK]
    history = make_read_only(cold.truth.T.tocsr()[:, : len(split.users)])
    return replace(
        split, train=replace(split.train, unseen_items=replace(cold.query.items, history=history))
    )


def with_graph(split: Split, graph: Graph) -> Split:
    return replace(split, train=replace(split.train, graph=graph))


def grown_graph(graph: Graph, heads: np.ndarray, tails: np.ndarray, relation: int = 0) -> Graph:
    return replace(
        graph,
        heads=np.append(graph.heads, heads).astype(np.int32),
        tails=np.append(graph.tails, tails).astype(np.int32),
        relations=np.append(graph.relations, np.full(len(heads), relation)).astype(np.int32),
    )


def graph_with_test_edges(split: Split) -> Split:
    """Two items that the same user will like are joined, as by co-purchase."""
    graph = split.train.graph
    assert graph is not None
    truth = split.test[WARM_TASK].truth
    joined = (truth.T @ truth).tocoo()
    return with_graph(split, grown_graph(graph, joined.row, joined.col))


def relation_of_likes(split: Split) -> Split:
    graph = split.train.graph
    assert graph is not None
    users, items = true_pairs(split, split.test[WARM_TASK])
    nodes = graph.n_nodes + users
    liked = grown_graph(graph, items, nodes, len(graph.relation_names))
    return with_graph(
        split,
        replace(
            liked,
            n_nodes=graph.n_nodes + len(split.users),
            relation_names=(*graph.relation_names, "liked_by"),
            provenance=(*graph.provenance, Provenance.INTRINSIC),
        ),
    )


def cold_items_in_the_graph(split: Split) -> Split:
    graph = split.train.graph
    assert graph is not None
    return with_graph(split, replace(graph, n_items=graph.n_items + 30, n_nodes=graph.n_nodes + 30))


def mined_relation(split: Split) -> Split:
    graph = split.train.graph
    assert graph is not None
    mined = (Provenance.USER_GENERATED, *graph.provenance[1:])
    return with_graph(split, replace(graph, provenance=mined))


def truth_in_links(split: Split) -> Split:
    task = split.test[ITEM_TASK]
    links, truth = task.query.items.links, task.truth.tocoo()
    assert links is not None
    seen = task.query.users.history[truth.row].indices[: len(truth.col)]
    more = Links(
        np.append(links.rows, truth.col[: len(seen)]).astype(np.int32),
        np.append(links.relations, np.zeros(len(seen))).astype(np.int32),
        np.append(links.nodes, seen).astype(np.int32),
    )
    return with_query(split, ITEM_TASK, "items", links=more)


def validate_holds_test_truth(split: Split) -> Split:
    hidden = split.test[ITEM_TASK]

    def validate(method: object) -> float:
        return float(hidden.truth.nnz)

    return replace(split, train=replace(split.train, validate=validate))


def validate_holds_test_truth_in_an_object(split: Split) -> Split:
    class Scorer:
        def __init__(self, split: Split) -> None:
            self.parts = {"tasks": [split.test]}

        def validate(self, method: object) -> float:
            return 0.0

    return replace(split, train=replace(split.train, validate=Scorer(split).validate))


def writable_features(split: Split) -> Split:
    items = replace(split.train.items, features=split.train.items.features.copy())
    return replace(split, train=replace(split.train, items=items))


LEAKY: list[tuple[Callable[[Split], Split], str]] = [
    (training_with_test_edges, "training_has_no_truth"),
    (truth_in_histories, "histories_are_training"),
    (truth_in_train_histories, "histories_are_training"),
    (truth_as_support, "support_is_no_truth"),
    (validation_items_as_candidates, "validation_items_are_no_candidates"),
    (validation_truth_in_a_test, "test_is_not_in_validation"),
    (masked_truth, "masks_hide_no_truth"),
    (unmasked_training, "masks_hide_no_truth"),
    (invented_truth, "truth_is_of_the_data"),
    (swapped_index, "known_means_known"),
    (column_of_cold_items, "inductive_columns_are_warm"),
    (unseen_with_history, "unseen_have_no_history"),
    (graph_with_test_edges, "graph_is_of_the_data"),
    (relation_of_likes, "graph_is_of_the_data"),
    (cold_items_in_the_graph, "graph_is_of_the_data"),
    (mined_relation, "strict_track_admits_no_users_words"),
    (truth_in_links, "links_are_of_the_data"),
    (validate_holds_test_truth, "truth_is_out_of_reach"),
    (validate_holds_test_truth_in_an_object, "truth_is_out_of_reach"),
    (writable_features, "arrays_are_read_only"),
]


@pytest.mark.parametrize(("leak", "rule"), LEAKY, ids=lambda one: getattr(one, "__name__", ""))
def test_a_leaky_split_is_caught(
    leak: Callable[[Split], Split], rule: str, split: Split, data: Dataset
) -> None:
    assert rule in rules(leak(split), data)


def test_a_cold_item_with_an_index_is_caught(split: Split, data: Dataset) -> None:
    assert "training_has_no_cold_entity" in rules(cold_item_with_an_index(split, data), data)


def test_every_rule_has_a_leaky_split() -> None:
    tried = {rule for _, rule in LEAKY} | {
        "training_has_no_cold_entity",
        "columns_are_not_interactions",
        "edges_are_not_interactions",
    }
    assert tried == {rule.__name__ for rule in RULES}


# Tags written by the test users.


def tags_by_users(pairs: Interactions, provenance: Provenance, words: int = 40) -> FeatureColumn:
    """Everyone writes a word of his own on most of what he has seen, hidden items included."""
    rng = np.random.default_rng(0)
    wrote = rng.random(len(pairs)) < 0.8
    tag = rng.integers(0, words, pairs.n_users)[pairs.users[wrote]]
    ones = np.ones(int(wrote.sum()), np.float32)
    counts: CSR = csr_matrix((ones, (pairs.items[wrote], tag)), (pairs.n_items, words))
    return FeatureColumn(
        "tag", provenance, make_read_only(counts), tuple(f"t{n}" for n in range(words))
    )


def with_column(data: Dataset, column: FeatureColumn) -> Dataset:
    items = replace(data.items, columns=(*data.items.columns, column))
    return replace(data, items=items)


def test_tags_that_users_wrote_are_refused_in_the_strict_track(data: Dataset) -> None:
    tagged = with_column(data, tags_by_users(data.interactions, Provenance.USER_GENERATED))
    assert rules(NewItem(track=Track.STRICT).split(tagged, 0), tagged) == set()
    leaky = NewItem(track=Track.OPEN).split(tagged, 0)
    assert "strict_track_admits_no_users_words" in rules(leaky, tagged, track=Track.STRICT)
    assert rules(leaky, tagged, track=Track.OPEN) == set()


def test_texts_that_users_wrote_are_refused_in_the_strict_track(data: Dataset) -> None:
    reviews = TextColumn(
        "review", Provenance.USER_GENERATED, [f"i liked it {n}" for n in range(300)]
    )
    items = replace(data.items, texts=(*data.items.texts, reviews))
    reviewed = replace(data, items=items)
    assert rules(NewItem().split(reviewed, 0), reviewed) == set()
    leaky = NewItem(track=Track.OPEN).split(reviewed, 0)
    assert "strict_track_admits_no_users_words" in rules(leaky, reviewed)


def test_tags_of_test_users_are_caught_under_a_false_name(data: Dataset) -> None:
    tagged = with_column(data, tags_by_users(data.interactions, Provenance.EDITORIAL))
    assert "columns_are_not_interactions" in rules(NewItem().split(tagged, 0), tagged)


@pytest.mark.parametrize("statistic", ["count", "mean"])
def test_a_statistic_of_the_interactions_is_caught(statistic: str, data: Dataset) -> None:
    pairs = data.interactions
    numbers = np.bincount(pairs.items, minlength=300).astype(np.float64)
    if statistic == "mean":
        numbers = np.bincount(pairs.items, pairs.values, 300) / np.maximum(numbers, 1)
    column = csr_matrix(numbers.astype(np.float32)[:, None])
    message = with_column(
        data,
        FeatureColumn("fame", Provenance.INTRINSIC, make_read_only(column), ("",), numeric=True),
    )
    assert "columns_are_not_interactions" in rules(NewItem().split(message, 0), message)


def factorised(pairs: Interactions, dimensions: int = 16) -> np.ndarray:
    """Item factors of the whole interaction matrix."""
    from scipy.sparse.linalg import svds

    _, strengths, right = svds(pairs.csr.astype(np.float64), k=dimensions, rng=0)
    return np.asarray((right.T * strengths).astype(np.float32))


def test_factors_of_the_interaction_matrix_are_caught(data: Dataset) -> None:
    factors = csr_matrix(factorised(data.interactions))
    names = tuple(f"d{at}" for at in range(16))
    column = FeatureColumn(
        "vector", Provenance.EDITORIAL, make_read_only(factors), names, numeric=True
    )
    message = with_column(data, column)
    assert "columns_are_not_interactions" in rules(NewItem().split(message, 0), message)


def test_an_honest_vector_raises_no_alarm(data: Dataset) -> None:
    """The genres, turned and stretched: the truth about every topic, and no popularity."""
    genres = next(one for one in data.items.columns if one.name == "genre").matrix
    turn = np.random.default_rng(0).normal(size=(genres.shape[1], 64))
    made = csr_matrix((genres @ turn).astype(np.float32))
    names = tuple(f"d{at}" for at in range(64))
    column = FeatureColumn(
        "vector", Provenance.EDITORIAL, make_read_only(made), names, numeric=True
    )
    message = with_column(data, column)
    assert rules(NewItem().split(message, 0), message) == set()


def with_edges(
    data: Dataset, name: str, heads: np.ndarray, tails: np.ndarray, more: int
) -> Dataset:
    """Return the data with one more relation over the items and some further nodes."""
    graph = data.graph
    assert graph is not None
    wider = grown_graph(graph, heads, tails, len(graph.relation_names))
    named = replace(
        wider,
        n_nodes=graph.n_nodes + more,
        relation_names=(*graph.relation_names, name),
        provenance=(*graph.provenance, Provenance.EDITORIAL),
    )
    return replace(data, graph=named)


def test_users_as_nodes_of_the_graph_are_caught(data: Dataset) -> None:
    graph, pairs = data.graph, data.interactions
    assert graph is not None
    message = with_edges(data, "seen_by", pairs.items, graph.n_nodes + pairs.users, pairs.n_users)
    assert "edges_are_not_interactions" in rules(NewItem().split(message, 0), message)


@pytest.mark.parametrize("honest", [True, False])
def test_what_was_bought_together_is_caught_and_what_looks_alike_is_not(honest: bool) -> None:
    films = MovieTweetings().load()
    if honest:
        genres = next(one for one in films.items.columns if not one.numeric).matrix
        alike = (genres @ genres.T).tolil()
    else:
        alike = (films.interactions.csr.T @ films.interactions.csr).tolil()
    alike.setdiag(0)
    near = alike.tocsr()
    rows = [row for row in range(near.shape[0]) if near.indptr[row] < near.indptr[row + 1]]
    best = [near.indices[near.indptr[r] + near[r].data.argmax()] for r in rows]
    message = with_edges(films, "related", np.array(rows), np.array(best), 0)
    found = rules(NewItem().split(message, 0), message)
    assert found == (set() if honest else {"edges_are_not_interactions"})


def test_a_column_made_from_hidden_pairs_is_caught_by_making_it_again(data: Dataset) -> None:
    split = Grid().split(data, 0)
    users = SideInformation()

    def from_interactions(pairs: Interactions) -> tuple[SideInformation, SideInformation]:
        made = tags_by_users(pairs, Provenance.EDITORIAL)
        return users, SideInformation((made,))

    def from_elsewhere(pairs: Interactions) -> tuple[SideInformation, SideInformation]:
        return data.users, data.items

    assert [one.rule for one in find_derived_columns(split, data, from_interactions)] == [
        "recomputed"
    ]
    assert find_derived_columns(split, data, from_elsewhere) == []


# Leaky scenarios: what belongs to cold entities alone moves the training data.


class NumbersFromEverybody(NewItem):
    """Standardises the year with cold items, too."""

    def split(self, data: Dataset, seed: int, *rest: object) -> Split:
        year = next(one for one in data.items.columns if one.name == "year").matrix.toarray()
        made = super().split(data, seed)
        at = made.train.items.feature_names.index("year")
        features = made.train.items.features.tolil()
        features[:, at] = (year - year.mean())[made.items] / year.std()
        items = replace(made.train.items, features=make_read_only(csr_matrix(features)))
        return replace(made, train=replace(made.train, items=items))


class SeedFromTheRarest(NewItem):
    """Draws its seed from the item with the fewest interactions."""

    def split(self, data: Dataset, seed: int, *rest: object) -> Split:
        counts = np.bincount(data.interactions.items, minlength=len(data.item_ids))
        return super().split(data, seed + int(counts.argmin()))


class CountsEverybody(NewItem):
    """Draws its seed from the number of all interactions."""

    def split(self, data: Dataset, seed: int, *rest: object) -> Split:
        return super().split(data, seed + len(data.interactions))


@pytest.mark.parametrize(
    ("scenario", "rule"),
    [
        (NumbersFromEverybody, "cold_side_information"),
        (SeedFromTheRarest, "cold_interactions"),
        (CountsEverybody, "cold_interactions"),
    ],
)
def test_a_leaky_scenario_is_caught(scenario: type[NewItem], rule: str, data: Dataset) -> None:
    assert rule in {finding.rule for finding in audit_scenario(scenario(), data, 0)}


def test_a_finding_names_an_example(split: Split, data: Dataset) -> None:
    findings = audit(truth_in_histories(split), data)
    assert any("for example user u" in str(one) for one in findings)
