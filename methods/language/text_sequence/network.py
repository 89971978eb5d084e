"""The network of text sequences: whitened experts on text vectors, a Transformer, a contrast."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import FloatArray
from .transformer import Layer

_SPREAD = 0.02
"""Standard deviation of the first weights of positions and layers, as of BERT's own."""


class Adaptor(nn.Module):
    """Parametric whitening by several experts, mixed by a gate that is noisy in training.

    Source: Hou et al., UniSRec, KDD 2022, equations 2 to 4.
    Differs: the shift of every expert begins as the mean of the training items' vectors, and the
    projections with a spread that keeps lengths near 1.
    """

    def __init__(self, inputs: int, width: int, experts: int, dropout: float) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(experts, inputs))
        spread = math.sqrt(experts / width)
        self.project = nn.Parameter(torch.empty(experts, inputs, width).normal_(std=spread))
        self.gate = nn.Parameter(torch.zeros(inputs, experts))
        self.noise = nn.Parameter(torch.zeros(inputs, experts))
        self.dropout = nn.Dropout(dropout)

    def start_at(self, mean: FloatArray) -> None:
        """Set the shift of every expert: float32 (inputs,)."""
        self.shift.data[:] = torch.from_numpy(mean)

    def forward(self, text: Tensor) -> Tensor:
        """Return float32 (texts, width) from float32 (texts, inputs)."""
        choice = text @ self.gate
        if self.training:
            spread = functional.softplus(text @ self.noise)
            choice = choice + torch.randn_like(choice) * spread
        shares = choice.softmax(dim=1)
        # (x - b) W = x W - b W, so that one product serves all texts.
        dropped = self.dropout(text)
        made = torch.einsum("ni,kiw->nkw", dropped, self.project)
        moved = made - torch.einsum("ki,kiw->kw", self.shift, self.project)
        return torch.einsum("nk,nkw->nw", shares, moved)


class SequenceNetwork(nn.Module):
    """Items and users as vectors of length 1; their cosines over a temperature are the logits.

    Parameters
    ----------
    inputs
        Columns of a text vector.
    width, experts
        Of the adaptor.
    layers, heads, hidden
        Of the Transformer.
    dropout
        In the Transformer; the adaptor's is ``adaptor_dropout``.
    positions
        Places of a sequence, the start among them.
    temperature
        Divisor of the cosines.
    contrast
        Weight of the loss between a sequence and its second form, where a batch has one.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        experts: int,
        layers: int,
        heads: int,
        hidden: int,
        dropout: float,
        adaptor_dropout: float,
        positions: int,
        temperature: float,
        contrast: float = 0.0,
    ) -> None:
        super().__init__()
        self.adaptor = Adaptor(inputs, width, experts, adaptor_dropout)
        self.start = nn.Parameter(torch.empty(width).normal_(std=1 / math.sqrt(width)))
        self.positions = nn.Parameter(torch.empty(positions, width).normal_(std=_SPREAD))
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(width, heads, hidden, dropout) for _ in range(layers))
        self.temperature, self.contrast = temperature, contrast

    def adapt(self, text: Tensor) -> Tensor:
        """Return float32 (texts, width) as a sequence takes them."""
        adapted: Tensor = self.adaptor(text)
        return adapted

    def items(self, text: Tensor) -> Tensor:
        """Return float32 (texts, width) of length 1, as candidates."""
        return functional.normalize(self.adapt(text), dim=-1)

    def states(self, adapted: Tensor, entries: Tensor) -> Tensor:
        """Return float32 (sequences, length + 1, width): the user before each entry and at the end.

        Parameters
        ----------
        adapted
            float32 (items, width).
        entries
            int64 (sequences, length): rows of ``adapted``; negative after the end of a sequence.
        """
        start = self.start.expand(len(entries), 1, -1)
        sequence = torch.cat([start, adapted[entries.clamp(min=0)]], dim=1)
        hidden: Tensor = self.dropout(self.norm(sequence + self.positions[: sequence.shape[1]]))
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden

    def users(self, adapted: Tensor, entries: Tensor) -> Tensor:
        """Return float32 (sequences, width) of length 1: the user at the end of each sequence."""
        hidden = self.states(adapted, entries)
        last = (entries >= 0).sum(dim=1)
        rows = torch.arange(len(entries), device=entries.device)
        return functional.normalize(hidden[rows, last], dim=-1)

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of ``SequenceBatches``."""
        adapted, entries = self.adapt(batch["text"]), batch["entries"]
        real = entries >= 0
        hidden = self.states(adapted, entries[:, :-1])[real]
        cosines = functional.normalize(hidden, dim=-1) @ functional.normalize(adapted, dim=-1).T
        loss = predict(cosines / self.temperature, batch)
        if self.contrast and "other_text" in batch:
            loss = loss + self.contrast * self._tell_apart(adapted, batch)
        return loss

    def _tell_apart(self, adapted: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of telling a sequence's second form from those of other users.

        Source: UniSRec, equation 9.
        """
        one = self.users(adapted, batch["entries"][:, :-1])
        other_entries = batch["other_entries"][:, :-1]
        without_items = self.users(adapted, other_entries)
        without_words = self.users(self.adapt(batch["other_text"]), other_entries)
        other = torch.where(batch["by_words"][:, None], without_words, without_items)
        own = torch.arange(len(one), device=one.device)
        return functional.cross_entropy(one @ other.T / self.temperature, own)


def predict(logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Return the loss of finding the item of each place among those of the batch.

    Source: UniSRec, equation 8; the correction is Yi et al., Sampling-Bias-Corrected Neural
    Modeling, RecSys 2019, equations 3 and 5.

    Parameters
    ----------
    logits
        float32 (places, items).
    """
    real = batch["entries"] >= 0
    target = batch["entries"][real]
    # Other items of the user are not negatives, wherever they stand in the sequence.
    blocked = batch["liked"].repeat_interleave(real.sum(dim=1), dim=0)
    blocked = blocked.scatter(1, target[:, None], False)
    corrected = (logits - batch["log_frequency"]).masked_fill(blocked, -math.inf)
    return functional.cross_entropy(corrected, target)


@torch.no_grad()
def chance_loss(batch: dict[str, Tensor]) -> float:
    """Return the loss of a network to which all items are alike."""
    places, items = int((batch["entries"] >= 0).sum()), len(batch["text"])
    return float(predict(torch.zeros(places, items), batch))
