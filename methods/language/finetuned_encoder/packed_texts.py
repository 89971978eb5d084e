"""Texts of unlike length one after another in one array, without any padding between them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..text_encoder.pooling import Pooling

TOKENS_AT_ONCE = 2048
LENGTH_STEP = 8
"""Texts whose lengths have the same multiple above them attend together, padded to the longest."""

ROWS_STEP = 64
"""Arrays for bf16 on the processor have a multiple of this many rows, zero after the last token.

oneDNN compiles a kernel for every new shape of a product, which takes longer than the product. Of
batches whose numbers of tokens all differ, that is most of the time; rounded up, few shapes recur.
"""

Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class LengthGroup:
    """Neighbouring texts of like length.

    Attributes
    ----------
    tokens
        How many tokens they have.
    texts, length
        How many they are, and the longest of them.
    slots
        int64, (tokens,): each token's place among texts x length; None where all are as long.
    """

    tokens: int
    texts: int
    length: int
    slots: Tensor | None

    @property
    def real(self) -> Tensor | None:
        """Return bool (texts, length), what is a token, or None where all are."""
        if self.slots is None:
            return None
        real = torch.zeros(self.texts * self.length, dtype=torch.bool, device=self.slots.device)
        return real.index_fill(0, self.slots, True).view(self.texts, self.length)

    def pad(self, own: Tensor) -> Tensor:
        """Return (texts, length, width) of this group's tokens, zero where there is no token."""
        size = self.texts * self.length
        if self.slots is not None:
            own = own.new_zeros(size, own.shape[1]).index_copy(0, self.slots, own)
        return own.view(self.texts, self.length, -1)


class PackedTexts:
    """How the texts of a batch lie in one array, the shorter ones first.

    What is done to each token alone (the matrix products) is done to real tokens only; attention,
    a small part of the work, pads within groups of like length.

    Parameters
    ----------
    lengths
        Tokens of each text, ascending, none zero.
    device
        Where the tokens are.
    rows_step
        The arrays get zero rows after the last token, up to a multiple of this.
    """

    def __init__(self, lengths: np.ndarray, device: torch.device, rows_step: int = 1) -> None:
        self.texts, self.device = len(lengths), device
        self.tokens = int(lengths.sum())
        self.rows = -(-self.tokens // rows_step) * rows_step
        self.groups = list(_group(lengths, device))
        counts = torch.from_numpy(lengths).to(device)
        self._counts = counts
        self._owner = torch.repeat_interleave(torch.arange(len(lengths), device=device), counts)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, attend: Attend) -> Tensor:
        """Return (rows, width): ``attend`` of every group, put back in the order of the tokens.

        Parameters
        ----------
        query, key, value
            (rows, width).
        attend
            Called with (texts, length, width) three times and bool (texts, length), what is a
            token, or None where all are; returns (texts, length, width).
        """
        # Split once: every slice of its own would be filled up to all rows on the way back.
        sizes = [group.tokens for group in self.groups] + [self.rows - self.tokens]
        split = zip(*(torch.split(one, sizes) for one in (query, key, value)), strict=True)
        parts = []
        for group, own in zip(self.groups, split, strict=False):  # the last are rows of padding
            padded = [group.pad(one) for one in own]
            made = attend(padded[0], padded[1], padded[2], group.real).flatten(0, 1)
            parts.append(made if group.slots is None else made.index_select(0, group.slots))
        return self.fill(parts)

    def fill(self, parts: Sequence[Tensor]) -> Tensor:
        """Return (rows, width): the parts one after another, then zeros."""
        missing = self.rows - self.tokens
        return torch.cat([*parts, parts[0].new_zeros(missing, parts[0].shape[1])])

    def pool(self, hidden: Tensor, pooling: Pooling) -> Tensor:
        """Return float32 (texts, width) of length 1: each text's mean token, or its first."""
        if pooling is Pooling.FIRST:
            counts = self._counts.long()
            return functional.normalize(hidden[counts.cumsum(0) - counts].float(), dim=-1)
        total = torch.zeros(self.texts, hidden.shape[1], device=hidden.device)
        total = total.index_add(0, self._owner, hidden[: self.tokens].float())
        return functional.normalize(total / self._counts[:, None], dim=-1)


def split_by_tokens(lengths: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield int64 rows, shorter texts first: batches of about ``TOKENS_AT_ONCE`` tokens."""
    counts = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(counts, kind="stable")
    batch = (np.cumsum(counts[order]) - 1) // TOKENS_AT_ONCE
    yield from np.split(order, np.flatnonzero(np.diff(batch)) + 1)


def _group(lengths: np.ndarray, device: torch.device) -> Iterator[LengthGroup]:
    for part in np.split(lengths, np.flatnonzero(np.diff(-(-lengths // LENGTH_STEP))) + 1):
        length = int(part[-1])
        alike = part[0] == length
        places = np.flatnonzero(np.arange(length) < part[:, None])
        slots = None if alike else torch.from_numpy(places).to(device)
        yield LengthGroup(int(part.sum()), len(part), length, slots)
