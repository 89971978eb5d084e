"""Prompts as numbers of tokens, and the two tokens with which an answer begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....datasets.arrays import LongArray
from ....datasets.errors import ColdbenchError
from .prompts import NO_TEXT, PromptWriter
from .template import Template


@dataclass(frozen=True)
class PromptTokens:
    """A tokenizer with what it makes of a template.

    Attributes
    ----------
    tokenizer
        Of the causal model.
    most
        Tokens of a prompt, at the most.
    start
        Tokens in front of every text, as the model was trained with.
    lead
        Tokens of the answer before its two words differ, a space in some vocabularies.
    yes, no
        The token at which they differ: the answer of the model is read there.
    """

    tokenizer: Any
    most: int
    start: tuple[int, ...]
    lead: tuple[int, ...]
    yes: int
    no: int

    @classmethod
    def of(cls, tokenizer: Any, template: Template, most: int) -> "PromptTokens":
        """Find the tokens of the answers, in their place behind a question.

        Raises
        ------
        ColdbenchError
            When the tokenizer cannot tell the two apart there.
        """
        first = tokenizer.bos_token_id
        begins = first is not None and tokenizer("a")["input_ids"][:1] == [first]
        start = (first,) if begins else ()
        asked = PromptWriter(template, (), None, 1).ask((), NO_TEXT)
        words = [template.fill(one) for one in ("yes", "no")]
        alone, yes, no = _code(tokenizer, [asked, *(f"{asked} {word}" for word in words)])
        both = yes[: count_shared(yes, no)]
        if both[: len(alone)] != alone or len(both) in (len(yes), len(no)):
            raise ColdbenchError(
                f"the tokenizer of this model does not tell {words[0]!r} from {words[1]!r} behind "
                f"{asked[-20:]!r}; write other words into [yes] and [no] of the template "
                f"{template.name!r}, or end its [question] with a colon"
            )
        return cls(tokenizer, most, start, (*both[len(alone) :],), yes[len(both)], no[len(both)])

    def encode(
        self, writer: PromptWriter, history: LongArray, texts: Sequence[str]
    ) -> list[tuple[int, ...]]:
        """Return the prompt of each text for one history.

        A prompt that is too long loses the oldest items of the history; one that is too long even
        without any loses its beginning.
        """
        found: list[tuple[int, ...]] = [()] * len(texts)
        waiting = list(range(len(texts)))
        room = self.most - len(self.start) - len(self.lead)
        for left_out in range(len(history) + 1):
            asked = [writer.ask(history[left_out:], texts[at]) for at in waiting]
            long = []
            for at, row in zip(waiting, _code(self.tokenizer, asked), strict=True):
                if len(row) > room and left_out < len(history):
                    long.append(at)
                else:
                    found[at] = (*self.start, *row[-room:], *self.lead)
            waiting = long
            if not waiting:
                break
        return found


def _code(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    """Return token numbers; the name of a special token in a text is a text like any other."""
    if not texts:
        return []
    coded = tokenizer(texts, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return [list(row) for row in coded["input_ids"]]


def count_shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return with how many equal tokens two prompts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
