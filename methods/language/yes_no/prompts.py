"""Prompts: an instruction, what a user liked and one item, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from ....datasets.arrays import CSR, IntArray, LongArray
from ..histories import list_latest
from .template import Template

NO_TEXT = "(no text)"
LETTERS = 12
"""Characters that a word may have on average before a text is cut."""


def shorten_texts(texts: Sequence[str], words: int) -> list[str]:
    """Return each text on one line, cut after so many words."""
    cut = (" ".join(str(text).split()[:words])[: words * LETTERS].strip() for text in texts)
    return [text or NO_TEXT for text in cut]


@dataclass(frozen=True)
class PromptWriter:
    """Writes prompts from the template and from texts of items, and from nothing else.

    Attributes
    ----------
    template
        What stands around the texts.
    texts
        Shortened texts of the training items.
    times
        As ``order_by_time`` returns it.
    history_length
        The most items of a history that are listed.
    examples
        Labelled questions that stand before every question; "" without.
    """

    template: Template
    texts: Sequence[str]
    times: CSR | None
    history_length: int
    examples: str = ""

    def list_latest(self, known: int, items: IntArray | LongArray) -> LongArray:
        """Return the items of a history that are listed; see ``histories.list_latest``."""
        return list_latest(self.times, known, items, self.history_length)

    def ask(self, history: Sequence[int] | LongArray, text: str) -> str:
        """Return the prompt for one item, up to where the answer begins.

        Parameters
        ----------
        history
            Training items to list, as ``list_latest`` returns them.
        text
            Shortened text of the item in question.
        """
        instruction = self.template.fill("instruction")
        parts = (instruction, self.examples, self._ask(history, text))
        return "\n\n".join(part for part in parts if part)

    def answer(self, history: Sequence[int] | LongArray, text: str, liked: bool) -> str:
        """Return a question with its answer, as an example for another one."""
        return f"{self._ask(history, text)} {self.template.fill('yes' if liked else 'no')}"

    def _ask(self, history: Sequence[int] | LongArray, text: str) -> str:
        lines = [self.template.fill("liked", item=self.texts[item]) for item in history]
        listed = "\n".join(lines) or self.template.fill("nothing")
        return self.template.fill("question", history=listed, item=text)
