"""The training of the updates: labelled prompts, AdamW, stopped by the split's validation."""

import math
from collections.abc import Callable
from typing import Any

import torch

from ....datasets.world import TrainView
from ...training.fitting import fit_module
from ...training.network import read_stopping
from .batches import PromptBatches
from .labelled_prompts import LabelledPrompts
from .pairs import LabelledPairs

WARM_UP = 20
"""Steps at the most until the learning rate is reached."""
CHANCE_LOSS = math.log(2)


def tune(
    method: Any, train: TrainView, draw: Callable[[int], LabelledPairs], prompts: LabelledPrompts
) -> dict[str, Any]:
    """Train the network of an ``InstructionRanker`` in place and return the training's log.

    Parameters
    ----------
    method
        It scores while it trains.
    draw
        Returns the labelled pairs of an epoch.
    prompts
        Turns them into prompts.
    """
    batches = PromptBatches(draw, prompts.encode, method.batch_size, train.seed)
    stopping = read_stopping(method, train, CHANCE_LOSS)
    steps = method.max_steps
    if method.epochs is not None:
        steps = max(1, method.epochs * -(-len(draw(0)) // method.batch_size))
    method.net_.train()
    return fit_module(
        method.net_,
        batches,
        train,
        optimiser=lambda weights: torch.optim.AdamW(
            weights, lr=method.learning_rate, weight_decay=0.0
        ),
        learning_rate_factor=warm_up_and_fall(steps),
        **stopping | {"validate_first": True},
    ).as_json()


def warm_up_and_fall(steps: int) -> Callable[[int], float]:
    """Return the factor on the learning rate by step: up in the first steps, then down to 0."""
    first = max(1, min(WARM_UP, steps // 10))
    return lambda step: min((step + 1) / first, max(0.0, (steps - step) / max(1, steps - first)))
