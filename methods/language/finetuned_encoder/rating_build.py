"""The model of the rating encoder, its batches and its weights, from the method's settings."""

from typing import Any

import numpy as np

from ....datasets.world import TrainView
from ...texts import texts_of
from ...training.seeding import seeded
from ..text_encoder.encoder import SentenceEncoder
from .build import open_encoder
from .network import TextTowers
from .rating_batches import RatingBatches
from .rating_network import GAIN, RatingModule, RatingTowers
from .rating_scores import RatingWeights
from .schedule import count_steps


def build_rating_module(method: Any, train: TrainView, sentences: SentenceEncoder) -> RatingModule:
    """Return what is trained, before training.

    Parameters
    ----------
    method
        A ``RatingEncoder``.
    """
    texts = texts_of(train.items)
    vectors = sentences.encode(texts)
    with seeded(train.seed, train.resources.threads):
        model = build_rating_model(method, sentences, vectors.shape[1])
    towers: Any = model.towers
    towers.start_at(vectors)
    pairs = len(train.interactions)
    steps = count_steps(method.max_steps, method.epochs, pairs, method.batch_size)
    return RatingModule(model, texts, vectors, steps=steps)


def build_rating_model(method: Any, sentences: SentenceEncoder, width: int) -> TextTowers:
    """Return encoder and towers with their first weights, for sentence vectors of ``width``."""
    towers: Any = RatingTowers(width, method.hidden, method.dropout, method.prior)
    return TextTowers(open_encoder(method, sentences), towers)


def make_rating_batches(method: Any, train: TrainView) -> RatingBatches:
    """Return the batches of a training."""
    return RatingBatches(
        matrix=train.users.history,
        size=method.batch_size,
        fresh=method.fresh,
        history_length=method.history_length,
        thinning=method.thinning,
        user_text=None,
        seed=train.seed,
        mean=method.range_["mean"],
        damping=method.damping,
    )


def read_weights(method: Any) -> RatingWeights:
    """Return the weights of a prediction as they are now.

    Without ratings the mean is 0, offsets are none, and likeness alone counts.
    """
    towers: Any = method.scorer_.model.towers
    rated = method.range_["lowest"] < method.range_["highest"]
    return RatingWeights(
        quality=towers.quality.detach().cpu().numpy().astype(np.float64),
        bias=towers.bias.item(),
        likeness=GAIN * towers.likeness.item() if rated else 1.0,
        prior=towers.log_prior.exp().item(),
        damping=method.damping if rated else float("inf"),
        mean=method.range_["mean"] if rated else 0.0,
    )
