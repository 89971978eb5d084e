"""How the learning rates of a fine-tuning change, and layers that are computed twice."""

from math import cos, pi

import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder import optimiser  # noqa: E402
from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.network import TextTowers  # noqa: E402
from coldbench.methods.language.finetuned_encoder.opened_parts import (  # noqa: E402
    load_tuned_encoder,
)
from coldbench.methods.language.finetuned_encoder.optimiser import make_optimiser  # noqa: E402
from coldbench.methods.language.finetuned_encoder.schedule import plan_rates  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import (  # noqa: E402
    Optimiser,
    Schedule,
    Tuning,
)
from coldbench.methods.language.finetuned_encoder.towers import Towers  # noqa: E402
from torch.autograd.graph import saved_tensors_hooks  # noqa: E402


def test_rates_rise_and_fall_as_the_schedule_says():
    line = [plan_rates(20)(step) for step in range(21)]
    assert line[:3] == [0.5, 1.0, 1.0] and line[11] == pytest.approx(0.5) and line[20] == 0
    wave = [plan_rates(20, Schedule.COSINE, 0.25)(step) for step in range(21)]
    assert wave[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert wave[5:] == pytest.approx([(1 + cos(pi * n / 15)) / 2 for n in range(16)])
    flat = [plan_rates(20, Schedule.CONSTANT, 0.0)(step) for step in range(21)]
    assert flat == [1.0] * 21


def test_a_tenth_of_the_steps_is_a_whole_number_of_them():
    """The default's rates are those of the published runs, whatever 0.1 is in binary."""
    for steps in (*range(1, 300), 700, 1000, 3000, 123_456):
        rising = max(1, steps // 10)
        plan, places = plan_rates(steps), {0, rising - 1, rising, steps // 2, steps - 1}
        assert [plan(n) for n in places] == [
            min((n + 1) / rising, (steps - n) / max(1, steps - rising)) for n in places
        ]


@pytest.mark.parametrize("schedule", [Schedule.COSINE, Schedule.CONSTANT])
def test_every_schedule_trains_what_the_frozen_encoder_does_not_know(
    make_world, settings, quick, schedule
):
    train = make_world().train
    method = FineTunedEncoder(**settings | quick, schedule=schedule, warm_up=0.2)
    facts, default = (
        one.fit(train).report() for one in (method, FineTunedEncoder(**settings | quick))
    )
    assert facts["validation_after"] > facts["validation_before"] + 0.02
    assert facts["training"]["losses"] != default["training"]["losses"]


def test_a_fused_step_of_full_tuning_trains_alike(make_world, settings, quick, monkeypatch):
    """Rounding aside; few weights are not fused, and so equal to the last bit what they were."""
    train, method = make_world().train, FineTunedEncoder(**settings | quick, tuning=Tuning.FULL)
    real, made = torch.optim.AdamW, []

    def watched(groups, **others):
        made.append(others["fused"])
        return real(groups, **others)

    monkeypatch.setattr(torch.optim, "AdamW", watched)
    plain = method.fit(train).report()
    monkeypatch.setattr(optimiser, "FUSED", plain["trainable_parameters"])
    fused = method.fit(train).report()
    assert made == [False, True]
    assert fused["training"]["losses"] == pytest.approx(plain["training"]["losses"], rel=1e-4)


@pytest.mark.parametrize("may_fuse", [True, False])
def test_a_fused_step_moves_the_weights_alike(tiny, monkeypatch, may_fuse):
    """Decay, momenta and rates are those of the plain step, rounding aside."""
    found = []
    for most in (10**9, 1):
        monkeypatch.setattr(optimiser, "FUSED", most)
        torch.manual_seed(0)
        encoder = load_tuned_encoder(str(tiny), 16, Tuning.FULL, top_layers=1)
        model = TextTowers(encoder, Towers(24, 8, 0.0, 0.05, user_text=False))
        rates = {"rate": 0.01, "encoder_rate": 0.02, "weight_decay": 0.5, "layer_decay": 0.5}
        made = make_optimiser(model, Optimiser.ADAMW, **rates, may_fuse=may_fuse)
        before = [one.detach().clone() for group in made.param_groups for one in group["params"]]
        for _ in range(5):
            for group in made.param_groups:
                for one in group["params"]:
                    one.grad = torch.randn_like(one)
            made.step()
        after = [one.detach() for group in made.param_groups for one in group["params"]]
        found.append((made.defaults["fused"], before, after))
    (plain, before, one), (fused, _, two) = found
    assert (plain, fused) == (False, may_fuse)
    for start, first, second in zip(before, one, two, strict=True):
        assert not torch.equal(start, first)
        torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6)


def saved_bytes(encoder, texts):
    """What a forward pass keeps for the backward pass, each tensor once."""
    held = {}

    def keep(tensor):
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        made = encoder(texts)
    return sum(held.values()), made


@pytest.mark.parametrize("tuning", [Tuning.FULL, Tuning.LORA])
def test_layers_that_are_computed_again_have_the_same_gradients_in_less_memory(wide, tuning):
    texts = [f"w{n} w{n + 1} w{2 * n} w3" for n in range(40)]
    found = []
    for again in (False, True):
        torch.manual_seed(0)  # of the updates' first weights, and of what drops out
        encoder = load_tuned_encoder(str(wide), 16, tuning, top_layers=2, dropout=0.3)
        encoder.recomputes = again
        encoder.train()
        size, made = saved_bytes(encoder, texts)
        (made * torch.linspace(-1, 1, made.shape[1])).sum().backward()
        found.append((size, [p.grad for p in encoder.parameters() if p.requires_grad]))
    (much, plain), (little, again) = found
    assert little < 0.6 * much
    assert plain and all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))


def test_a_training_that_computes_them_again_ends_with_the_same_scores(make_world, settings, quick):
    world = make_world()
    few = quick | {"epochs": 2}
    plain, again = (
        FineTunedEncoder(**settings | few, gradient_checkpointing=on).fit(world.train)
        for on in (False, True)
    )
    assert plain.report()["training"]["losses"] == again.report()["training"]["losses"]
    assert (plain.item_factors(world.train.items) == again.item_factors(world.train.items)).all()
