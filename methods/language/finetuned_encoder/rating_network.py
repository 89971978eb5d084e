"""What a rating is made of: the item's quality and its likeness to what the user rated."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import FloatArray
from .network import FineTuningModule
from .towers import AdaptationLayer

GAIN = 100.0
"""Weight of the likeness for a unit of its trained parameter: a step of .001 must tell."""


class RatingTowers(nn.Module):
    """Item vectors from text vectors, and the weights that make them a rating.

    Parameters
    ----------
    width
        Columns of a text vector.
    hidden, dropout
        Of the adaptation layer.
    prior
        Imagined ratings at the user's mean that a history is divided by as well; learned.
    """

    centre: Tensor
    stretch: Tensor

    def __init__(self, width: int, hidden: int, dropout: float, prior: float) -> None:
        super().__init__()
        self.item = AdaptationLayer(width, hidden, dropout)
        self.quality = nn.Parameter(torch.zeros(width))
        self.bias = nn.Parameter(torch.zeros(()))
        self.likeness = nn.Parameter(torch.zeros(()))
        self.log_prior = nn.Parameter(torch.tensor(math.log(prior)))
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("stretch", torch.ones(()))

    def start_at(self, vectors: FloatArray) -> None:
        """Move the origin to the mean of text vectors (items, width) and their mean length to 1."""
        if len(vectors) == 0:
            return
        mean = vectors.mean(axis=0, dtype=np.float64)
        spread = float(np.sqrt(((vectors - mean) ** 2).sum(axis=1).mean()))
        self.centre.copy_(torch.from_numpy(mean.astype(np.float32)))
        self.stretch.fill_(1 / spread if spread > 0 else 1.0)

    def items(self, text: Tensor) -> Tensor:
        """Return float32 (items, width) from text vectors (items, width)."""
        moved: Tensor = (self.item(text) - self.centre) * self.stretch
        return moved

    def correct(self, items: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Return float32 (pairs,): what is added to the offsets' prediction of each pair.

        Parameters
        ----------
        items
            (items, width), from ``items``.
        batch
            Of ``RatingBatches``.
        """
        qualities = items @ self.quality + self.bias
        # What neither offset nor quality explain of each rating, times its item's likeness to the
        # target: numbers instead of vectors for every entry of every history.
        left = batch["deviations"] - qualities[batch["entries"]]
        products = (items[batch["target"]] @ items.T).flatten()
        cells = batch["rows"] * len(items) + batch["entries"]
        terms = left * products.index_select(0, cells)
        sums = torch.zeros_like(batch["base"]).index_add(0, batch["rows"], terms)
        likeness = sums / (batch["sizes"] + self.log_prior.exp())
        return qualities[batch["target"]] + GAIN * self.likeness * likeness


class RatingModule(FineTuningModule):
    """The squared error of predicted ratings, with the last known vector of every text."""

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the mean squared error of one batch of ``RatingBatches``."""
        towers: RatingTowers = self.model.towers  # type: ignore[assignment]
        items = towers.items(self._text_vectors(batch["items"], batch["fresh"]))
        predicted = batch["base"] + towers.correct(items, batch)
        loss = functional.mse_loss(predicted, batch["ratings"])
        return loss + self.penalty() if self.budgets else loss
