"""A tokenizer that needs no vocabulary: a token is a byte."""

from collections.abc import Sequence
from typing import Any


def make_byte_tokenizer(special: Sequence[str]) -> Any:
    """Return a tokenizer of the library tokenizers whose first tokens are the special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({one: at for at, one in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
