"""The planted dataset has the truth it promises, and its knobs turn."""

import numpy as np
import pytest
from coldbench.benchmarks.conformance.checks.measure import estimate_level
from coldbench.benchmarks.conformance.test_splits import BOTH_TASK, ITEM_TASK, USER_TASK
from coldbench.benchmarks.evaluation.validation import ndcg_per_user
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import DataError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.side_information import SideInformation
from coldbench.datasets.sources.planted.source import Planted
from hypothesis import given, settings
from hypothesis import strategies as st

SMALL = {"n_users": 200, "n_items": 240}


def column(side: SideInformation, name: str) -> np.ndarray:
    return next(one.matrix.toarray() for one in side.columns if one.name == name)


def test_same_seed_same_dataset_other_seed_another() -> None:
    one, again, other = Planted().load(), Planted().load(), Planted(seed=1).load()
    assert one.sha256 == again.sha256 != other.sha256
    for name in ("users", "items", "values", "timestamps"):
        assert np.array_equal(getattr(one.interactions, name), getattr(again.interactions, name))


@given(
    n_users=st.integers(1, 60),
    n_items=st.integers(2, 80),
    share=st.floats(0, 1),
    n_topics=st.integers(2, 12),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_every_world_is_well_formed(
    n_users: int, n_items: int, share: float, n_topics: int, seed: int
) -> None:
    per_user = 1 + int(share * (n_items - 2))
    made = Planted(n_users, n_items, per_user, n_topics, seed=seed)
    data = made.load()
    pairs = data.interactions
    assert len(pairs) == n_users * per_user
    keys = pairs.users.astype(np.int64) * n_items + pairs.items
    assert len(np.unique(keys)) == len(keys)
    assert np.array_equal(np.bincount(pairs.users, minlength=n_users), [per_user] * n_users)
    assert set(np.unique(pairs.values)) <= {1, 2, 3, 4, 5}
    assert np.array_equal(data.positive, pairs.values >= 4)
    assert pairs.has_all_times
    assert data.graph is not None and data.graph.tails.max() < data.graph.n_nodes
    assert len(data.items.texts[0].values) == n_items == len(data.item_ids)
    assert not pairs.items.flags.writeable


def test_the_truth_solves_every_cold_task() -> None:
    made = Planted(n_users=300, n_items=400, n_topics=6)
    truth, split = made.truth_scores(), Grid().split(made.load(), 0)
    for task in (ITEM_TASK, USER_TASK, BOTH_TASK):
        holdout = split.test[task]
        scores = truth[np.ix_(holdout.users, holdout.items)]
        found = estimate_level(
            ndcg_per_user(lambda query, scores=scores: scores, holdout, 0), holdout
        )
        assert found.mean > 4 * found.chance, f"{task}: {found}"


def test_ratings_tell_of_the_match() -> None:
    made = Planted(**SMALL)
    data, world = made.load(), made.world()
    pairs = data.interactions
    match = world.affinity(np.arange(200), np.arange(240))[pairs.users, pairs.items]
    assert np.corrcoef(match, pairs.values)[0, 1] > 0.8
    assert match.min() >= 0 and match.max() <= 1


def shown_by(knob: str, data: Dataset, made: Planted) -> tuple[np.ndarray, np.ndarray]:
    """Return which main topic each entity seems to have, and which it has."""
    world = made.world()
    if knob == "user_attributes":
        return column(data.users, "occupation").argmax(axis=1), world.user_topics[:, 0]
    genres = column(data.items, "genre")
    hit = genres[np.arange(len(genres)), world.item_topics[:, 0]]
    return np.where(hit > 0, world.item_topics[:, 0], -1), world.item_topics[:, 0]


@pytest.mark.parametrize("knob", ["user_attributes", "item_attributes"])
def test_an_attribute_knob_is_the_share_of_the_truth(knob: str) -> None:
    shares = []
    for value in (0.0, 0.5, 1.0):
        made = Planted(n_users=2000, n_items=2000, n_topics=10, **{knob: value})
        shown, true = shown_by(knob, made.load(), made)
        shares.append(float((shown == true).mean()))
    by_luck = 0.1 if knob == "user_attributes" else 0.2
    assert shares[0] == pytest.approx(by_luck, abs=0.04)
    assert shares[1] == pytest.approx(by_luck / 2 + 0.5, abs=0.05)
    assert shares[2] == 1.0


def words_agree(texts: list[str], topics: np.ndarray) -> float:
    """Return the share of texts with a word of the entity's main topic."""
    from coldbench.datasets.sources.planted.words import VOCABULARY

    words = [set(text.split()) for text in VOCABULARY.values()]
    return float(
        np.mean([bool(words[t] & set(s.split())) for t, s in zip(topics, texts, strict=True)])
    )


@pytest.mark.parametrize("knob", ["user_text", "item_text"])
def test_a_text_knob_is_the_share_of_the_truth(knob: str) -> None:
    shares = []
    for value in (0.0, 1.0):
        made = Planted(n_users=1000, n_items=1000, n_topics=10, **{knob: value})
        data, world = made.load(), made.world()
        side, topics = (
            (data.users, world.user_topics)
            if knob == "user_text"
            else (data.items, world.item_topics)
        )
        shares.append(words_agree(list(side.texts[-1].values), topics[:, 0]))
    assert shares[1] > 0.99 and shares[0] < 0.35


def test_the_graph_knob_is_the_share_of_the_truth() -> None:
    shares = []
    for value in (0.0, 1.0):
        made = Planted(n_items=1000, n_topics=10, graph=value)
        graph, world = made.load().graph, made.world()
        assert graph is not None
        made_by = graph.relations == 0
        person = (graph.tails[made_by] - 1000) // 4
        items = graph.heads[made_by]
        right = (person[:, None] == world.item_topics[items]).any(axis=1)
        shares.append(float(right.mean()))
        known_for = graph.relations == 2
        assert len(np.unique(graph.tails[known_for])) == 10
    assert shares[1] == 1.0 and shares[0] == pytest.approx(0.2, abs=0.05)


def test_turning_a_knob_leaves_the_rest_alone() -> None:
    base, turned = Planted().load(), Planted(item_text=0.0).load()
    assert np.array_equal(base.interactions.items, turned.interactions.items)
    genre = [column(data.items, "genre") for data in (base, turned)]
    assert np.array_equal(*genre)
    assert list(base.items.texts[1].values) != list(turned.items.texts[1].values)


def test_popularity_skew_concentrates_attention() -> None:
    largest = []
    for skew in (0.0, 1.5):
        items = Planted(n_users=400, popularity_skew=skew).load().interactions.items
        largest.append(np.sort(np.bincount(items, minlength=200))[-20:].sum() / len(items))
    assert largest[1] > 1.3 * largest[0]


def test_interactions_come_after_both_have_appeared() -> None:
    data = Planted(n_users=400, n_items=300).load()
    pairs = data.interactions
    assert pairs.timestamps is not None
    first = np.full(300, np.iinfo(np.int64).max)
    np.minimum.at(first, pairs.items, pairs.timestamps)
    late = np.quantile(pairs.timestamps, 0.9)
    assert 3 <= (first > late).sum() <= 60


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"graph": 1.5}, "planted.graph = 1.5"),
        ({"item_text": -0.1}, "planted.item_text = -0.1"),
        ({"n_topics": 13}, "n_topics = 13"),
        ({"n_topics": 1}, "n_topics = 1"),
        ({"interactions_per_user": 200}, "interactions_per_user = 200"),
        ({"n_users": 0}, "n_users = 0"),
    ],
)
def test_a_setting_that_makes_no_world_is_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Planted(**wrong).load()


@pytest.mark.slow
def test_a_million_interactions_fit_in_bounded_memory() -> None:
    import tracemalloc

    tracemalloc.start()
    data = Planted(n_users=50_000, n_items=2_000, interactions_per_user=20).load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data.interactions) == 1_000_000
    assert peak < 400e6
