"""From a fitted method and a user to the explanations of its recommendations."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...methods.base import Attribution, Method
from .explanation import Explanation, Part
from .leave_one_out import LeftOut, Standing, leave_out, rank_candidates, score_candidates
from .question import Question
from .words import Word, find_words, sum_pieces

SHOWN = 60
"""Characters of an item's text that are shown."""
NOTHING = 1e-6
"""Effects below this share of the margin are rounding."""


def explain(
    method: Method, question: Question, items: Sequence[str], top: int
) -> list[Explanation]:
    """Explain some candidates of a user, or the best ones.

    Parameters
    ----------
    method
        Fitted.
    question
        The user and the candidates.
    items
        Original ids of candidates; none asks for the best.
    top
        How many of the best.
    """
    view = method.for_group(question.group)
    places = [question.place(one) for one in items]
    if not places:
        order = rank_candidates(score_candidates(view, question), question)
        places = order[:top].tolist()
    words = [find_words(_read(question.query.items, place)) for place in places]
    found = leave_out(view, question, places, words)
    return [
        _join(question, place, own, left, view.attribute(question.query, place))
        for place, own, left in zip(places, words, found, strict=True)
    ]


def list_notes(question: Question, found: Sequence[Explanation], name: str) -> list[str]:
    """Return what is to be known of the explanations: which parts there are not, or do nothing.

    Parameters
    ----------
    name
        Of the method.
    """
    notes = list_missing(question)
    scale = NOTHING * max((abs(one.margin) for one in found), default=0.0)
    if all(one.margin == 0 for one in found):
        notes.append("all candidates have the same score: the tie-break hash orders them")
    items = [part for one in found for part in one.history]
    words = [part for one in found for part in one.words]
    if items and all(abs(one.effect) <= scale for one in items):
        notes.append(
            f"no item of the history changes the margin: {name} does not read it when it scores, "
            f"or answers for a warm user by what it learned of that index"
        )
    if words and all(abs(one.effect) <= scale for one in words):
        notes.append(
            f"no word changes the margin: {name} does not read the text when it scores, or answers "
            f"for a warm item by what it learned of that index"
        )
    return notes


def list_missing(question: Question) -> list[str]:
    """Return which of the two, history and words, there is not, in sentences."""
    notes = []
    if not len(question.history):
        notes.append(
            f"user {question.user} has no history in {question.task}: only words are left out"
        )
    if question.query.items.text is None:
        notes.append("the items have no text: only items of the history are left out")
    return notes


def _join(
    question: Question,
    place: int,
    words: Sequence[Word],
    left: LeftOut,
    told: Attribution | None,
) -> Explanation:
    """Put together what both ways say of one candidate."""
    whole = left.whole
    attributions: list[float | None] = [None] * len(question.history)
    if told is not None:
        attributions = [float(one) for one in told.history]
    history = [
        _part(str(question.seen_ids[entry]), question.seen, int(entry), whole, without, attribution)
        for entry, without, attribution in zip(
            question.history, left.without_item, attributions, strict=True
        )
    ]
    shares = [_sum(told, word) for word in words]
    parts = [
        Part(word.text, "", len(word.spans), whole.margin - without.margin, without.rank, share)
        for word, without, share in zip(words, left.without_word, shares, strict=True)
    ]
    return Explanation(
        item=str(question.ids[place]),
        text=shorten(_read(question.query.items, place)),
        rank=whole.rank,
        candidates=len(question.ids),
        score=whole.score,
        margin=whole.margin,
        history=tuple(history),
        words=tuple(parts),
    )


def _part(
    name: str, seen: Any, entry: int, whole: Standing, without: Standing, attribution: float | None
) -> Part:
    text = shorten(_read(seen, entry))
    return Part(name, text, 1, whole.margin - without.margin, without.rank, attribution)


def _sum(told: Attribution | None, word: Word) -> float | None:
    if told is None or not len(told.spans):
        return None
    return sum_pieces(word, told.spans, np.asarray(told.pieces))


def _read(items: Any, place: int) -> str:
    """Return the text of one item, empty where items have none."""
    return "" if items.text is None else str(items.text[place])


def shorten(text: str) -> str:
    """Return the beginning of a text, up to a blank where there is one."""
    line = " ".join(text.split())
    if len(line) <= SHOWN:
        return line
    cut = line[: SHOWN - 3]
    return f"{cut.rsplit(' ', 1)[0]} ..."
