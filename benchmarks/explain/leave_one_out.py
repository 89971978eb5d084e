"""What a recommendation loses without one item of the history, or one word of its text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import CSR, DoubleArray, FloatArray, LongArray, make_read_only
from ...datasets.errors import ColdbenchError
from ...datasets.world import Entities
from ..evaluation.score_blocks import check_scores
from .question import Question
from .words import Word, remove_word


@dataclass(frozen=True)
class Standing:
    """A candidate among the others: score, margin over their mean score, rank from 1.

    An offset that all of a user's scores share, and that may change with the history, is in no
    margin.
    """

    score: float
    margin: float
    rank: int


@dataclass(frozen=True)
class LeftOut:
    """One candidate as it is, and with each part left out in turn.

    Attributes
    ----------
    whole
        With everything.
    without_item, without_word
        Without each history entry, and without each word.
    """

    whole: Standing
    without_item: tuple[Standing, ...]
    without_word: tuple[Standing, ...]


def score_candidates(view: Any, question: Question) -> FloatArray:
    """Return float32 (candidates,) of the user of a question.

    Parameters
    ----------
    view
        The fitted method that answers the question's group of tasks.
    """
    scores: FloatArray = _score(view, question, question.query.users, question.query.items)[0]
    return scores


def rank_candidates(scores: FloatArray, question: Question) -> LongArray:
    """Return the places of the candidates, the best first, as the evaluation orders them."""
    order: LongArray = np.lexsort((question.ties, -scores.astype(np.float64)))
    return order


def leave_out(
    view: Any, question: Question, places: Sequence[int], words: Sequence[Sequence[Word]]
) -> list[LeftOut]:
    """Score every variant of a user's history and of some candidates' texts in one query.

    Parameters
    ----------
    view
        The fitted method that answers the question's group of tasks.
    places
        Which candidates.
    words
        Of each, the words to leave out.
    """
    candidates = question.query.items
    users = _shorten_histories(question.query.users)
    items = _shorten_texts(candidates, places, words)
    scores = _score(view, question, users, items).astype(np.float64)
    count, start, found = len(candidates), len(candidates), []
    for place, own in zip(places, words, strict=True):
        variants = scores[0, start : start + len(own)]
        start += len(own)
        standings = [_stand(row[:count], place, row[place], question) for row in scores]
        changed = [_stand(scores[0, :count], place, one, question) for one in variants]
        found.append(LeftOut(standings[0], tuple(standings[1:]), tuple(changed)))
    return found


def _stand(scores: DoubleArray, place: int, score: float, question: Question) -> Standing:
    """Return how a candidate stands with some score of its own among the others."""
    others = np.delete(scores, place)
    ties = np.delete(question.ties, place)
    better = (others > score) | ((others == score) & (ties < question.ties[place]))
    mean = float(others.mean()) if len(others) else 0.0
    return Standing(float(score), float(score) - mean, 1 + int(better.sum()))


def _score(view: Any, question: Question, users: Entities, items: Entities) -> FloatArray:
    scores: FloatArray = view.score_block(users, view.encode_items(items))
    name = type(view).__name__
    check_scores(scores, (len(users), len(items)), name, question.task)
    if not np.isfinite(scores).all():
        raise ColdbenchError(
            f"{name} gave scores that are not finite for user {question.user!r} in "
            f"{question.task}; `coldbench check` of the method shows when"
        )
    return scores


def _shorten_histories(user: Entities) -> Entities:
    """Return the user, and the user without each history entry in turn."""
    history: CSR = user.history
    size = history.nnz
    entries = np.tile(np.arange(size), size).reshape(size, size)
    kept = entries[~np.eye(size, dtype=bool)]
    order = np.concatenate([np.arange(size), kept])
    lengths = np.concatenate([[size], np.full(size, max(0, size - 1))])
    rows = csr_matrix(
        (history.data[order], history.indices[order], np.concatenate([[0], lengths.cumsum()])),
        shape=(1 + size, history.shape[1]),
    )
    users = user.take(np.zeros(1 + size, dtype=np.int64))
    return replace(users, history=make_read_only(rows))


def _shorten_texts(
    items: Entities, places: Sequence[int], words: Sequence[Sequence[Word]]
) -> Entities:
    """Return the candidates, and then those at ``places`` without each of their words in turn."""
    counts = [len(own) for own in words]
    if items.text is None or not sum(counts):
        return items
    rows = np.concatenate([np.arange(len(items)), np.repeat(np.asarray(places), counts)])
    text = items.text[rows]
    start = len(items)
    for place, own in zip(places, words, strict=True):
        for word in own:
            text[start] = remove_word(str(items.text[place]), word)
            start += 1
    return replace(items.take(rows), text=make_read_only(text))
