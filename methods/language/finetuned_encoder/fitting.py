"""One training of the fine-tuned encoder: from its first weights, or from those of another."""

from collections.abc import Mapping
from typing import Any

from ....datasets.arrays import BoolArray
from ....datasets.world import TrainView
from ...texts import texts_of
from ...training.batches import Batches
from ...training.fitting import fit_module
from ...training.network import read_stopping
from ..text_encoder.encoder import SentenceEncoder
from .build import build_untrained, make_batches
from .fisher import choose_sparse
from .network import FineTuningModule
from .optimiser import make_optimiser
from .schedule import count_steps, plan_rates
from .scorer import set_weights


def build_module(
    method: Any,
    train: TrainView,
    sentences: SentenceEncoder,
    weights: Mapping[str, Any] | None,
    targets: BoolArray | None,
) -> FineTuningModule:
    """Return what is trained.

    Parameters
    ----------
    method
        A ``FineTunedEncoder``.
    weights
        Those to begin with, the ``arrays`` of a scorer's state; None for untrained ones.
    targets
        The pairs to learn from, as of ``HistoryBatches``.
    """
    texts = texts_of(train.items)
    vectors = sentences.encode(texts)
    model = build_untrained(method, train, sentences, vectors)
    steps = _count_steps(method, train, targets)
    tuning = FineTuningModule(model, texts, vectors, method.loss, method.hard_negatives, steps)
    if weights is not None:
        set_weights(model, weights)
        tuning.trained.fill_(True)  # the vectors are of the frozen encoder: they are made anew
    else:
        choose_sparse(tuning, make_batches(method, train, sentences, targets))
    return tuning


def train_module(
    method: Any,
    tuning: FineTuningModule,
    train: TrainView,
    sentences: SentenceEncoder,
    targets: BoolArray | None,
    batches: Batches | None = None,
    chance_loss: float | None = None,
) -> dict[str, Any]:
    """Train until validation stops it and return the log; ``method.scorer_`` follows.

    Parameters
    ----------
    batches
        By default those of pairs and histories.
    chance_loss
        As ``fit_module`` takes it.
    """
    model, stopping = tuning.model, read_stopping(method, train, chance_loss)

    def validate() -> Any:
        method.scorer_.follow(tuning)
        return train.validate(method)

    stopping |= {"validate": validate, "validate_first": True}
    model.set_precision(method.precision_)
    log = fit_module(
        tuning,
        make_batches(method, train, sentences, targets) if batches is None else batches,
        train,
        optimiser=lambda _: make_optimiser(
            model,
            method.optimiser,
            rate=method.learning_rate,
            encoder_rate=method.encoder_learning_rate,
            weight_decay=method.weight_decay,
            layer_decay=method.layer_decay,
            may_fuse=train.trainer.may_fuse,
        ),
        learning_rate_factor=plan_rates(
            _count_steps(method, train, targets), method.schedule, method.warm_up
        ),
        after_step=tuning.after_step,
        **stopping,
    ).as_json()
    tuning.trained.fill_(True)  # several devices train copies of the module
    model.set_precision("fp32")
    method.scorer_.follow(tuning)
    return log


def _count_steps(method: Any, train: TrainView, targets: BoolArray | None) -> int:
    """Return the most steps that a training takes."""
    pairs = len(train.interactions) if targets is None else int(targets.sum())
    return count_steps(method.max_steps, method.epochs, pairs, method.batch_size)
