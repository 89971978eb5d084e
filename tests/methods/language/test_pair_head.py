"""The head on both vectors: what it computes, that it learns, and that it is kept."""

from dataclasses import fields

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder import scorer  # noqa: E402
from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.pair_head import PairHead  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import (  # noqa: E402
    Head,
)

HEADS = (Head.DOT, Head.MLP)
HEAD = {"head": Head.MLP, "head_width": 8}


def test_it_is_one_layer_on_both_vectors_and_their_product():
    head = PairHead(5, 3)
    torch.nn.init.normal_(head.outer.weight)
    users, items = torch.randn(4, 5), torch.randn(6, 5)
    whole = torch.cat([torch.eye(3), torch.eye(3), head.joint.weight], dim=1)
    with torch.no_grad():
        made = head(users, items)
        for user, item in np.ndindex(4, 6):
            one, other = head.user(users[user]), head.item(items[item])
            inner = torch.nn.functional.gelu(whole @ torch.cat([one, other, one * other]))
            torch.testing.assert_close(made[user, item], (head.outer.weight @ inner)[0])


@pytest.fixture
def fit(settings, quick):
    def fit(train, **different):
        return FineTunedEncoder(**settings | quick | HEAD | different).fit(train)

    return fit


def test_before_training_the_score_is_that_of_the_dot_product(make_world, fit):
    world = make_world()
    one, other = (fit(world.train, epochs=0, head=head).score(world.query) for head in HEADS)
    assert not np.array_equal(one, other), "a cosine, and a cosine over the temperature"
    np.testing.assert_allclose(other, one / 0.05, rtol=1e-5)


def test_it_learns_and_is_kept_with_the_rest(make_world, fit, tmp_path):
    world = make_world()
    method = fit(world.train)
    facts = method.report()
    assert facts["validation_after"] > facts["validation_before"] + 0.02
    towers = method.state()["trained"][0]["arrays"]["towers"]
    assert np.abs(towers["pairs.outer.weight"]).max() > 1e-3
    method.save(tmp_path / "state.npz")
    same = FineTunedEncoder(**{one.name: getattr(method, one.name) for one in fields(method)})
    scores = same.load(tmp_path / "state.npz").score(world.query)
    np.testing.assert_array_equal(scores, method.score(world.query))


def test_users_are_scored_some_at_a_time(make_world, fit, monkeypatch):
    world = make_world()
    method = fit(world.train, epochs=1)
    whole = method.score(world.query)
    monkeypatch.setattr(scorer, "PAIRS", 100)
    np.testing.assert_allclose(method.score(world.query), whole, rtol=1e-5)
