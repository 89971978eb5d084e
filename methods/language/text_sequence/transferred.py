"""What is kept of pre-training on another dataset, and the words that its second forms lack."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from ...training.seeding import numpy_generator

if TYPE_CHECKING:
    from torch import nn


class Tuned(str, Enum):
    """What is trained on the target after pre-training."""

    FULL = "full"
    ADAPTOR = "adaptor"


def open_weights(network: "nn.Module", tuned: Tuned) -> None:
    """Let all weights be trained, or the adaptor's alone.

    Source: UniSRec, section 2.3 (parameter-efficient fine-tuning: the Transformer is fixed).
    """
    for name, weight in network.named_parameters():
        weight.requires_grad = tuned is Tuned.FULL or name.startswith("adaptor.")


def drop_words(texts: Sequence[str], share: float, seed: int) -> list[str]:
    """Return the texts without a random share of their words; one word at least stays."""
    rng = numpy_generator(seed, len(texts))
    found = []
    for text in texts:
        words = text.split()
        kept = [word for word in words if rng.random() >= share]
        found.append(" ".join(kept or words[:1]))
    return found
