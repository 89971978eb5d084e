"""The network of aligned factors: propagated embeddings, and a net between them and texts."""

import warnings
from typing import Any, TypeAlias

import torch
from scipy.sparse import bmat
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import CSR, FloatArray
from ...sparse_rows import binarise
from .settings import Alignment

SPREAD = 0.1
"""Standard deviation of the first embeddings, as LightGCN has it."""


class AlignedModule(nn.Module):
    """Embeddings of users and items over their graph, aligned with their text vectors.

    Parameters
    ----------
    observed
        CSR (users, items): the edges.
    texts
        float32 (users, d) and (items, d), rows of length 1, or 0 where there is none.
    dim
        Length of an embedding.
    layers
        Propagations whose mean a vector is; 0 leaves the embeddings as they are.
    alignment
        Decides which net there is.
    """

    graph: Tensor
    user_text: Tensor
    item_text: Tensor

    def __init__(
        self,
        observed: CSR,
        texts: tuple[FloatArray, FloatArray],
        dim: int,
        layers: int,
        alignment: Alignment,
    ) -> None:
        super().__init__()
        self.n_users, n_items = observed.shape
        self.layers, self.alignment = layers, alignment
        self.rows = nn.Parameter(SPREAD * torch.randn(self.n_users + n_items, dim))
        width = texts[1].shape[1]
        between = (width + dim) // 2
        if alignment is Alignment.CONTRASTIVE:
            self.net = _two_layers(width, between, dim)
        if alignment is Alignment.GENERATIVE:
            self.net = _two_layers(dim, between, width)
            self.mask = nn.Parameter(SPREAD * torch.randn(dim))
        # What no training changes is no part of the state: it is made again from the data.
        self.register_buffer("graph", _normalise(observed), persistent=False)
        for name, text in zip(("user_text", "item_text"), texts, strict=True):
            self.register_buffer(name, torch.from_numpy(text.copy()), persistent=False)
        self.weight, self.temperature, self.norm_weight = 0.0, 1.0, 0.0

    def set_losses(self, weight: float, temperature: float, norm_weight: float) -> None:
        """Set the weight and temperature of the alignment, and the weight of the norms."""
        self.weight, self.temperature, self.norm_weight = weight, temperature, norm_weight

    def vectors(self, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return (users, dim) and (items, dim): the mean of an embedding and its propagations.

        Parameters
        ----------
        hidden
            Nodes whose own embedding is replaced by the mask, items counted after the users.
        """
        now: Tensor = self.rows
        if hidden is not None:
            now = now.index_put((hidden,), self.mask.expand(len(hidden), -1))
        total = now
        for _ in range(self.layers):
            now = _Propagate.apply(self.graph, now)  # type: ignore[no-untyped-call]
            total = total + now
        total = total / (self.layers + 1)
        return total[: self.n_users], total[self.n_users :]

    def loss(self, batch: "AlignedBatch") -> Tensor:
        """Return the ranking loss, the weighted alignment, and the weighted squared norms."""
        users, items, negatives, own_users, own_items = batch
        generative = self.alignment is Alignment.GENERATIVE
        hidden = torch.cat((own_users, own_items + self.n_users)) if generative else None
        people, things = self.vectors(hidden)
        wanted = (people[users] * (things[items] - things[negatives])).sum(dim=1)
        loss = functional.softplus(-wanted).mean()
        shown = torch.cat((users, items + self.n_users, negatives + self.n_users))
        loss = loss + self.norm_weight * (self.rows[shown] ** 2).sum() / (2 * len(users))
        if self.alignment is Alignment.NONE:
            return loss
        sides = ((people[own_users], self.user_text[own_users]),
                 (things[own_items], self.item_text[own_items]))  # fmt: skip
        return loss + self.weight * sum(self._align(*side) for side in sides)

    def likely_factors(self, texts: Tensor) -> Tensor:
        """Return (texts, dim): for each text the mean item vector, weighted by how likely it is.

        Without an alignment all items are equally likely.
        """
        things = self.vectors()[1]
        if self.alignment is Alignment.NONE:
            return things.mean(dim=0).expand(len(texts), -1)
        # Both losses say that item i is the one with text s with a probability proportional to
        # exp(cos / temperature), cos between the two after the net. The mean under it is what is
        # expected of the vector of an item with that text.
        return (self._cosines(texts, things) / self.temperature).softmax(dim=1) @ things

    def _align(self, vectors: Tensor, texts: Tensor) -> Tensor:
        """Return the mean of -log of the share of the own text among those of the batch."""
        if not len(vectors):
            return vectors.sum()
        logits = self._cosines(texts, vectors).T / self.temperature
        return functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))

    def _cosines(self, texts: Tensor, vectors: Tensor) -> Tensor:
        """Return (texts, vectors): cosines, where the net takes one to the other."""
        if self.alignment is Alignment.CONTRASTIVE:
            texts = self.net(texts)
        else:
            vectors = self.net(vectors)
        return functional.normalize(texts, dim=1) @ functional.normalize(vectors, dim=1).T


class _Propagate(torch.autograd.Function):
    """Product with a symmetric sparse matrix, whose gradient is another one with itself."""

    @staticmethod
    def forward(ctx: Any, graph: Tensor, rows: Tensor) -> Tensor:
        ctx.graph = graph
        return graph @ rows

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, ctx.graph @ gradients[0]


def _two_layers(width: int, between: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, between), nn.LeakyReLU(), nn.Linear(between, out))


def _normalise(observed: CSR) -> Tensor:
    """Return sparse (nodes, nodes): each edge over the root of both its ends' degrees."""
    pairs = binarise(observed)
    graph = bmat([[None, pairs], [pairs.T, None]], format="csr").astype("float32")
    degrees = torch.from_numpy(graph.sum(axis=1).A1)
    parts = (torch.from_numpy(one) for one in (graph.indptr, graph.indices))
    starts, columns = (one.to(torch.int64) for one in parts)
    rows = torch.repeat_interleave(torch.arange(len(degrees)), starts.diff())
    values = (degrees[rows] * degrees[columns]).rsqrt()
    with warnings.catch_warnings():  # that sparse rows are in beta, and not checked
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(starts, columns, values, graph.shape)


AlignedBatch: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Users, their items and items that they have not taken; users and items to be aligned."""
