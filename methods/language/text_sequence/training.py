"""The trainings of a text sequence: on another dataset, and on the one that is asked about."""

from typing import Any

import numpy as np
import torch

from ....datasets.arrays import FloatArray
from ....datasets.world import TrainView
from ...texts import texts_of
from ...training.fitting import fit_module
from ...training.group_networks import keep_group_weights
from ..histories import rank_by_time
from .batches import SequenceBatches
from .network import chance_loss
from .transferred import drop_words


def train_on(
    method: Any, train: TrainView, batches: SequenceBatches, **bounds: Any
) -> dict[str, Any]:
    """Train the network of a method, a ``TextSequence``, on sequences and return the log.

    Parameters
    ----------
    train
        Its validation stops the training, whatever the sequences are of.
    bounds
        What departs from the method's rules of stopping.
    """
    chance = float(np.mean([chance_loss(batch) for batch in batches(0)]))
    stopping: Any = method.stopping(train, chance) | {"validate_first": True} | bounds
    return fit_module(
        method.net_,
        batches,
        train,
        optimiser=lambda weights: torch.optim.Adam(weights, lr=method.learning_rate),
        **stopping,
    ).as_json()


def pretrain(method: Any, train: TrainView, source: TrainView) -> dict[str, Any]:
    """Train the network on the source, stopped by the target's validation; return the log."""
    encoder, texts = method._encoder(), texts_of(source.items)
    vectors = encoder.encode(texts)
    fewer = encoder.encode(drop_words(texts, method.dropped, train.seed))
    net = method.net_
    net.adaptor.start_at(vectors.mean(axis=0))
    net.contrast = method.contrast
    batches = make_batches(method, source, vectors, method.dropped, fewer)
    log = train_on(method, train, batches, epochs=None, max_steps=method.pretrain_steps)
    net.contrast = 0.0
    # The target's training begins with the network that is best by the mean of all tasks.
    keep_group_weights(net, {}, {})
    vars(method).pop("_views", None)
    return log


def make_batches(
    method: Any,
    view: TrainView,
    vectors: FloatArray,
    dropped: float = 0.0,
    fewer: FloatArray | None = None,
) -> SequenceBatches:
    """Return the sequences of a training data.

    Parameters
    ----------
    vectors
        float32 (items, d): text vectors of its items.
    dropped, fewer
        Of the second forms: share that they lack, and the vectors of texts that lack words.
    """
    return SequenceBatches(
        view.interactions.csr,
        rank_by_time(view.interactions),
        vectors,
        method.batch_size,
        method.length,
        method.shuffled,
        view.seed,
        dropped,
        fewer,
    )
