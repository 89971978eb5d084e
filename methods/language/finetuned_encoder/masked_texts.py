"""Mini-batches of texts in which some tokens are hidden, to be told from the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...training.seeding import numpy_generator
from ..text_encoder.transformer import pad

HIDDEN, MASKED, REPLACED = 0.15, 0.8, 0.1
"""Share of the tokens that are to be told; of these, of those behind a mask and another word."""


@dataclass(frozen=True)
class MaskedTexts:
    """Batches of tokens, another mask in every epoch.

    Source: Devlin et al., BERT, NAACL 2019, section 3.1 (15 % of the tokens, of which 80 % are
    masked, 10 % replaced by any token and 10 % left); Liu et al., RoBERTa, 2019, section 4.1 (a new
    mask for every epoch).

    Attributes
    ----------
    tokens
        Of each text, special ones included.
    size
        Texts in a batch.
    seed
        Decides everything, together with the epoch.
    vocabulary
        How many tokens there are.
    mask, filler
        Numbers of the mask and of the padding.
    special
        Tokens that are never hidden.
    """

    tokens: Sequence[Sequence[int]]
    size: int
    seed: int
    vocabulary: int
    mask: int
    filler: int
    special: tuple[int, ...]

    def __call__(self, epoch: int) -> Iterator[dict[str, Tensor]]:
        """Yield int64 ``ids`` and ``real`` (texts, length), and ``told``: the hidden tokens.

        ``hidden``, bool (texts, length), says where these are.
        """
        rng = numpy_generator(self.seed, epoch)
        order = rng.permutation(len(self.tokens))
        for at in range(0, len(order), self.size):
            rows = [self.tokens[row] for row in order[at : at + self.size]]
            ids, real = pad(rows, max(map(len, rows)), self.filler)
            hidden = self._hide(rng, ids.numpy(), real.numpy())
            if hidden.any():
                yield self._batch(rng, ids, real, torch.from_numpy(hidden))

    def _hide(self, rng: np.random.Generator, ids: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Return bool (texts, length): at least one token, where there is any but special ones."""
        drawn = rng.random(ids.shape)
        drawn[(real == 0) | np.isin(ids, self.special)] = 1.0
        hidden: np.ndarray = (drawn < HIDDEN) | ((drawn == drawn.min()) & (drawn < 1.0))
        return hidden

    def _batch(
        self, rng: np.random.Generator, ids: Tensor, real: Tensor, hidden: Tensor
    ) -> dict[str, Tensor]:
        told = ids[hidden]
        lot = torch.from_numpy(rng.random(len(told)))
        others = torch.from_numpy(rng.integers(self.vocabulary, size=len(told)))
        shown = torch.where(lot < MASKED + REPLACED, others, told)
        shown[lot < MASKED] = self.mask
        return {
            "ids": ids.masked_scatter(hidden, shown),
            "real": real,
            "hidden": hidden,
            "told": told,
        }
