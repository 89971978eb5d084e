"""A few single weights of a layer that are trained while all its others stay as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class SparseWeights(nn.Module):
    """Chosen weights of some layers, in one vector that is put in their places for every product.

    All that an optimiser sees is this vector: neither its steps nor its decay reach the others.

    Source: Sung, Nair and Raffel, Training Neural Networks with Fixed Sparse Masks, NeurIPS 2021,
    section 3 (the weights with the largest Fisher information, chosen once, before training).

    Parameters
    ----------
    layers
        Their weights are frozen and may be chosen.
    share
        How many of them are, over all.

    Attributes
    ----------
    values
        float32 (chosen,): what they are at present.
    places
        int64 (chosen,), ascending: where they are in the layers' weights one after another.
    """

    places: Tensor

    def __init__(self, layers: nn.Module, share: float) -> None:
        super().__init__()
        layers.requires_grad_(False)
        found = [
            (module, name, weight)
            for module in layers.modules()
            for name, weight in module.named_parameters(recurse=False)
        ]
        self.total = sum(weight.numel() for _, _, weight in found)
        chosen = max(1, round(share * self.total))
        self._copies: dict[int, Tensor] = {}
        self.register_buffer("places", torch.arange(chosen))
        self.values = nn.Parameter(torch.zeros(chosen))
        lists: list[Any] = []
        at = 0
        for module, name, weight in found:
            parametrize.register_parametrization(module, name, _Filled(self, at))
            lists.append(module.parametrizations[name])  # type: ignore[index]
            at += weight.numel()
        self._lists = tuple(lists)  # a tuple: they are no part of this module
        self.choose(torch.zeros(self.total))

    @property
    def originals(self) -> list[nn.Parameter]:
        """The layers' weights as they were published."""
        return [one.original for one in self._lists]

    @torch.no_grad()
    def choose(self, importance: Tensor) -> None:
        """Take the weights of the largest importance, (total,); they begin as they are."""
        order = torch.argsort(importance, descending=True, stable=True)
        self.places.copy_(order[: len(self.places)].sort().values)
        flat = torch.cat([weight.flatten() for weight in self.originals])
        self.values.copy_(flat[self.places])

    @contextmanager
    def opened(self) -> Iterator[list[Tensor]]:
        """Compute with copies of the layers' weights, all of which have a gradient, chosen or not.

        Copies, as another encoder may share what this one does not train.
        """
        found = [weight.detach().clone().requires_grad_(True) for weight in self.originals]
        starts = np.cumsum([0, *(weight.numel() for weight in found)]).tolist()
        self._copies = dict(zip(starts, found, strict=False))
        try:
            yield found
        finally:
            self._copies = {}

    def fill(self, weight: Tensor, start: int) -> Tensor:
        """Return the weight with what is chosen of it, where it begins at ``start`` of all."""
        if self._copies:
            return self._copies[start]
        ends = self.places.new_tensor([start, start + weight.numel()])
        low, high = torch.searchsorted(self.places, ends).tolist()
        own = self.places[low:high] - start
        return weight.flatten().scatter(0, own, self.values[low:high]).view_as(weight)


class _Filled(nn.Module):
    """The parametrization of one weight."""

    def __init__(self, sparse: SparseWeights, start: int) -> None:
        super().__init__()
        self._sparse, self._start = (sparse,), start  # in a tuple: it is no part of this module

    def forward(self, weight: Tensor) -> Tensor:
        return self._sparse[0].fill(weight, self._start)
