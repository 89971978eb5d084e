"""Scores of all pairs of a block of users and a set of candidates, in bounded memory."""

import torch
from torch import Tensor

from .network import RippleNetModule

_CANDIDATES = 8192  # candidates that are scored at once
_NUMBERS = 2**18  # attention weights held at once, over users, candidates and memory


class RippleNetCandidates:
    """A candidate set prepared for scoring.

    Parameters
    ----------
    net
        The trained network.
    vectors
        (candidates, dim): own vectors.
    everyone
        int32, (users, hops, memory): ripple sets whose mean score serves a user of whom nothing is
        known.
    """

    def __init__(self, net: RippleNetModule, vectors: Tensor, everyone: Tensor) -> None:
        self.net, self.vectors, self._everyone = net, vectors, everyone
        self._mean: Tensor | None = None

    def scores(self, sets: Tensor, shares: Tensor) -> Tensor:
        """Return (users, candidates): what ripple sets answer, joined by what everyone's do.

        Parameters
        ----------
        sets
            (users, hops, memory).
        shares
            (users, 1): how much the user's own answer counts, 1 where it is all; a user whose
            history leads nowhere is everyone.
        """
        scores = self._answers(sets)
        shares = shares.masked_fill((sets[:, 0] < 0).all(dim=1)[:, None], 0)
        joined = (shares < 1)[:, 0]
        if joined.any():
            scores[joined] = torch.lerp(self.mean(), scores[joined], shares[joined])
        return scores

    def mean(self) -> Tensor:
        """Return (candidates,): the mean user's scores."""
        if self._mean is None:
            total = torch.zeros(len(self.vectors), dtype=torch.float64, device=self.vectors.device)
            for some in torch.split(self._everyone, 16):
                total += self._answers(some).double().sum(dim=0)
            self._mean = (total / max(1, len(self._everyone))).float()
        return self._mean

    def _answers(self, sets: Tensor) -> Tensor:
        scores = self.vectors.new_empty(len(sets), len(self.vectors))
        for start in range(0, len(self.vectors), _CANDIDATES):
            part = self.vectors[start : start + _CANDIDATES]
            size = max(1, _NUMBERS // (len(part) * sets.shape[2]))
            for at in range(0, len(sets), size):
                columns = slice(start, start + len(part))
                scores[at : at + size, columns] = self._block(sets[at : at + size], part)
        return scores

    def _block(self, sets: Tensor, items: Tensor) -> Tensor:
        """Return (users, items), as ``RippleNetModule.answers`` with the products regrouped."""
        # v'(R h) = (v'R) h: in training there are few items a user and v'R is made for each; here
        # there are thousands, and R h, which does not depend on the item, is made once a triple.
        net = self.net
        memory, _ = net.memory(sets)
        items = items.expand(len(sets), *items.shape)
        total = torch.zeros_like(items)
        for hop in range(net.hops):
            matrices = net.relations[memory.relations[:, hop]]
            keys = torch.einsum("umde,ume->umd", matrices, memory.heads[hop])
            interest = torch.bmm(items, keys.transpose(1, 2))
            answer = _attend_in_place(interest, memory.present[:, hop], memory.tails[hop])
            total += answer
            items = net.transform(answer.add_(items))
        return (items * total).sum(dim=2)


def _attend_in_place(interest: Tensor, present: Tensor, tails: Tensor) -> Tensor:
    """Return (users, items, dim) as ``attend`` does, overwriting ``interest``."""
    # What the memory lacks has weight 0 by its -1e9, but in an empty set, whose answer is zero. The
    # weights are divided after the product, which has ``dim`` numbers an item and not ``memory``.
    interest += torch.where(present, 0.0, -1e9)[:, None]
    weights = interest.sub_(interest.amax(dim=2, keepdim=True)).exp_()
    answer = torch.bmm(weights, tails * present.any(dim=1)[:, None, None])
    return answer.div_(weights.sum(dim=2, keepdim=True))
