"""The transformer behind the sentence vectors: loading, batching by length, pooling."""

import copy
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ....datasets.arrays import FloatArray
from ....datasets.errors import ColdbenchError
from .pooling import Pooling, read_pooling

TOKENS_AT_ONCE = 2048
LENGTH_STEP = 8
"""Multiple to which lengths are padded: vectors of published records were computed so."""
FINE = 16
"""Part of its length by which a text is padded at most, in bf16."""


@dataclass(frozen=True)
class LoadedEncoder:
    """A transformer in evaluation mode with its tokenizer, and how a text's states are pooled."""

    tokenizer: Any
    model: nn.Module
    most_tokens: int
    pooling: Pooling = Pooling.MEAN

    def __deepcopy__(self, memo: dict[int, Any]) -> "LoadedEncoder":
        # A tokenizer has no state of the training; its copy would be as large as the vocabulary.
        return replace(self, model=copy.deepcopy(self.model, memo))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    @property
    def width(self) -> int:
        """Columns of a vector."""
        return int(self.model.config.hidden_size)  # type: ignore[union-attr, arg-type]

    def tokens(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Return the token numbers of each text, special tokens included.

        Raises
        ------
        ColdbenchError
            When the model cannot read so many tokens.
        """
        if max_length > self.most_tokens:
            raise ColdbenchError(
                f"max_length = {max_length} is more than the {self.most_tokens} tokens that this "
                "encoder can read"
            )
        if not texts:
            return []
        coded = self.tokenizer(list(texts), truncation=True, max_length=max_length)
        return [list(row) for row in coded["input_ids"]]


@lru_cache(maxsize=2)
def load_frozen_encoder(folder: str, sha256: str, exact: bool, device: str) -> LoadedEncoder:
    """Load an encoder that nobody changes, once per process; ``sha256`` is part of its identity."""
    return load_encoder(folder, torch.float32 if exact else torch.bfloat16, device)


def load_encoder(folder: str, dtype: torch.dtype, device: str) -> LoadedEncoder:
    """Load an encoder from safetensors in ``folder``; nothing is fetched and no code is run.

    Of an encoder-decoder the encoder. The states of a decoder, of which each has read the tokens
    up to its own, are pooled as those of an encoder are.
    """
    from transformers import AutoModel, AutoTokenizer

    # The tokenizer would start a thread per core.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    only = {"local_files_only": True, "trust_remote_code": False}
    with keep_quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder, **only)
        model = AutoModel.from_pretrained(
            folder, use_safetensors=True, dtype=dtype, attn_implementation="sdpa", **only
        )
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    model = model.to(device).eval().requires_grad_(False)
    # Relative positions have no end: what the tokenizer says counts, which may be a huge number.
    most = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    return LoadedEncoder(tokenizer, model, int(most), read_pooling(Path(folder)))


@contextmanager
def keep_quiet() -> Iterator[None]:
    """Keep transformers from drawing bars and printing load reports."""
    from transformers.utils import logging as theirs

    level, bars = theirs.get_verbosity(), theirs.is_progress_bar_enabled()
    theirs.set_verbosity(logging.ERROR)
    if bars:
        theirs.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        theirs.set_verbosity(level)
        if bars:
            theirs.enable_progress_bar()  # type: ignore[no-untyped-call]


@torch.inference_mode()
def encode_texts(
    net: LoadedEncoder,
    texts: Sequence[str],
    max_length: int,
    encoded: Callable[[int], None] = lambda count: None,
) -> FloatArray:
    """Return float32 (texts, width), rows of length 1; ``encoded`` is called after every batch."""
    tokens = net.tokens(texts, max_length)
    fine = next(net.model.parameters()).dtype is torch.bfloat16
    vectors = np.empty((len(texts), net.width), dtype=np.float32)
    for rows, length in batch_by_length([len(row) for row in tokens], fine=fine):
        ids, mask = pad([tokens[row] for row in rows], length, net.tokenizer.pad_token_id or 0)
        ids, mask = ids.to(net.device), mask.to(net.device)
        hidden = net.model(input_ids=ids, attention_mask=mask).last_hidden_state
        vectors[rows] = pool(hidden, mask, net.pooling).cpu().numpy()
        encoded(len(rows))
    return vectors


def batch_by_length(
    lengths: Sequence[int], budget: int = TOKENS_AT_ONCE, *, fine: bool = False
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield (rows, padded length): batches of texts of like length, about ``budget`` tokens each.

    The padded length depends on a text's own length only, so that its vector does not depend on
    its neighbours in the batch: the next multiple of ``LENGTH_STEP`` or, where ``fine``, of a power
    of two that wastes little on short texts and still fills the batches of long ones.
    """
    counts = np.asarray(lengths, dtype=np.int64)
    power = 1 << np.log2(counts.clip(1)).astype(np.int64)
    step = np.maximum(1, power // FINE) if fine else LENGTH_STEP
    padded = -(-counts // step) * step
    for length in np.unique(padded).tolist():
        rows = np.flatnonzero(padded == length)
        size = max(1, budget // length)
        for at in range(0, len(rows), size):
            yield rows[at : at + size], length


def pad(tokens: Sequence[Sequence[int]], length: int, filler: int) -> tuple[Tensor, Tensor]:
    """Return int64 token numbers and their mask, both (texts, length)."""
    ids = np.full((len(tokens), length), filler, dtype=np.int64)
    for row, numbers in zip(ids, tokens, strict=True):
        row[: len(numbers)] = numbers
    counts = np.array([len(numbers) for numbers in tokens])
    mask = np.arange(length) < counts[:, None]
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))


def pool(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """Return float32 (texts, width) of length 1 from hidden states (texts, length, width)."""
    if pooling is Pooling.FIRST:
        return nn.functional.normalize(hidden[:, 0].float(), dim=-1)
    return mean_pool(hidden, mask)


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return float32 (texts, width) of length 1: the mean hidden state over the real tokens."""
    # Padding has hidden states too; the mask takes them out of sum and count.
    weight = mask.to(torch.float32).unsqueeze(-1)
    mean = (hidden.float() * weight).sum(1) / weight.sum(1).clamp(min=1)
    return nn.functional.normalize(mean, dim=-1)
