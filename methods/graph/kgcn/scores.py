"""Scores of all pairs of a block of users and a set of candidates, in bounded memory.

A user's attention to a neighbour depends on the relation alone. In the first layer, where node
vectors do not depend on the user, the weighted sum over neighbours is therefore one matrix product
(candidates and dimensions x relations) (relations x users) over sums made once per relation. Users
are the last axis throughout: what is looked up by node or by relation is then a row of users.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ....datasets.arrays import LongArray
from ..receptive_fields import ReceptiveFields
from .network import AggregationLayer, KGCNModule

_CANDIDATES = 512  # candidates whose receptive fields are held at once
_NUMBERS = 2**20  # node vectors times dimension, over a block of users
_KEPT = 2**26  # numbers of prepared candidates kept between blocks of users
_WEAKEST = -60.0  # log of the least attention, against underflow of a whole neighbourhood


@dataclass
class FirstLayerSums:
    """The first layer over some nodes.

    Attributes
    ----------
    own
        (nodes, dim): contribution of the nodes' own vectors.
    relations
        int64, (r,): the relations that occur.
    sums
        (nodes x dim, r): contributions of the neighbours, summed by relation.
    counts
        (nodes, r): how many neighbours there are by relation.
    """

    own: Tensor
    relations: Tensor
    sums: Tensor
    counts: Tensor

    def __call__(self, layer: AggregationLayer, attention: Tensor) -> Tensor:
        """Return (nodes, dim, users) for attention (relations, users)."""
        # Softmax over the edges of a node: sum_e exp(a_e) W v_e / sum_e exp(a_e). Grouped by
        # relation, numerator and denominator are products of exp(attention) (r, users) with
        # ``sums`` and with ``counts``, neither of which depends on the user.
        attention = attention[self.relations]
        total = (self.sums @ attention).view(*self.own.shape, attention.shape[1])
        total /= (self.counts @ attention).clamp_(min=1e-38)[:, None]
        total += self.own[:, :, None]
        return layer.activate(total)


@dataclass
class LaterLayer:
    """A later layer over some nodes.

    Attributes
    ----------
    own
        int64, (nodes,): their positions in the layer before.
    near
        int64, (nodes, K): positions of their neighbours there.
    relations
        int64, (nodes, K): of these edges; one past the last relation where there is no edge.
    """

    own: Tensor
    near: Tensor
    relations: Tensor

    def __call__(self, layer: AggregationLayer, attention: Tensor, before: Tensor) -> Tensor:
        """Return (nodes, dim, users) from ``before``, (nodes of the layer before, dim, users)."""
        # From the second layer on a node's vector depends on the user: no sums in advance. One
        # neighbour of every node after the other, so that no array has nodes x K x dim x users.
        n, (_, dim, users) = len(self.own), before.shape
        mean, total = before.new_zeros(n, dim, users), before.new_zeros(n, users)
        for near, relation in zip(self.near.T, self.relations.T, strict=True):
            weight = attention[relation]
            total += weight
            mean.addcmul_(weight[:, None], before[near])
        mean /= total.clamp_(min=1e-38)[:, None]
        vectors: Tensor = layer(before[self.own].mT, mean.mT)
        return vectors.mT


@dataclass
class CandidateBlock:
    """Some candidates with all that their layers need."""

    first: FirstLayerSums
    further: list[LaterLayer]

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.further[-1].own if self.further else self.first.own)


class KGCNCandidates:
    """A candidate set prepared for scoring.

    Parameters
    ----------
    net
        The trained network.
    known
        int, (candidates,): index in the training data, -1 for a cold item.
    field
        The candidates' receptive fields.
    nodes
        Receptive fields of all nodes of the training graph.
    """

    def __init__(
        self, net: KGCNModule, known: np.ndarray, field: ReceptiveFields, nodes: ReceptiveFields
    ) -> None:
        self.net, self._n = net, len(known)
        self._numbering = _JointNumbering(net, known, field, nodes)
        self._parts: dict[int, CandidateBlock] = {}
        self._kept = 0

    def scores(self, users: Tensor) -> Tensor:
        """Return (users, candidates) for users (users, dim)."""
        # exp(a - max a) is the softmax up to a factor that cancels in each neighbourhood. A node
        # may have weak relations only, far below the maximum over all: the floor keeps its
        # denominator above 0.
        interest = users @ self.net.relations.weight.T
        top = interest.amax(dim=1, keepdim=True)
        attention = (interest - top).clamp_(min=_WEAKEST).exp_()
        # Past the last relation is that of an edge that is not there.
        attention = nn.functional.pad(attention, (0, 1)).T.contiguous()
        starts = range(0, self._n, _CANDIDATES)
        columns = [self._part_scores(self._part(at), users, attention) for at in starts]
        return torch.cat(columns, dim=1) if columns else users.new_zeros(len(users), 0)

    def _part(self, start: int) -> CandidateBlock:
        """Return some candidates; kept for the next block of users while there is room."""
        if start in self._parts:
            return self._parts[start]
        part = self._numbering.part(np.arange(start, min(start + _CANDIDATES, self._n)))
        self._kept += part.first.sums.numel()
        if self._kept <= _KEPT:
            self._parts[start] = part
        return part

    def _part_scores(self, part: CandidateBlock, users: Tensor, attention: Tensor) -> Tensor:
        size = max(1, _NUMBERS // part.first.own.numel())
        rows = []
        for at in range(0, len(users), size):
            some, seen = attention[:, at : at + size], users[at : at + size]
            layers = [layer for layer in self.net.layers if isinstance(layer, AggregationLayer)]
            vectors = part.first(layers[0], some)
            for layer, step in zip(layers[1:], part.further, strict=True):
                vectors = step(layer, some, vectors)
            rows.append((vectors * seen.T).sum(dim=1).T)
        return torch.cat(rows) if rows else users.new_zeros(0, len(part))


class _JointNumbering:
    """Candidates and nodes in one numbering: candidates first, then the nodes of the graph."""

    def __init__(
        self, net: KGCNModule, known: np.ndarray, field: ReceptiveFields, nodes: ReceptiveFields
    ) -> None:
        self.net, self.n = net, len(known)
        self._n_relations = len(net.relations.weight)
        self.known = known.astype(np.int64)
        self.near = np.concatenate((field.nodes, nodes.nodes)) + self.n
        self.relations = np.concatenate((field.relations, nodes.relations))
        self.present = np.concatenate((field.present, nodes.present))

    def part(self, candidates: LongArray) -> CandidateBlock:
        """Return the layers of some candidates, from the last to the first."""
        # A layer needs the nodes themselves and their neighbours in the layer before; without
        # repetition, unlike in training, where each node of a hop is computed as often as it is
        # reached.
        further: list[LaterLayer] = []
        at = candidates
        for _ in range(len(self.net.layers) - 1):
            before = np.union1d(at, self.near[at][self.present[at]])
            further.insert(0, self._further(at, before))
            at = before
        return CandidateBlock(self._first(at), further)

    def _further(self, at: LongArray, before: LongArray) -> LaterLayer:
        near = np.where(self.present[at], self.near[at], before[0])
        return LaterLayer(
            self._tensor(np.searchsorted(before, at)),
            self._tensor(np.searchsorted(before, near)),
            self._tensor(np.where(self.present[at], self.relations[at], self._n_relations)),
        )

    def _first(self, at: LongArray) -> FirstLayerSums:
        layer, embeddings = self.net.layers[0], self.net.nodes.weight
        assert isinstance(layer, AggregationLayer)
        present = self.present[at]
        position, place = np.nonzero(present)
        relations, relation = np.unique(self.relations[at][present], return_inverse=True)
        nodes = self._tensor(self.near[at][position, place] - self.n)
        # One cell per (relation, node): the scatter-add groups each node's edges by relation.
        cell = self._tensor(relation.reshape(-1) * len(at) + position)
        sums = embeddings.new_zeros(len(relations) * len(at), embeddings.shape[1])
        sums.index_add_(0, cell, layer.of_neighbours(embeddings[nodes]))
        counts = torch.bincount(cell, minlength=len(sums)).to(embeddings.dtype)
        return FirstLayerSums(
            layer.of_own(self._own(at)),
            self._tensor(relations),
            sums.view(len(relations), len(at) * embeddings.shape[1]).T.contiguous(),
            counts.view(len(relations), len(at)).T.contiguous(),
        )

    def _own(self, at: LongArray) -> Tensor:
        """Return the own vectors: a node's embedding, zero for a cold candidate."""
        candidate = at < self.n
        row = np.where(candidate, self.known[np.minimum(at, self.n - 1)], at - self.n)
        own = self.net.nodes.weight[self._tensor(np.maximum(row, 0))]
        return own * self._tensor(row >= 0)[:, None]

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.net.nodes.weight.device)
