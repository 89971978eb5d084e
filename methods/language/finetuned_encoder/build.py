"""The model of the fine-tuned encoder, from its settings."""

from typing import Any

import numpy as np
import torch

from ....datasets.arrays import BoolArray, FloatArray
from ....datasets.world import TrainView
from ...texts import texts_of
from ...training.seeding import seeded
from ..text_encoder.encoder import SentenceEncoder
from .batches import HistoryBatches
from .network import TextTowers
from .opened_parts import load_tuned_encoder
from .settings import Head, Sides, Tuning
from .towers import Towers
from .tuned_encoder import TunedEncoder


def build_untrained(
    method: Any, train: TrainView, sentences: SentenceEncoder, vectors: FloatArray
) -> TextTowers:
    """Return the model before training; a user without history is the mean liked item.

    Parameters
    ----------
    method
        A ``FineTunedEncoder``.
    vectors
        float32, (items, width): sentence vectors of the training items.
    """
    with seeded(train.seed, train.resources.threads):
        model = build_model(method, sentences, vectors.shape[1], train.users.text is not None)
    mean: Any = train.item_counts @ vectors / max(1, train.item_counts.sum())
    model.towers.prior_item.data = torch.from_numpy(mean.astype(np.float32))
    return model


def build_model(method: Any, sentences: SentenceEncoder, width: int, user_text: bool) -> TextTowers:
    """Return encoder and towers with their first weights.

    Parameters
    ----------
    width
        Columns of a sentence vector.
    user_text
        Whether users have a text of their own.
    """
    one = method
    head = one.head_width if one.head is Head.MLP else 0
    separate = one.towers is Sides.SEPARATE
    attention = (one.attention_heads, one.head_width) if one.head is Head.ATTENTION else None
    towers = Towers(
        width,
        one.hidden,
        one.dropout,
        one.temperature,
        user_text,
        one.prior,
        head,
        attention,
        separate,
    )
    encoder = open_encoder(method, sentences, one.sparse_share)
    shown = open_encoder(method, sentences, one.sparse_share) if separate else None
    if encoder is not None and shown is not None:
        shown.share_frozen(encoder)
    return TextTowers(encoder, towers, shown, separate=separate)


def open_encoder(
    method: Any, sentences: SentenceEncoder, sparse_share: float = 0.0
) -> TunedEncoder | None:
    """Return the encoder with the part open that ``method.tuning`` names; None for a frozen one."""
    one = method
    if one.tuning is Tuning.FROZEN:
        return None
    encoder = load_tuned_encoder(
        str(sentences.files.folder),
        one.max_length,
        one.tuning,
        top_layers=one.top_layers,
        lora=(one.lora_rank, one.lora_alpha),
        dropout=one.encoder_dropout,
        prefix=one.text_prefix,
        sparse_share=sparse_share,
    )
    encoder.recomputes = one.gradient_checkpointing
    return encoder


def make_batches(
    method: Any, train: TrainView, sentences: SentenceEncoder, targets: BoolArray | None
) -> HistoryBatches:
    """Return the batches of a training; ``targets`` as of ``HistoryBatches``."""
    texts = None if train.users.text is None else texts_of(train.users)
    return HistoryBatches(
        matrix=train.interactions.csr,
        size=method.batch_size,
        fresh=method.fresh,
        history_length=method.history_length,
        thinning=method.thinning,
        user_text=None if texts is None else sentences.encode(texts),
        seed=train.seed,
        targets=targets,
        separate=method.towers is Sides.SEPARATE,
    )
