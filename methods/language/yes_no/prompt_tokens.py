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
        Of the language model.
    most
        Tokens of a prompt, at the most.
    start
        Tokens in front of every text, as the model was trained with.
    end
        Tokens behind it, as an encoder was trained with.
    lead
        Tokens of the answer before its two words differ, a space in some vocabularies: the last of
        the prompt, or what a decoder of its own is given.
    yes, no
        The token at which they differ: the answer of the model is read there.
    apart
        Whether ``lead`` is the decoder's.
    """

    tokenizer: Any
    most: int
    start: tuple[int, ...]
    end: tuple[int, ...]
    lead: tuple[int, ...]
    yes: int
    no: int
    apart: bool = False

    @classmethod
    def of(
        cls, tokenizer: Any, template: Template, most: int, *, apart: bool = False
    ) -> "PromptTokens":
        """Find the tokens of the answers, in their place behind a question.

        Parameters
        ----------
        apart
            Whether a decoder of its own says the answer, which stands alone then.

        Raises
        ------
        ColdbenchError
            When the tokenizer cannot tell the two apart there.
        """
        asked = PromptWriter(template, (), None, 1).ask((), NO_TEXT)
        words = [template.fill(one) for one in ("yes", "no")]
        answers = words if apart else [f"{asked} {word}" for word in words]
        alone, yes, no = _code(tokenizer, ["" if apart else asked, *answers])
        both = yes[: count_shared(yes, no)]
        if both[: len(alone)] != alone or len(both) in (len(yes), len(no)):
            raise ColdbenchError(
                f"the tokenizer of this model does not tell {words[0]!r} from {words[1]!r} behind "
                f"{asked[-20:]!r}; write other words into [yes] and [no] of the template "
                f"{template.name!r}, or end its [question] with a colon"
            )
        start, end = _find_frame(tokenizer) if apart else (_find_start(tokenizer), ())
        lead = (*both[len(alone) :],)
        return cls(tokenizer, most, start, end, lead, yes[len(both)], no[len(both)], apart)

    def encode(
        self, writer: PromptWriter, history: LongArray, texts: Sequence[str]
    ) -> list[tuple[int, ...]]:
        """Return the prompt of each text for one history.

        A prompt that is too long loses the oldest items of the history; one that is too long even
        without any loses its beginning.
        """
        found: list[tuple[int, ...]] = [()] * len(texts)
        waiting = list(range(len(texts)))
        end = self.end if self.apart else self.lead
        room = self.most - len(self.start) - len(end)
        for left_out in range(len(history) + 1):
            asked = [writer.ask(history[left_out:], texts[at]) for at in waiting]
            long = []
            for at, row in zip(waiting, _code(self.tokenizer, asked), strict=True):
                if len(row) > room and left_out < len(history):
                    long.append(at)
                else:
                    found[at] = (*self.start, *row[-room:], *end)
            waiting = long
            if not waiting:
                break
        return found


def _find_start(tokenizer: Any) -> tuple[int, ...]:
    """Return what a causal model was trained to find in front of every text."""
    first = tokenizer.bos_token_id
    return (first,) if first is not None and tokenizer("a")["input_ids"][:1] == [first] else ()


def _find_frame(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what an encoder was trained to find before and behind every text."""
    framed, bare = tokenizer("a")["input_ids"], _code(tokenizer, ["a"])[0]
    at = next(at for at in range(len(framed)) if framed[at : at + len(bare)] == bare)
    return (*framed[:at],), (*framed[at + len(bare) :],)


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
