"""Methods that choose the candidates which a slower method ranks anew."""

from enum import Enum
from typing import Any

from ...datasets.world import TrainView
from ..base import Method


class Generator(str, Enum):
    """Who ranks first; each is the method of that name with its default settings."""

    TEXT_KNN = "text_knn"
    TEXT_RIDGE = "text_ridge"
    WORD_KNN = "word_knn"
    POPULARITY = "popularity"


def make_generator(kind: Generator, **encoder: Any) -> Method:
    """Return an unfitted generator.

    Parameters
    ----------
    encoder
        ``model`` and ``model_path`` of a sentence encoder, for those that have one.
    """
    from ..content.word_knn import WordKNN
    from ..reference.popularity import Popularity
    from .text_knn import TextKNN
    from .text_ridge import TextRidge

    if kind is Generator.TEXT_KNN:
        return TextKNN(**encoder)
    if kind is Generator.TEXT_RIDGE:
        return TextRidge(**encoder)
    return WordKNN() if kind is Generator.WORD_KNN else Popularity()


def fit_generator(kind: Generator, train: TrainView, **encoder: Any) -> Method:
    """Return a generator fitted to training data; see ``make_generator``."""
    return make_generator(kind, **encoder).fit(train)
