"""A sentence encoder fine-tuned to predict ratings, by their squared error."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.errors import ColdbenchError
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, Query, TrainView
from ...base import Family, Method, Need
from ...texts import texts_of
from ..text_encoder.encoder import DEFAULT_MODEL
from .encoder_views import EncoderViews
from .settings import SEARCHED, Optimiser, Schedule, TrainingPrecision, Tuning, choose_precision

if TYPE_CHECKING:
    from .rating_scores import RatingWeights


@dataclass
class RatingEncoder(EncoderViews, Method):
    """Ratings from an item's text and from the texts of what the user rated.

    A rating is the mean of all, plus the user's damped offset, plus the item's quality w.v + b,
    plus s p.v: v is the item's sentence vector through a residual adaptation layer, about the
    origin of the training items; p is the sum of what offset and quality leave of each rating in
    the history, times the vector of its item, over the size of the history and a learned prior. w,
    b and s begin at 0: before the first step it is the offsets' prediction. There is no embedding
    of any id; a rating is never in the history that it is predicted from. Predictions are clipped
    to the range of the training ratings. In a ranking run there is no rating to learn from: nothing
    is trained, and candidates are ranked by p.v of the frozen encoder, each item of the history
    counting as 1.

    Source: Koren, Factor in the Neighbors, 2010, section 2.1 (offsets) and equation 8 (a user as
    the sum of residual ratings times the vectors of the items); Hu et al., LoRA, 2021, equation 3.
    Differs: vectors of items come from their texts, one per item for both roles; a history is
    divided by its size plus a prior instead of by the root of its size; items have no offset of
    their own. Training as of ``finetuned_encoder``: only ``fresh`` texts of a step are encoded with
    gradients.
    """

    tuning: Tuning = parameter(
        Tuning.LORA, "part of the encoder that is trained", search=Choices(SEARCHED)
    )
    top_layers: int = parameter(2, "upper layers that all but full open", minimum=1)
    lora_rank: int = parameter(
        8, "rank of updates, width of adapters, length of prompts", minimum=1
    )
    lora_alpha: float = parameter(16.0, "scale of the low-rank updates, over the rank", minimum=0)
    hidden: int = parameter(256, "inner width of the adaptation layer, 0: linear", minimum=0)
    dropout: float = parameter(
        0.5, "dropout in the adaptation layer", minimum=0, maximum=0.9, search=Range(0.0, 0.5)
    )
    encoder_dropout: float | None = parameter(
        None,
        "dropout in the encoder while it trains; null is the model's own, 0 is none",
        minimum=0,
        maximum=0.9,
    )
    damping: float = parameter(5.0, "imagined ratings at the mean in a user's offset", minimum=0)
    prior: float = parameter(
        10.0,
        "imagined ratings in a history's profile, at first",
        minimum=0.01,
        search=Range(1, 64, log=True),
    )
    batch_size: int = parameter(512, "rated pairs in a step", minimum=1)
    fresh: int = parameter(64, "items of a step that are encoded with gradients", minimum=1)
    history_length: int = parameter(50, "longer histories are thinned to this", minimum=1)
    thinning: float = parameter(
        0.5, "share of the pairs whose history is thinned to any length", minimum=0, maximum=1
    )
    optimiser: Optimiser = parameter(
        Optimiser.ADAMW, "how a gradient becomes a step; sgd has a momentum of .9"
    )
    learning_rate: float = parameter(
        1e-3, "step of all but the encoder", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    encoder_learning_rate: float = parameter(
        3e-4, "step of the encoder's top layer", minimum=0, search=Range(1e-5, 1e-3, log=True)
    )
    layer_decay: float = parameter(
        1.0, "rate of a layer over that of the layer above", above=0, maximum=1
    )
    schedule: Schedule = parameter(
        Schedule.LINEAR, "how the rates fall after the warm-up, to 0 or not"
    )
    warm_up: float = parameter(
        0.1, "share of the steps in which the rates rise", minimum=0, maximum=1
    )
    weight_decay: float = parameter(0.01, "decay of weights in the optimiser", minimum=0)
    max_steps: int = parameter(
        1000, "most optimiser steps, which the rates are planned for", minimum=1
    )
    min_steps: int = parameter(200, "steps before patience counts", minimum=0)
    patience_steps: int = parameter(
        300, "steps without gain in any group before stopping", minimum=1
    )
    epochs: int | None = parameter(
        None, "most passes over the training pairs, instead of max_steps", minimum=0
    )
    training_precision: TrainingPrecision = parameter(
        TrainingPrecision.AUTO, "arithmetic of training: auto is bf16 where the device has it"
    )
    gradient_checkpointing: bool = parameter(
        False,
        "compute the encoder's trained layers again for their gradients instead of keeping them",
    )
    model: str = parameter(DEFAULT_MODEL, "encoder, by its name on the hub")
    model_path: str = parameter("", "folder with the encoder's files, if it lies somewhere else")
    max_length: int = parameter(256, "tokens after which a text is cut", minimum=8)
    text_prefix: str = parameter("", 'before every text, as e5 has "query: "')

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "peft", "pytorch_lightning")

    @classmethod
    def small(cls) -> Self:
        """Return cheap settings that still learn a small world."""
        return cls(epochs=3, batch_size=128, fresh=16, top_layers=1)

    def fit(self, train: TrainView) -> Self:
        """Train on the ratings, stopped by validation; without ratings train nothing."""
        from .fitting import train_module
        from .rating_build import build_rating_module, make_rating_batches
        from .scorer import TowerScorer, split_by_group

        if self.tuning is Tuning.SPARSE:
            raise ColdbenchError(
                "tuning = sparse chooses weights by their gradients before the first step, where "
                "those of rating_encoder are all 0; take lora, or finetuned_encoder"
            )
        sentences = self._sentences(train.resources, train.progress)
        self.base_model_ = sentences.files.as_json()
        self.set_range(train.users.history.data)
        tuning = build_rating_module(self, train, sentences)
        self.scorer_ = TowerScorer(tuning.model, sentences)
        self.groups_ = {}
        device = train.resources.device
        self.precision_ = choose_precision(self.training_precision, self.tuning, device)
        self.log_ = {}
        if self.range_["lowest"] == self.range_["highest"]:
            tuning.eval()
            self.scorer_.follow(tuning)
            return self
        batches = make_rating_batches(self, train)
        chance = batches.measure_chance()
        self.log_ = train_module(self, tuning, train, sentences, None, batches, chance)
        self._set_groups(split_by_group(tuning, self.log_["adequacy"]["groups"], sentences))
        return self

    def set_range(self, ratings: FloatArray) -> None:
        """Set mean, lowest and highest of the training ratings; all are 1 in a ranking run."""
        found = ratings if len(ratings) else np.ones(1)
        self.range_ = {
            "mean": float(found.mean(dtype=np.float64)),
            "lowest": float(found.min()),
            "highest": float(found.max()),
        }

    def for_group(self, group: str) -> Method:
        """Return this method around the weights that are best for a group of tasks."""
        found: RatingEncoder = self.fitted("groups_").get(group, self)
        return found

    def encode_items(self, items: Entities) -> tuple[FloatArray, Any]:
        """Return float32 (candidates, width), and the training item of each."""
        return self.fitted("scorer_").item_factors(texts_of(items)), items.known

    def score_block(self, users: Entities, items: tuple[FloatArray, Any]) -> FloatArray:
        """Return float32 (users, candidates): predicted ratings, likeness without any ratings."""
        from .rating_scores import predict_ratings

        vectors, known = items
        training = self.fitted("scorer_").item_vectors.astype(np.float64)
        weights, candidates = self._weights(), vectors.astype(np.float64)
        found = predict_ratings(weights, users.history, training, candidates, known)
        lowest, highest = self.range_["lowest"], self.range_["highest"]
        clipped = found if lowest == highest else np.clip(found, lowest, highest)
        return clipped.astype(np.float32)

    def predict(self, query: Query) -> FloatArray:
        """Return float32 predicted ratings, (users, candidates)."""
        self.fitted("scorer_")
        if self.range_["lowest"] == self.range_["highest"]:
            shape = (len(query.users), len(query.items))
            return np.full(shape, self.range_["mean"], dtype=np.float32)
        return self.score(query)

    def _weights(self) -> "RatingWeights":
        from .rating_build import read_weights

        return read_weights(self)

    def report(self) -> dict[str, Any]:
        """Return the base model, error and validation before and after, and the training."""
        self.fitted("scorer_")
        curve = [value for _, value in self.log_.get("validation", [])]
        told = {"validation_before": curve[0], "validation_after": max(curve)} if curve else {}
        errors = {f"rmse_{when[11:]}": -value for when, value in told.items()}
        return self.base_model_ | {
            "tuning": self.tuning.value,
            **told,
            **errors,
            "trainable_parameters": self.parameter_counts()[0],
            **self.scorer_.describe_encoder(),
            "training_precision": self.precision_,
            **({"training": self.log_} if self.log_ else {}),
        }

    def state(self) -> dict[str, Any]:
        """Return what was trained; the rest of the encoder is found again by its hash."""
        return super().state() | {"range": self.range_}

    def restore(self, state: dict[str, Any]) -> None:
        """Build the models on the same base encoder and set what ``state`` returned."""
        from .rating_build import build_rating_model

        self.range_ = state["range"]
        self._restore_views(
            state,
            lambda sentences, trained: build_rating_model(
                self, sentences, trained["item_vectors"].shape[1]
            ),
        )
