"""The words of a text, and the text without one of them."""

import re
from dataclasses import dataclass

import numpy as np

from ...datasets.arrays import FloatArray, LongArray

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")  # noqa: RUF001


@dataclass(frozen=True)
class Word:
    """A word of a text, whatever its case, with every place where it stands.

    Attributes
    ----------
    text
        As it is spelled first.
    spans
        Where it begins and ends, in characters.
    """

    text: str
    spans: tuple[tuple[int, int], ...]


def find_words(text: str) -> list[Word]:
    """Return the distinct words of a text in their order; letters and digits make a word."""
    found: dict[str, list[re.Match[str]]] = {}
    for one in _WORD.finditer(text):
        found.setdefault(one[0].casefold(), []).append(one)
    return [Word(places[0][0], tuple(one.span() for one in places)) for places in found.values()]


def remove_word(text: str, word: Word) -> str:
    """Return a text without a word, wherever it stands, and without the blanks after it."""
    kept, end = [], 0
    for start, stop in word.spans:
        kept.append(text[end:start])
        end = stop + len(text[stop:]) - len(text[stop:].lstrip())
    return "".join([*kept, text[end:]]).rstrip()


def sum_pieces(word: Word, spans: LongArray, pieces: FloatArray) -> float:
    """Return the sum of the pieces of a text that begin within a word.

    Parameters
    ----------
    spans
        int64, (pieces, 2): where the pieces begin and end.
    pieces
        float32, (pieces,).
    """
    starts = spans[:, :1]
    places = np.array(word.spans)
    inside = (starts >= places[:, 0]) & (starts < places[:, 1])
    return float(pieces[inside.any(axis=1)].sum(dtype=np.float64))
