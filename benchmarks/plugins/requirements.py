"""What a method needs and a split lacks, reported before any training."""

from collections.abc import Callable
from typing import Any

from ...datasets.errors import ColdbenchError, NotApplicableError
from ...datasets.world import Entities, Split, TrainView
from ...methods.base import NO_UPDATE, Method, Need


def _has_features(entities: Entities) -> bool:
    return bool(entities.features.shape[1] > 0)


def _has_content(train: TrainView) -> bool:
    items = train.items
    told = (items.text, items.vectors, train.graph)
    return _has_features(items) or any(one is not None for one in told)


OFFERS: dict[Need, tuple[Callable[[TrainView], bool], str]] = {
    Need.ITEM_FEATURES: (lambda train: _has_features(train.items), "item features"),
    Need.USER_FEATURES: (lambda train: _has_features(train.users), "user features"),
    Need.ITEM_TEXT: (lambda train: train.items.text is not None, "item texts"),
    Need.USER_TEXT: (lambda train: train.users.text is not None, "user texts"),
    Need.ITEM_VECTORS: (lambda train: train.items.vectors is not None, "item vectors"),
    Need.ITEM_CONTENT: (_has_content, "item features, texts, vectors or a knowledge graph"),
    Need.ITEM_DATES: (lambda train: train.items.released is not None, "release dates of items"),
    Need.USER_VECTORS: (lambda train: train.users.vectors is not None, "user vectors"),
    Need.GRAPH: (lambda train: train.graph is not None, "a knowledge graph"),
    Need.TIMESTAMPS: (lambda train: train.interactions.has_all_times, "complete timestamps"),
    Need.TRANSDUCTIVE: (
        lambda train: train.unseen_items is not None or train.unseen_users is not None,
        "side information of cold entities in training (scenario.side_information=transductive)",
    ),
}
"""How to see in a training data that it offers what a method may need, and its words."""


def require(method: Method, split: Split, *, rating: bool = False) -> None:
    """Refuse a method that needs what the split does not give.

    Parameters
    ----------
    rating
        True in a rating task, where only a method with ``predict(query)`` can be measured.

    Raises
    ------
    NotApplicableError
        With everything that is missing, in one sentence.
    """
    name = type(method).__name__
    missing = [
        words
        for need, (offered, words) in OFFERS.items()
        if need in method.needs and not offered(split.train)
    ]
    if missing:
        raise NotApplicableError(
            f"{name} needs {' and '.join(missing)}, which this dataset and scenario do not give"
        )
    if rating and not predicts(method):
        raise NotApplicableError(f"{name} ranks and predicts no ratings (it has no predict(query))")


def require_update(method: Method) -> None:
    """Refuse a method that defines no ``update``.

    Raises
    ------
    NotApplicableError
        With the way out.
    """
    if type(method).update is Method.update:
        raise NotApplicableError(NO_UPDATE.format(type(method).__name__))


def require_device(device: str) -> None:
    """Refuse a device that torch does not see here; torch is not even loaded for the CPU.

    Raises
    ------
    ColdbenchError
        With the devices that there are.
    """
    if device == "cpu":
        return
    import torch

    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not found.get(device.partition(":")[0], False):
        there = ", ".join(["cpu", *(name for name, holds in found.items() if holds)])
        raise ColdbenchError(f"device={device} is not there; on this machine there are: {there}")


def predicts(method: Any) -> bool:
    """Say whether a method predicts ratings."""
    return callable(getattr(method, "predict", None))
