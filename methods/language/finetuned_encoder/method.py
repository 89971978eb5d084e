"""A sentence encoder fine-tuned on who liked what, under two towers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ....datasets.arrays import BoolArray, FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.update import Update
from ....datasets.world import Entities, TrainView
from ...base import Family, Method, Need
from ...joint_scores import JointScores
from ...prior_choice import choose_prior, start_prior, try_priors
from ...texts import texts_of
from ..text_encoder.encoder import DEFAULT_MODEL, SentenceEncoder
from .attributing import GradientAttribution
from .encoder_views import EncoderViews
from .settings import (
    SEARCHED,
    Head,
    Loss,
    Optimiser,
    Schedule,
    Sides,
    TrainingPrecision,
    Tuning,
    choose_precision,
)

PRIORS = try_priors("prior_scale", 1.0)


@dataclass
class FineTunedEncoder(EncoderViews, GradientAttribution):
    """Two towers on an encoder that is trained with them: an item is its text, a user a history.

    An item's vector is its sentence vector through a residual adaptation layer. A user's vector
    is the attention-weighted mean of the items in the history and of one that every user has, which
    weighs as much as ``prior`` of them at first, through a layer of its own: a few items join what
    is known of everyone. There is no embedding of any id, so cold items and
    users are encoded in the same way as warm ones. The target item is never in the history it is
    predicted from. Before the first step the layers are the identity: the score "before" is that
    of the frozen encoder in the very same form.

    Source: Yi et al., Sampling-Bias-Corrected Neural Modeling, RecSys 2019, equations 3 and 5
    (two towers, in-batch softmax with the log-frequency correction); Hu et al., LoRA, 2021,
    equation 3.
    Differs: ``loss`` has others as well (see ``losses``); the candidates of a batch are its
    distinct items, so the correction is the log probability of being among them; a candidate that
    the user likes as well is left out; the history is part of the user tower instead of separate
    features. Only ``fresh`` items of a batch are encoded with gradients, the vectors of the others
    are remembered from the last time (as in Wang et al., Cross-Batch Memory, CVPR 2020). The
    encoder trains with its own dropout (MiniLM: 0.1 in 19 places, attention among them) unless
    ``encoder_dropout`` says otherwise; the output of frozen layers is computed once per text and
    without it. A user's own text, where there is one, enters by its frozen sentence vector.
    ``head=attention`` is of ``history_attention``, ``pretraining_steps`` of ``pretraining``.
    ``prior`` was chosen on validation parts; after training validation chooses ``prior_scale``
    among 0.3, 1, 3, 10 and 30 (without any it is 1).
    """

    tuning: Tuning = parameter(
        Tuning.LORA, "part of the encoder that is trained", search=Choices(SEARCHED)
    )
    top_layers: int = parameter(
        2, "upper layers that all but full open", minimum=1, search=Choices((1, 2, 3))
    )
    lora_rank: int = parameter(
        8, "rank of updates, width of adapters, length of prompts", minimum=1
    )
    lora_alpha: float = parameter(16.0, "scale of the low-rank updates, over the rank", minimum=0)
    sparse_share: float = parameter(
        0.005, "share of their weights that sparse trains", above=0, maximum=1, added=True
    )
    hidden: int = parameter(256, "inner width of the adaptation layers, 0: linear", minimum=0)
    dropout: float = parameter(
        0.5, "dropout in the adaptation layers", minimum=0, maximum=0.9, search=Range(0.0, 0.5)
    )
    encoder_dropout: float | None = parameter(
        None,
        "dropout in the encoder while it trains; null is the model's own, 0 is none",
        minimum=0,
        maximum=0.9,
    )
    head: Head = parameter(
        Head.DOT,
        "dot product, or an mlp on both vectors added to it; attention: over the history",
        added=True,
    )
    head_width: int = parameter(
        32, "inner width of that mlp, or of an attention head's keys", minimum=1, added=True
    )
    attention_heads: int = parameter(
        1, "heads of that attention, each on its part of the vectors", minimum=1, added=True
    )
    towers: Sides = parameter(
        Sides.SHARED,
        "whether histories' texts are read by the weights of candidates', or by their own",
        added=True,
    )
    temperature: float = parameter(
        0.05, "first divisor of the cosines", minimum=0.01, search=Range(0.02, 0.2, log=True)
    )
    batch_size: int = parameter(512, "pairs of a user and a liked item in a step", minimum=1)
    fresh: int = parameter(64, "items of a step that are encoded with gradients", minimum=1)
    history_length: int = parameter(50, "longer histories are thinned to this", minimum=1)
    thinning: float = parameter(
        0.5, "share of the pairs whose history is thinned to any length", minimum=0, maximum=1
    )
    prior: float = parameter(
        16.0,
        "items of a history that what is known of every user weighs as much as, at first",
        minimum=0.01,
        search=Range(1, 64, log=True),
    )
    prior_scale: float | None = parameter(
        None, "what multiplies the learned weight of the prior for a new user", minimum=0
    )
    loss: Loss = parameter(
        Loss.SOFTMAX, "how a liked item is compared with the others of a batch", added=True
    )
    hard_negatives: int = parameter(
        0, "others that count, the highest scores first; 0: all of the batch", minimum=0, added=True
    )
    optimiser: Optimiser = parameter(
        Optimiser.ADAMW, "how a gradient becomes a step; sgd has a momentum of .9", added=True
    )
    learning_rate: float = parameter(
        1e-3, "step of the towers", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    encoder_learning_rate: float = parameter(
        3e-4, "step of the encoder's top layer", minimum=0, search=Range(1e-5, 1e-3, log=True)
    )
    layer_decay: float = parameter(
        1.0, "rate of a layer over that of the layer above", above=0, maximum=1, added=True
    )
    schedule: Schedule = parameter(
        Schedule.LINEAR, "how the rates fall after the warm-up, to 0 or not", added=True
    )
    warm_up: float = parameter(
        0.1, "share of the steps in which the rates rise", minimum=0, maximum=1, added=True
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
        TrainingPrecision.AUTO,
        "arithmetic of training: auto is bf16 where the device has it; scores are computed in fp32",
    )
    gradient_checkpointing: bool = parameter(
        False,
        "compute the encoder's trained layers again for their gradients instead of keeping them",
        added=True,
    )
    model: str = parameter(DEFAULT_MODEL, "encoder, by its name on the hub")
    model_path: str = parameter("", "folder with the encoder's files, if it lies somewhere else")
    max_length: int = parameter(256, "tokens after which a text is cut", minimum=8)
    text_prefix: str = parameter("", 'before every text, as e5 has "query: "', added=True)
    pretraining_steps: int = parameter(
        0,
        "steps before all else as a masked language model on the dataset's texts, 0: none",
        minimum=0,
        added=True,
    )
    pretraining_batch_size: int = parameter(256, "texts of such a step", minimum=1, added=True)
    pretraining_learning_rate: float = parameter(1e-4, "its length", minimum=0, added=True)

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    version: ClassVar[int] = 4
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "peft", "pytorch_lightning")

    @classmethod
    def small(cls) -> Self:
        """Return cheap settings that still learn a small world."""
        return cls(epochs=3, batch_size=128, fresh=16, top_layers=1, prior=1.0)

    def fit(self, train: TrainView) -> Self:
        """Train the towers and the chosen part of the encoder, stopped by validation."""
        return self._train(train)

    def update(self, train: TrainView, update: Update) -> Self:
        """Train on, as in a fit, from the weights that are best by the mean over all tasks.

        Optimiser and learning rates begin anew, histories are those of ``train``. Without anything
        to learn from, the weights of every group of tasks and the prior stay as they are.
        """
        if update.targets.any():
            return self._train(train, self.fitted("scorer_").state()["arrays"], update.targets)
        scorers = {id(view.scorer_): view.scorer_ for view in self._list_views()}
        for scorer in scorers.values():
            scorer.move(texts_of(train.items))
        return self

    def _train(
        self, train: TrainView, weights: Any = None, targets: BoolArray | None = None
    ) -> Self:
        from .fitting import build_module, train_module
        from .scorer import TowerScorer, split_by_group

        sentences = self._sentences(train.resources, train.progress)
        self.base_model_ = sentences.files.as_json()
        if weights is not None:
            sentences = replace(sentences, files=self.scorer_.sentences.files)
        elif self.pretraining_steps:
            from .pretraining import pretrain

            sentences, self.pretraining_ = pretrain(self, train, sentences)
        else:
            self.pretraining_ = {}
        tuning = build_module(self, train, sentences, weights, targets)
        self.scorer_ = TowerScorer(tuning.model, sentences)
        self.groups_ = {}
        self.prior_choice_ = start_prior(self, PRIORS)
        device = train.resources.device
        self.precision_ = choose_precision(self.training_precision, self.tuning, device)
        self.log_ = train_module(self, tuning, train, sentences, targets)
        self._set_groups(split_by_group(tuning, self.log_["adequacy"]["groups"], sentences))
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def for_group(self, group: str) -> Method:
        """Return this method around the weights that are best for a group of tasks."""
        found: FineTunedEncoder = self.fitted("groups_").get(group, self)
        if self.head is not Head.MLP:
            return found
        return JointScores(found, found.scorer_.score_vectors)

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, width) of length 1, from the candidates' texts."""
        return self.fitted("scorer_").item_factors(texts_of(items))  # type: ignore[no-any-return]

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, width) of length 1, from the users' histories (and texts)."""
        scorer, texts = self.fitted("scorer_"), None if users.text is None else texts_of(users)
        scales = self.scale_priors(users)
        return scorer.user_factors(users.history, texts, scales)  # type: ignore[no-any-return]

    def report(self) -> dict[str, Any]:
        """Return the base model, validation before and after, dropout and the training."""
        log = self.fitted("log_")
        curve = dict(log["validation"])
        return self.base_model_ | {
            **self.prior_choice_,
            "tuning": self.tuning.value,
            "validation_before": curve[0],
            "validation_after": curve[log["best_epoch"]],
            "trainable_parameters": self.parameter_counts()[0],
            **self.scorer_.describe_encoder(),
            **({"pretraining": self.pretraining_} if self.pretraining_ else {}),
            "training_precision": self.precision_,
            "training": log,
        }

    def state(self) -> dict[str, Any]:
        """Return what was trained; the rest of the encoder is found again by its hash."""
        kept = super().state() | {"prior_choice": self.prior_choice_}
        if self.pretraining_:
            from .pretraining import read_weights

            weights = read_weights(self.scorer_.sentences.files)
            kept |= {"pretraining": self.pretraining_, "pretrained": weights}
        return kept

    def _base_of(self, sentences: SentenceEncoder, state: Mapping[str, Any]) -> SentenceEncoder:
        """Return the encoder under the towers: the published one, or the one pretrained further."""
        if "pretrained" not in state:
            return sentences
        from .pretraining import keep_weights

        return replace(sentences, files=keep_weights(sentences.files, state["pretrained"]))

    def restore(self, state: dict[str, Any]) -> None:
        """Build the models on the same base encoder and set what ``state`` returned."""
        from .build import build_model

        self.prior_choice_ = state["prior_choice"]
        self.pretraining_ = state.get("pretraining", {})
        self._restore_views(
            state,
            lambda sentences, trained: build_model(
                self,
                sentences,
                trained["item_vectors"].shape[1],
                "user_text" in trained["arrays"]["towers"],
            ),
        )
