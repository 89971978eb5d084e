"""Which optimiser trains each network, and that a fused step is the same step."""

from dataclasses import replace

import pytest
import torch
from coldbench.datasets.training import TrainerSettings
from coldbench.methods.graph.cfkg.method import CFKG
from coldbench.methods.graph.kgcn.method import KGCN
from coldbench.methods.graph.ripplenet.method import RippleNet
from coldbench.methods.hybrid.clcrec.method import CLCRec
from coldbench.methods.hybrid.dropoutnet.method import DropoutNet
from coldbench.methods.hybrid.heater.method import Heater
from coldbench.methods.training.weights import to_arrays

SETTINGS = {"max_steps": 50, "validate_every_steps": 50}
BIAS, MEAN = "layers.0.bias", "layers.1.running_mean"


@pytest.fixture
def train(split):
    return replace(split.train, validate=lambda method: 0.0)


@pytest.fixture
def made(monkeypatch):
    """Note what every optimiser of torch is made with."""
    made = []

    def noting(kind):
        def make(parameters, **options):
            made.append((kind.__name__, options))
            return kind(parameters, **options)

        return make

    for name in ("Adam", "SGD"):
        monkeypatch.setattr(torch.optim, name, noting(getattr(torch.optim, name)))
    return made


def gap(one, other):
    """Return the largest difference of two networks' weights, biases that do nothing aside.

    A bias before batch normalisation changes no output: its gradient is rounding noise, which Adam
    scales to whole steps, and the running mean follows it.
    """
    idle = (BIAS, MEAN) if any(name.endswith(MEAN) for name in one) else ()
    return max(float(abs(one[name] - other[name]).max()) for name in one if not name.endswith(idle))


@pytest.mark.parametrize("method", [CFKG, KGCN, RippleNet, CLCRec, DropoutNet])
def test_fused_adam_takes_the_same_steps(method, train, made):
    """Plain Adam is taken where the flag that clips gradients is there, here without a bound."""
    plain = replace(train, trainer=TrainerSettings(flags={"gradient_clip_val": None}))
    fused, unfused = (to_arrays(method(**SETTINGS).fit(one).net_) for one in (train, plain))
    assert [(name, one["fused"]) for name, one in made] == [("Adam", True), ("Adam", False)]
    assert gap(fused, unfused) < 1e-5
    other = to_arrays(method(**SETTINGS | {"max_steps": 49}).fit(train).net_)
    assert gap(fused, other) > 1e-4, "a step more is seen"


def test_heater_descends_by_gradient_with_momentum(train, made):
    """Adam with Heater's first step, 0.05, would take steps a hundred times too long."""
    Heater(**SETTINGS).fit(train)
    assert made == [("SGD", {"lr": Heater.learning_rate, "momentum": Heater.momentum})]
