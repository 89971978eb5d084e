"""Weights of their own for the texts of histories: how many, that both move, and that they keep."""

from dataclasses import fields, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.method import (  # noqa: E402
    FineTunedEncoder,
    Tuning,
)
from coldbench.methods.language.finetuned_encoder.network import FineTuningModule  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import Sides  # noqa: E402
from coldbench.methods.training.weights import to_arrays  # noqa: E402

from .killing import Killed, dying  # noqa: E402

TUNINGS = (Tuning.FROZEN, Tuning.LORA, Tuning.PROMPT, Tuning.FULL)
LAYER = (24 * 32 + 32) + (32 * 24 + 24)
"""Weights of an adaptation layer on 24 columns with 32 inner ones."""


@pytest.fixture
def fit(settings, quick):
    def fit(train, **different):
        chosen = {"towers": Sides.SEPARATE, "epochs": 2}
        return FineTunedEncoder(**settings | quick | chosen | different).fit(train)

    return fit


def last(train):
    """Return the world with a validation that keeps the last epoch."""
    numbers = iter(range(1000))
    return replace(train, validate=lambda method: next(numbers))


def read_trained(encoder):
    return to_arrays(encoder, trainable_only=True)


@pytest.mark.parametrize("tuning", TUNINGS)
def test_each_side_trains_weights_of_its_own_and_the_record_counts_them(make_world, fit, tuning):
    world = make_world()
    one, two = (fit(last(world.train), tuning=tuning, towers=sides) for sides in Sides)
    model, encoders = two.scorer_.model, two.scorer_.model.encoders
    assert one.scorer_.model.towers.shown is None and one.scorer_.model.shown is None
    assert len(encoders) == (0 if tuning is Tuning.FROZEN else 2)
    outer = [part.outer.weight.detach() for part in (model.towers.item, model.towers.shown)]
    assert all(weight.abs().max() > 0 for weight in outer) and not torch.equal(*outer)
    first, second = (read_trained(one) for one in encoders) if encoders else ({}, {})
    assert first.keys() == second.keys() and (len(first) > 0) == bool(encoders)
    alike = [name for name in first if np.array_equal(first[name], second[name])]
    assert len(alike) <= len(first) / 10
    added = LAYER + sum(array.size for array in second.values())
    for place in (0, 1):
        assert two.parameter_counts()[place] == one.parameter_counts()[place] + added
    assert two.report()["trainable_parameters"] == one.report()["trainable_parameters"] + added


@pytest.mark.parametrize("several", [False, True])
def test_a_batch_without_histories_holds_up_no_other_process(make_world, fit, monkeypatch, several):
    """Of several processes each needs a gradient of every weight; alone it is none, as ever."""
    train = make_world().train
    model, texts = fit(train, epochs=0).scorer_.model, list(train.items.text)
    with torch.no_grad():
        module = FineTuningModule(model, texts, model.encoder(texts).numpy())
    items, none = torch.arange(len(texts)), torch.arange(0)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: several)
    vectors = module._shown_vectors({"items": items, "fresh_shown": none}, module.remembered)
    vectors.sum().backward()
    found = [one.grad for one in model.shown.parameters() if one.requires_grad]
    assert found and [one is not None for one in found] == [several] * len(found)
    assert not any(one.any() for one in found if one is not None)


def test_what_is_not_trained_is_there_once(make_world, fit):
    model = fit(make_world().train, epochs=0).scorer_.model
    one, two = (dict(encoder.named_parameters()) for encoder in model.encoders)
    assert {name for name in one if one[name] is not two[name]} == set(read_trained(model.encoder))
    assert model.encoder._memory is model.shown._memory


def test_before_training_they_are_the_shared_ones(make_world, fit):
    world = make_world()
    one, two = (fit(world.train, epochs=0, towers=sides).score(world.query) for sides in Sides)
    np.testing.assert_array_equal(one, two)


def test_an_item_is_read_otherwise_in_a_history(make_world, fit):
    world = make_world()
    method = fit(last(world.train))
    scorer = method.scorer_
    texts = list(world.train.items.text)
    np.testing.assert_allclose(scorer.item_factors(texts), scorer.item_vectors, atol=1e-5)
    np.testing.assert_allclose(scorer._encode_shown(texts), scorer.shown_vectors, atol=1e-5)
    assert np.abs(scorer.item_vectors - scorer.shown_vectors).max() > 1e-3
    told = method.attribute(replace(world.query, users=world.query.users.take(slice(0, 1))), 3)
    assert np.abs(told.history).min() > 0


@pytest.mark.parametrize("tuning", [Tuning.FROZEN, Tuning.LORA])
def test_it_learns_and_is_kept_with_the_rest(make_world, fit, tuning, tmp_path):
    world = make_world()
    method = fit(world.train, tuning=tuning, epochs=10)
    facts = method.report()
    assert facts["validation_after"] > facts["validation_before"] + 0.02
    method.save(tmp_path / "state.npz")
    same = FineTunedEncoder(**{one.name: getattr(method, one.name) for one in fields(method)})
    same.load(tmp_path / "state.npz")
    for group in ("warm", "new_item", "new_user", "both"):
        one, two = (view.for_group(group).score(world.query) for view in (same, method))
        np.testing.assert_array_equal(one, two)
    assert same.parameter_counts() == method.parameter_counts()


@pytest.mark.parametrize("tuning", [Tuning.LORA, Tuning.ADALORA])
def test_a_killed_training_goes_on_to_the_last_bit(make_world, fit, wide, tuning, tmp_path):
    world, rest = make_world(), {"model_path": str(wide), "tuning": tuning, "fresh": 1, "epochs": 4}
    whole = fit(world.train, **rest)
    with pytest.raises(Killed):
        fit(dying(world.train, tmp_path / "run", 2), **rest)
    resumed = fit(dying(world.train, tmp_path / "run", 99), **rest)
    assert resumed.log_["losses"] == whole.log_["losses"]
    np.testing.assert_array_equal(resumed.score(world.query), whole.score(world.query))


def test_new_items_are_read_by_both_sides_after_an_update(make_world, fit):
    world = make_world()
    method = fit(last(world.train))
    before = method.scorer_.shown_vectors.copy()
    method.scorer_.move(list(world.train.items.text)[::-1])
    np.testing.assert_allclose(method.scorer_.shown_vectors, before[::-1], atol=1e-5)
