"""The losses of the fine-tuned encoder against plain loops, and that each of them learns."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.losses import compute_loss  # noqa: E402
from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.network import TextTowers  # noqa: E402
from coldbench.methods.language.finetuned_encoder.opened_parts import (  # noqa: E402
    load_tuned_encoder,
)
from coldbench.methods.language.finetuned_encoder.optimiser import make_optimiser  # noqa: E402
from coldbench.methods.language.finetuned_encoder.settings import (  # noqa: E402
    Loss,
    Optimiser,
    Tuning,
)
from coldbench.methods.language.finetuned_encoder.towers import Towers  # noqa: E402


def a_batch(seed=0, pairs=7, candidates=9):
    """Logits, targets, blocked candidates and log frequencies; one pair has no other left."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.standard_normal((pairs, candidates))
    target = rng.integers(candidates, size=pairs)
    blocked = rng.random((pairs, candidates)) < 0.3
    blocked[0] = True
    blocked[np.arange(pairs), target] = False
    return logits, target, blocked, np.log(rng.random(candidates))


def looped(loss, logits, target, blocked, log_frequency, hard):
    """The mean loss, one pair and one candidate at a time."""
    found = []
    for row, liked in enumerate(target):
        scores = logits[row] - (log_frequency if loss is Loss.SOFTMAX else 0)
        others = [s for at, s in enumerate(scores) if at != liked and not blocked[row, at]]
        others = sorted(others, reverse=True)[: hard or None]
        own = scores[liked]
        if loss is Loss.SOFTMAX:
            found.append(np.log(np.exp([own, *others]).sum()) - own)
        elif loss is Loss.BPR:
            found.append(np.mean([np.log1p(np.exp(s - own)) for s in others]) if others else 0)
        else:
            against = np.mean([np.log1p(np.exp(s)) for s in others]) if others else 0
            found.append(np.log1p(np.exp(-own)) + against)
    return np.mean(found)


@pytest.mark.parametrize("hard", [0, 1, 3, 50])
@pytest.mark.parametrize("loss", Loss)
def test_a_loss_is_that_of_plain_loops_and_has_a_gradient(loss, hard):
    logits, target, blocked, log_frequency = a_batch()
    scores = torch.tensor(logits, requires_grad=True)
    given = [torch.tensor(one) for one in (target, blocked, log_frequency)]
    made = compute_loss(loss, scores, *given, hard)
    assert made.item() == pytest.approx(
        looped(loss, logits, target, blocked, log_frequency, hard), rel=1e-9
    )
    made.backward()
    gradient = scores.grad.numpy()
    assert np.isfinite(gradient).all() and (gradient[blocked] == 0).all()
    at = np.arange(len(target))
    # The pair without any other candidate teaches nothing but in cross-entropy.
    assert (gradient[at, target][1:] < 0).all()
    assert (gradient[0] != 0).any() == (loss is Loss.CROSS_ENTROPY)


SGD = {
    "optimiser": Optimiser.SGD,
    "learning_rate": 1.0,
    "encoder_learning_rate": 0.1,
    "epochs": 20,
    "prior": 16.0,
}


@pytest.mark.parametrize(
    "different",
    [
        {"loss": Loss.BPR},
        {"loss": Loss.CROSS_ENTROPY},
        {"hard_negatives": 30},
        {"layer_decay": 0.5, "top_layers": 2},
        SGD,
    ],
    ids=lambda one: next(iter(one)),
)
def test_each_of_them_learns_what_the_frozen_encoder_does_not_know(
    make_world, settings, quick, different
):
    world = make_world()
    facts = FineTunedEncoder(**settings | quick | different).fit(world.train).report()
    losses = facts["training"]["losses"]
    assert losses[-1] < losses[0]
    assert facts["validation_after"] > facts["validation_before"] + 0.02


def test_a_layer_has_the_rate_of_the_one_above_times_the_decay(tiny):
    encoder = load_tuned_encoder(str(tiny), 16, Tuning.FULL, top_layers=1)
    model = TextTowers(encoder, Towers(24, 8, 0.0, 0.05, user_text=False))
    rates = {"rate": 1.0, "encoder_rate": 0.8, "weight_decay": 0.0}
    made = make_optimiser(model, Optimiser.ADAMW, **rates, layer_decay=0.5)
    found = {id(weight): group["lr"] for group in made.param_groups for weight in group["params"]}
    layers = [*encoder.layers]
    for depth, layer in enumerate(reversed(layers)):
        assert {found[id(weight)] for weight in layer.parameters()} == {0.8 * 0.5**depth}
    assert found[id(encoder.body.embeddings.word_embeddings.weight)] == 0.8 * 0.5 ** len(layers)
    assert {found[id(weight)] for weight in model.towers.parameters()} == {1.0}
    alike = make_optimiser(model, Optimiser.SGD, **rates, layer_decay=1.0)
    assert [group["lr"] for group in alike.param_groups] == [1.0, 0.8]
    trained = sum(weight.requires_grad for weight in model.parameters())
    assert sum(len(group["params"]) for group in alike.param_groups) == trained == len(found)
