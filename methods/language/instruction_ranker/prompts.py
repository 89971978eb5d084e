"""Prompts: an instruction, what a user liked and one item, as text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....datasets.arrays import CSR, IntArray, LongArray
from ....datasets.interactions import Interactions
from ....datasets.splitmix import splitmix64
from .template import Template

NO_TEXT = "(no text)"
LETTERS = 12
"""Characters that a word may have on average before a text is cut."""


def shorten_texts(texts: Sequence[str], words: int) -> list[str]:
    """Return each text on one line, cut after so many words."""
    cut = (" ".join(str(text).split()[:words])[: words * LETTERS].strip() for text in texts)
    return [text or NO_TEXT for text in cut]


def order_by_time(interactions: Interactions) -> CSR | None:
    """Return CSR float32 (users, items): 1 at a user's first pair, 2 at the next, and so on.

    None where some pair has no timestamp. Pairs of the same moment share a rank.
    """
    if not interactions.has_all_times or interactions.timestamps is None:
        return None
    from scipy.sparse import csr_matrix

    users, times = interactions.users, interactions.timestamps
    order = np.lexsort((times, users))
    new_user = np.diff(users[order], prepend=-1) != 0
    later = (np.diff(times[order], prepend=times[order][:1]) != 0) | new_user
    count = np.cumsum(later)
    first = count[np.flatnonzero(new_user)][np.cumsum(new_user) - 1]
    ranks = np.empty(len(users), dtype=np.float32)
    ranks[order] = count - first + 1
    made: CSR = csr_matrix((ranks, (users, interactions.items)), shape=_shape(interactions))
    made.sort_indices()
    return made


def _shape(interactions: Interactions) -> tuple[int, int]:
    return interactions.n_users, interactions.n_items


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
        """Return the items of a history that are listed, the latest last.

        Where no time is known, as of the support of a cold user, a hash of the item decides.

        Parameters
        ----------
        known
            The user's index in the training data, -1 of a cold one.
        items
            Training items.
        """
        items = np.asarray(items, dtype=np.int64)
        ranks = np.zeros(len(items), dtype=np.float32)
        if self.times is not None and known >= 0:
            ranks = self.times[known, items].toarray().ravel() if len(items) else ranks
        hashes = splitmix64(items.astype(np.uint64))
        order = np.lexsort((hashes, ranks))
        latest: LongArray = items[order][-self.history_length :]
        return latest

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
