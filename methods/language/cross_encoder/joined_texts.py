"""History and candidate as one row of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ....datasets.errors import ColdbenchError

Tokens = tuple[int, ...]
BETWEEN = ";"
"""Stands between the texts of a history."""


class JoinedText(NamedTuple):
    """What the encoder reads: special tokens, history, separator, candidate, special tokens."""

    tokens: Tokens
    second: int
    """Where the segment of the candidate begins."""


@dataclass(frozen=True)
class TextJoiner:
    """A tokenizer with the special tokens that it puts around two texts.

    Attributes
    ----------
    tokenizer
        Of the encoder.
    most
        Tokens of a joined text, at the most.
    start, middle, end
        Special tokens before, between and after two texts.
    between
        Tokens between the texts of a history.
    typed
        Whether the encoder is given the segment of each token.
    """

    tokenizer: Any
    most: int
    start: Tokens
    middle: Tokens
    end: Tokens
    between: Tokens
    typed: bool

    @classmethod
    def of(cls, tokenizer: Any, most: int, name: str) -> "TextJoiner":
        """Find the special tokens of a pair of texts.

        Raises
        ------
        ColdbenchError
            When the tokenizer has none to separate them, as that of a decoder.
        """
        coded = tokenizer("a", "a", return_special_tokens_mask=True)
        ids, special = coded["input_ids"], coded["special_tokens_mask"]
        places = [at for at, one in enumerate(special) if not one]
        first = next((at for at in range(places[0], places[-1]) if special[at]), None)
        if first is None:
            raise ColdbenchError(
                f"the tokenizer of {name} has no token that separates two texts; use an encoder "
                "such as BERT, RoBERTa or MiniLM"
            )
        after = next(at for at in range(first, len(ids)) if not special[at])
        (between,) = _code(tokenizer, [BETWEEN])
        return cls(
            tokenizer,
            most,
            tuple(ids[: places[0]]),
            tuple(ids[first:after]),
            tuple(ids[places[-1] + 1 :]),
            between,
            "token_type_ids" in tokenizer.model_input_names,
        )

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, without special ones.

        The name of a special token in a text is a text like any other.
        """
        return _code(self.tokenizer, texts)

    def join(self, history: Sequence[Tokens], candidate: Tokens) -> JoinedText:
        """Return one row of tokens.

        What exceeds ``most`` is cut off the beginning of the history. The candidate is whole as
        long as it fits alone.

        Parameters
        ----------
        history
            Tokens of its texts, the latest last; it may be empty.
        candidate
            Tokens of the text in question.
        """
        room = self.most - len(self.start) - len(self.middle) - len(self.end)
        asked = candidate[:room]
        read: list[int] = []
        for text in history:
            read += [*self.between, *text] if read else text
        kept = read[max(0, len(read) - (room - len(asked))) :]
        begin = (*self.start, *kept, *self.middle)
        return JoinedText((*begin, *asked, *self.end), len(begin))


def _code(tokenizer: Any, texts: Sequence[str]) -> list[Tokens]:
    if not texts:
        return []
    coded = tokenizer(
        list(texts), add_special_tokens=False, split_special_tokens=True, verbose=False
    )
    return [tuple(row) for row in coded["input_ids"]]
