"""Texts as counts of words."""

import re
from collections import Counter

import numpy as np
from scipy.sparse import csr_matrix

from ...datasets.arrays import CSR
from ...datasets.world import Entities
from ..texts import texts_of

_WORD = re.compile(r"\w\w+")


def split_words(text: str) -> list[str]:
    """Return the runs of two or more word characters (letters of any script, digits, ``_``)."""
    return _WORD.findall(text.lower())


def collect_vocabulary(entities: Entities, minimum_count: int) -> np.ndarray:
    """Return an object array of str: the words of at least so many of the texts, in order."""
    found: Counter[str] = Counter()
    for text in texts_of(entities):
        found.update(set(split_words(text)))
    kept = sorted(word for word, texts in found.items() if texts >= minimum_count)
    return np.array(kept, dtype=object)


def count_words(entities: Entities, words: np.ndarray) -> CSR:
    """Return CSR float32, (rows, words): how often each word is in each text; others are dropped.

    Raises
    ------
    NotApplicableError
        When the entities have no text.
    """
    column = {word: at for at, word in enumerate(words)}
    indices: list[int] = []
    indptr = [0]
    for text in texts_of(entities):
        indices += [column[word] for word in split_words(text) if word in column]
        indptr.append(len(indices))
    ones = np.ones(len(indices), dtype=np.float32)
    counts = csr_matrix((ones, indices, indptr), (len(entities), len(words)))
    counts.sum_duplicates()
    return counts
