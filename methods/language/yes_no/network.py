"""A language model that says yes or no: the log-odds of the two tokens that may come next."""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import FloatArray
from ...training.weights import device_of
from .prompt_tokens import count_shared

Prompts: TypeAlias = Sequence[tuple[int, ...]]

TOKENS_AT_ONCE = 4096
"""Tokens of the prompts that are computed together."""
CHANCE_LOSS = math.log(2)
SHARED_FROM = 8
"""A beginning that all prompts share is computed once where it has so many tokens."""


class YesNoNetwork(nn.Module, ABC):
    """What answers prompts; parameters of its body that have a gradient are trained.

    Parameters
    ----------
    body
        Of the model, or all of it.
    """

    shares = False
    """Whether keys and values of a common beginning are computed once."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    @abstractmethod
    def log_odds(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return float32, (prompts,): log of P(yes) over P(no).

        Parameters
        ----------
        ids
            int64, (prompts, tokens), padded at the end.
        lengths
            int64, (prompts,): how many of them are no padding.
        """

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the mean of -log P(answer), given that it is one of the two."""
        odds = self.log_odds(batch["ids"], batch["lengths"])
        return functional.binary_cross_entropy_with_logits(odds, batch["liked"])

    @torch.no_grad()
    def score(self, prompts: Prompts) -> FloatArray:
        """Return float32, (prompts,): log-odds of a yes, the same for equal prompts.

        Best for prompts of one user: what they begin with is computed once, where it can be.
        """
        # An order of their own, so that the company of a prompt does not depend on theirs.
        distinct = sorted(set(prompts), key=lambda prompt: (len(prompt), prompt))
        found: dict[tuple[int, ...], float] = {}
        for part, odds in self._answer(distinct):
            found.update(zip(part, odds.tolist(), strict=True))
        return np.array([found[prompt] for prompt in prompts], dtype=np.float32)

    def _answer(self, prompts: Prompts) -> Iterator[tuple[Prompts, Tensor]]:
        """Yield some prompts at a time and their log-odds."""
        for part in _split(prompts, 0):
            yield part, self.log_odds(*pad_prompts(part, device_of(self)))


class DecoderNetwork(YesNoNetwork):
    """The body of a causal model, and of its output layer the rows of two tokens.

    Prompts are padded at their end. No token looks ahead, so that neither padding nor the company
    of other prompts moves an answer, and positions count from the first token.

    Parameters
    ----------
    body
        Returns hidden states.
    rows, bias
        (2, width) and (2,) of the output layer: of the token of a yes and that of a no.
    shares
        Whether keys and values of a common beginning may be computed once.
    """

    rows: Tensor
    bias: Tensor

    def __init__(self, body: nn.Module, rows: Tensor, bias: Tensor, *, shares: bool) -> None:
        super().__init__(body)
        self.shares = shares
        self.register_buffer("rows", rows.detach().clone(), persistent=False)
        self.register_buffer("bias", bias.detach().clone(), persistent=False)

    def log_odds(self, ids: Tensor, lengths: Tensor, cache: Any = None) -> Tensor:
        """Return float32, (prompts,): log of P(yes) over P(no), at the last token."""
        more = {} if cache is None else {"past_key_values": cache}
        states = self.body(input_ids=ids, use_cache=cache is not None, **more).last_hidden_state
        last = states[torch.arange(len(ids), device=ids.device), lengths - 1].float()
        both = functional.linear(last, self.rows, self.bias)
        return both[:, 0] - both[:, 1]

    def _answer(self, prompts: Prompts) -> Iterator[tuple[Prompts, Tensor]]:
        common = self._count_shared(prompts)
        cache = self._read(prompts[0][:common]) if common else None
        for part in _split(prompts, common):
            own = copy.deepcopy(cache)
            if own is not None:
                own.batch_repeat_interleave(len(part))
            ids, lengths = pad_prompts([prompt[common:] for prompt in part], device_of(self))
            yield part, self.log_odds(ids, lengths, own)

    def _count_shared(self, prompts: Prompts) -> int:
        """Return how many first tokens are computed once; at least one is left of each prompt."""
        if not self.shares or len(prompts) < 2:
            return 0
        common = min(count_shared(min(prompts), max(prompts)), len(prompts[0]) - 1)
        return common if common >= SHARED_FROM else 0

    def _read(self, tokens: tuple[int, ...]) -> Any:
        """Return keys and values of tokens."""
        from transformers import DynamicCache

        cache = DynamicCache(config=self.body.config)  # type: ignore[arg-type]
        ids = torch.tensor([tokens], device=device_of(self))
        self.body(input_ids=ids, past_key_values=cache, use_cache=True)
        return cache


class EncoderDecoderNetwork(YesNoNetwork):
    """An encoder that reads the prompt, and a decoder that begins the answer.

    Padding is masked; the model is taken whole, since some scale what their output layer reads.

    Parameters
    ----------
    body
        Returns logits of what the decoder says next.
    begin
        Tokens that the decoder is given: the one it starts with, and what both answers begin with.
    yes, no
        The two tokens.
    """

    begin: Tensor

    def __init__(self, body: nn.Module, begin: Sequence[int], yes: int, no: int) -> None:
        super().__init__(body)
        self.answers = [yes, no]
        self.register_buffer("begin", torch.tensor([list(begin)]), persistent=False)

    def log_odds(self, ids: Tensor, lengths: Tensor, cache: Any = None) -> Tensor:
        """Return float32, (prompts,): log of P(yes) over P(no), the decoder's first own token."""
        real = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        logits = self.body(
            input_ids=ids,
            attention_mask=real.long(),
            decoder_input_ids=self.begin.expand(len(ids), -1),
            use_cache=False,
        ).logits
        both: Tensor = logits[:, -1, self.answers].float()
        return both[:, 0] - both[:, 1]


def pad_prompts(
    prompts: Sequence[Sequence[int]], device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Return int64 tokens (prompts, longest), padded by the last token, and int64 lengths."""
    longest = max(map(len, prompts))
    ids = [[*prompt, *[prompt[-1]] * (longest - len(prompt))] for prompt in prompts]
    lengths = [len(prompt) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(lengths, device=device)


def _split(prompts: Prompts, common: int) -> Iterator[Prompts]:
    """Yield neighbours of about ``TOKENS_AT_ONCE`` tokens, the common ones included."""
    at = 0
    while at < len(prompts):
        size = 1
        while at + size < len(prompts) and (size + 1) * len(prompts[at + size]) <= TOKENS_AT_ONCE:
            size += 1
        yield prompts[at : at + size]
        at += size
