"""Attention over the history: what it computes, what it weighs, and that it helps."""

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Query, TrainView

from .conftest import TOPICS, precision_at_5

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.history_attention import (  # noqa: E402
    LIMIT,
    HistoryAttention,
)
from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import Head, Tuning  # noqa: E402
from coldbench.methods.language.finetuned_encoder.towers import Towers  # noqa: E402

USERS, ITEMS, COLD = 80, 120, 40
OWN, OTHER = 3, 9
TELLING, IDLE = "talk0", "talk1"
HEAD = {"head": Head.ATTENTION, "head_width": 16}


def test_each_head_pools_its_columns_by_its_own_weights():
    attention = HistoryAttention(6, heads=2, keys=4)
    torch.nn.init.normal_(attention.queries)
    items, prior = torch.randn(5, 6), torch.randn(6)
    entries, starts = torch.tensor([0, 2, 3, 4]), torch.tensor([0, 3, 3, 4])
    with torch.no_grad():
        made = attention(items, entries, starts, 2.0 * prior, torch.tensor(2.0))
        keys = torch.tanh(items @ attention.keys.weight.T + attention.keys.bias)
        for user, own in enumerate(([0, 2, 3], [], [4])):
            parts, masses = [], []
            for head in range(2):
                columns = slice(3 * head, 3 * head + 3)
                logits = keys[own, 4 * head : 4 * head + 4] @ attention.queries[head]
                mass = torch.cat([logits.exp(), torch.tensor([2.0])])
                members = torch.cat([items[own, columns], prior[None, columns]])
                parts.append(mass @ members / mass.sum())
                masses.append(mass.sum())
            torch.testing.assert_close(made[user], masses[0] * torch.cat(parts))


def test_a_weight_stays_within_its_limits():
    attention = HistoryAttention(4, heads=1, keys=2)
    torch.nn.init.constant_(attention.queries, 1e6)
    with torch.no_grad():
        logs = attention.weights(torch.randn(50, 4)).log()
    assert logs.abs().max() == pytest.approx(LIMIT)


def test_heads_that_do_not_divide_the_columns_are_refused():
    with pytest.raises(ColdbenchError, match="attention_heads = 5 does not divide the 24 columns"):
        HistoryAttention(24, heads=5, keys=4)


@pytest.mark.parametrize("heads", [1, 3])
def test_without_history_it_is_the_dot_product_to_the_last_bit(heads):
    """Whatever the attention has learned: the same towers without it give the same vector."""
    torch.manual_seed(0)
    plain = Towers(24, 8, 0.0, 0.05, True, prior=3.0)
    other = Towers(24, 8, 0.0, 0.05, True, prior=3.0, attention=(heads, 4))
    torch.nn.init.normal_(plain.prior_item)
    torch.nn.init.normal_(plain.user.outer.weight)
    unknown = other.load_state_dict(plain.state_dict(), strict=False).unexpected_keys
    assert unknown == ["attention"]
    torch.nn.init.normal_(other.history.queries)
    items, text = torch.randn(5, 24), torch.randn(4, 24)
    none = torch.zeros(0, dtype=torch.int64)
    for scales in (None, torch.rand(4, 1)):
        with torch.no_grad():
            one, two = (
                towers.users(items, none, none, 4, text, scales) for towers in (plain, other)
            )
        assert torch.equal(one, two)
    rows, entries = torch.tensor([0, 0, 1, 3]), torch.tensor([0, 1, 4, 2])
    with torch.no_grad():
        one, two = (towers.users(items, rows, entries, 4, text) for towers in (plain, other))
    assert torch.equal(one[2], two[2]) and not torch.allclose(one[0], two[0], atol=1e-3)


def mixed_world(make_entities, seed=0):
    """Return training data and queries; a user's items with ``TELLING`` are of one topic.

    Three times as many have ``IDLE`` in their text and words of any topic; the candidates tell.
    """
    rng = np.random.default_rng(seed)
    topic = np.arange(ITEMS + COLD) % len(TOPICS)
    telling = (np.arange(ITEMS) // len(TOPICS)) % 2 == 0
    marks = [TELLING if one else IDLE for one in [*telling, *[True] * COLD]]
    text = [
        " ".join(rng.permutation([*rng.choice(TOPICS[one], 3, replace=False), mark]))
        for one, mark in zip(topic, marks, strict=True)
    ]
    taste = np.arange(USERS) % len(TOPICS)
    pairs = np.zeros((USERS, ITEMS))
    for user, one in enumerate(taste):
        own = np.flatnonzero(telling & (topic[:ITEMS] == one))
        pairs[user, rng.choice(own, OWN, replace=False)] = 1
        pairs[user, rng.choice(np.flatnonzero(~telling), OTHER, replace=False)] = 1
    users, items = (part.astype(np.int32) for part in np.nonzero(pairs))
    ones = np.ones(len(users), dtype=np.float32)
    warm = make_entities(Side.USER, np.arange(USERS), pairs, None)
    cold = make_entities(Side.ITEM, [-1] * COLD, np.zeros((COLD, USERS)), text[ITEMS:])
    liked, query = taste[:, None] == topic[None, ITEMS:], Query(warm, cold)
    seen = make_entities(Side.ITEM, np.arange(ITEMS), pairs.T, text[:ITEMS])
    train = TrainView(
        Interactions(users, items, ones, None, USERS, ITEMS),
        warm,
        seen,
        None,
        None,
        None,
        seed,
        lambda method: precision_at_5(method, query, liked),
    )
    return train, query, telling, lambda method: precision_at_5(method, query, liked)


@pytest.fixture
def fit(settings, quick):
    chosen = {"tuning": Tuning.FROZEN, "epochs": 30, "learning_rate": 1e-2} | HEAD

    def fit(train, **different):
        return FineTunedEncoder(**settings | quick | chosen | different).fit(train)

    return fit


def test_it_weighs_what_tells_and_beats_the_mean(make_entities, fit, monkeypatch):
    """And the dot product, whose one query is linear in the items' vectors."""
    train, _, telling, precision = mixed_world(make_entities, seed=1)
    method = fit(train)
    items = torch.tensor(method.scorer_.item_vectors)
    with torch.no_grad():
        weights = method.scorer_.model.towers.history.weights(items)[:, 0].numpy()
    assert weights[telling].mean() > 10 * weights[~telling].mean()
    attended, dot = precision(method), precision(fit(train, head=Head.DOT))

    def weigh_alike(self, items):
        return torch.ones(len(items), self.heads) + 0 * (
            self.keys(items).sum() + self.queries.sum()
        )

    monkeypatch.setattr(HistoryAttention, "weights", weigh_alike)
    mean = precision(fit(train))
    assert attended > 0.95 and attended > mean + 0.1 and attended > dot + 0.1


def test_shuffled_texts_bring_it_to_chance(make_entities, fit):
    train, query, _, _ = mixed_world(make_entities)
    rng = np.random.default_rng(0)
    text = rng.permutation(np.concatenate([train.items.text, query.items.text]))
    mixed = replace(train, items=replace(train.items, text=text[:ITEMS]))
    liked = (np.arange(USERS) % len(TOPICS))[:, None] == np.arange(ITEMS, ITEMS + COLD) % len(
        TOPICS
    )
    asked = Query(query.users, replace(query.items, text=text[ITEMS:]))
    rising = itertools.count()
    last = replace(mixed, validate=lambda method: next(rising))
    assert precision_at_5(fit(last, epochs=5), asked, liked) < 0.36  # chance is 0.25


def test_it_is_a_product_of_factors_and_is_kept_with_the_rest(make_world, fit, tmp_path):
    world = make_world()
    method = fit(world.train, epochs=3, attention_heads=4)
    for group in ("warm", "new_item", "new_user", "both"):
        assert isinstance(method.for_group(group), FineTunedEncoder)
    trained, dot = (one.parameter_counts()[0] for one in (method, fit(world.train, head=Head.DOT)))
    assert trained == dot - 24 + 4 * (24 * 16 + 16 + 16)
    method.save(tmp_path / "state.npz")
    same = FineTunedEncoder(**{one.name: getattr(method, one.name) for one in fields(method)})
    scores = same.load(tmp_path / "state.npz").score(world.query)
    np.testing.assert_array_equal(scores, method.score(world.query))
