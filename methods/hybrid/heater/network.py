"""The networks of Heater: experts that make a factor of content, and one top net per side."""

import itertools
from typing import TypeAlias

import torch
from torch import Tensor, nn

_SPREAD = 0.01  # of the first weights, as in the authors' code
_FAR = 5.0  # bound of a scaled factor, as in the authors' code


class MixtureOfExperts(nn.Module):
    """Independent networks from content to a factor, weighted by a gate that reads the content."""

    def __init__(self, content: int, widths: list[int], experts: int) -> None:
        super().__init__()
        layers = list(itertools.pairwise([content, *widths]))
        # One tensor (experts, in, out) per layer: all experts take a layer in one product.
        self.weights = nn.ParameterList([torch.empty(experts, a, b) for a, b in layers])
        self.biases = nn.ParameterList([torch.zeros(experts, 1, b) for _, b in layers])
        for weight in self.weights:
            nn.init.trunc_normal_(weight, std=_SPREAD, a=-2 * _SPREAD, b=2 * _SPREAD)
        self.gate = _linear(content, experts)

    def forward(self, content: Tensor) -> Tensor:
        """Return (rows, factors), each number between -1 and 1."""
        hidden = content.expand(len(self.weights[0]), *content.shape)  # (experts, rows, content)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            hidden = torch.tanh(torch.baddbmm(bias, hidden, weight))
        # Sum over experts e of gate_e(content) expert_e(content). The gate is a tanh, as in the
        # authors' code: its weights need not be positive or sum to 1.
        weighted = torch.einsum("re,erf->rf", torch.tanh(self.gate(content)), hidden)
        return torch.tanh(weighted)


class HeaterTower(nn.Module):
    """Users or items: the map from content, absent without content, and the shared top net."""

    def __init__(self, factors: int, content: int, hidden: list[int], experts: int) -> None:
        super().__init__()
        self.map = MixtureOfExperts(content, [*hidden, factors], experts) if content else None
        norm = nn.BatchNorm1d(factors)
        self.top = nn.Sequential(
            _linear(factors, factors), norm, nn.Tanh(), _linear(factors, factors)
        )

    def forward(self, factors: Tensor, content: Tensor, mapped: Tensor) -> Tensor:
        """Return (rows, factors): the top net on the mapped factor where ``mapped`` says so."""
        factors = self.bounded(factors)
        if self.map is not None:
            factors = torch.where(mapped[:, None], self.map(content), factors)
        vectors: Tensor = self.top(factors)
        return vectors

    def encode_pairs(self, inputs: "TowerInputs") -> tuple[Tensor, Tensor]:
        """Return what the top net makes of each pair's entity, and how far the maps are off.

        The distance is the sum over the pairs of the squared length between the mapped and the
        pretrained factor, whichever of them the pair used.
        """
        own, support, content, at, source = inputs
        own = self.bounded(own)
        factors = torch.where(source == SUPPORT, self.bounded(support)[at], own[at])
        if self.map is None:
            return self.top(factors), own.new_zeros(())
        mapped = self.map(content)
        # The similarity constraint, |T(content) - U|^2, drives the maps also in pairs that used
        # the pretrained factor. It is indexed by pair (``at``): an entity counts as often as the
        # batch shows it.
        distance = (mapped - own).square().sum(dim=1)[at].sum()
        # One top net for both, so that mapped and pretrained factors must mean the same to it.
        return self.top(torch.where(source == MAPPED, mapped[at], factors)), distance

    def bounded(self, factors: Tensor) -> Tensor:
        """Return the factors cut off where a map could not follow; without a map, far out."""
        bound = _FAR if self.map is None else 1.0  # a map ends in tanh
        return factors.clamp(-bound, bound)


class HeaterModule(nn.Module):
    """Both sides; the score of a pair is the dot product of what their top nets return."""

    def __init__(
        self, factors: int, content: tuple[int, int], hidden: list[int], experts: int
    ) -> None:
        super().__init__()
        self.content = content
        self.users = HeaterTower(factors, content[0], hidden, experts)
        self.items = HeaterTower(factors, content[1], hidden, experts)
        self.similarity = self.decay = 0.0

    def set_penalties(self, similarity: float, decay: float) -> None:
        """Set the weights of the distance to the pretrained factors and of the weights' norm."""
        self.similarity, self.decay = similarity, decay

    def loss(self, batch: "HeaterBatch") -> Tensor:
        """Return the mean squared error of the pairs and both penalties."""
        users, items, targets = batch
        user_vectors, user_distance = self.users.encode_pairs(users)
        item_vectors, item_distance = self.items.encode_pairs(items)
        # The error is a mean over pairs and the distance a sum, as in the authors' code: the weight
        # ``similarity`` is small because it multiplies a number that grows with the batch.
        error = nn.functional.mse_loss((user_vectors * item_vectors).sum(dim=1), targets)
        distance = self.similarity * (user_distance + item_distance)
        loss: Tensor = error + distance + self.decay * self._norms()
        return loss

    def _norms(self) -> Tensor:
        """Return the sum of the squares of all weights but those of the normalisation."""
        norms = {
            id(p) for m in self.modules() if isinstance(m, nn.BatchNorm1d) for p in m.parameters()
        }
        kept = [p.square().sum() for p in self.parameters() if id(p) not in norms]
        return torch.stack(kept).sum()


def _linear(width: int, out: int) -> nn.Linear:
    layer = nn.Linear(width, out)
    nn.init.trunc_normal_(layer.weight, std=_SPREAD, a=-2 * _SPREAD, b=2 * _SPREAD)
    nn.init.zeros_(layer.bias)
    return layer


TRUE, MAPPED, SUPPORT = 0, 1, 2
"""What stands for an entity in a pair: its pretrained factor, the factor mapped from its content,
or the factor made of a part of its history."""

TowerInputs: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Of the entities in a batch, each once, the pretrained factor, the factor made of a part of its
history, the content; per pair the position of its entity and, as a column, what stands for it."""

HeaterBatch: TypeAlias = tuple[TowerInputs, TowerInputs, Tensor]
"""Users, items, and 1 for an observed pair and 0 for a sampled one."""
