"""The training of a re-ranker: labelled pairs, AdamW, stopped by the split's validation."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ....datasets.world import TrainView
from ...training.fitting import fit_module
from ...training.network import read_stopping
from .batches import PairBatches

WARM_UP = 20
"""Steps at the most until the learning rate is reached."""


def train_ranker(
    method: Any,
    train: TrainView,
    batches: PairBatches,
    chance_loss: float,
    split_weights: Callable[[list[nn.Parameter]], Any] = list,
) -> dict[str, Any]:
    """Train the network of a re-ranker in place and return the training's log.

    Parameters
    ----------
    method
        It scores while it trains; its fields say how long, and ``learning_rate``.
    batches
        Of the labelled pairs.
    chance_loss
        Of a network that has learned nothing.
    split_weights
        Turns the trained weights into groups of an optimiser, where these have rates of their own.
    """
    stopping = read_stopping(method, train, chance_loss)
    steps = method.max_steps
    if method.epochs is not None:
        steps = max(1, method.epochs * -(-len(batches.draw(0)) // batches.size))
    method.net_.train()
    return fit_module(
        method.net_,
        batches,
        train,
        optimiser=lambda weights: torch.optim.AdamW(
            split_weights(weights), lr=method.learning_rate, weight_decay=0.0
        ),
        learning_rate_factor=warm_up_and_fall(steps),
        **stopping | {"validate_first": True},
    ).as_json()


def warm_up_and_fall(steps: int) -> Callable[[int], float]:
    """Return the factor on the learning rate by step: up in the first steps, then down to 0."""
    first = max(1, min(WARM_UP, steps // 10))
    return lambda step: min((step + 1) / first, max(0.0, (steps - step) / max(1, steps - first)))
