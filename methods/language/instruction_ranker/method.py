"""Re-ranking by the yes or no of a language model."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import BoolArray, FloatArray
from ....datasets.parameters import parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, Resources, TrainView
from ...base import Family, Need
from ...texts import texts_of
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ...training.network import NetworkMethod
from ...training.seeding import numpy_generator
from ..candidate_generators import Generator, fit_generator, make_generator
from ..histories import order_by_time
from ..reranking.candidates import Candidates, choose_candidates
from ..reranking.pairs import LabelledPairs, draw_pairs, find_others, set_users_aside
from ..reranking.ranking import place_chosen
from ..text_encoder.encoder import DEFAULT_MODEL, require_same_weights
from ..text_encoder.model_files import QWEN, ModelFiles
from ..text_encoder.tiny_models import TINY
from ..yes_no.prompts import PromptWriter, shorten_texts
from ..yes_no.template import DEFAULT, Template, parse_template, read_template
from ..yes_no.tiny_model import describe_model, find_causal_model
from .settings import Mode

ASIDE, EXAMPLES, PAIRS, MEASURED = range(4)
"""Places of what is drawn at random, next to the seed."""


@dataclass
class InstructionRanker(NetworkMethod):
    """A language model asked whether a user will like an item; re-ranks a generator's best.

    A prompt is the instruction of a template, the latest items of the history and the candidate,
    all by their texts. The score is log P(yes) - log P(no) of the next token. The ``rerank``
    candidates that the generator ranks highest (those that the user has already are left out)
    stand above all others, which keep the generator's order.

    Source: Bao et al., TALLRec, RecSys 2023, section 3 (instruction with history and target, the
    probability of "Yes", low-rank updates on the projections of queries and values, few-shot
    samples); Hu et al., LoRA, 2021, equation 3.
    Differs: negatives are sampled items that the user has not seen, and the history holds liked
    items alone: there are no dislikes here. The loss is the cross-entropy of the answer's token
    among the two answers instead of the whole vocabulary, so that its chance level is log 2. No
    tuning on general instructions precedes. The model re-ranks candidates of a generator; the
    paper ranks none. A history is the support or training items in the order of time where that
    is known, else in a fixed order. Prompts are plain text, without the markup of a chat.
    """

    mode: Mode = parameter(Mode.TUNED, "what the model is given besides the instruction")
    template: str = parameter(DEFAULT, "instruction: preference, short, or the path of a file")
    generator: Generator = parameter(Generator.TEXT_KNN, "method whose best candidates are ranked")
    rerank: int = parameter(20, "candidates of a user that are ranked anew, 0: all", minimum=0)
    history_length: int = parameter(10, "latest items of the history in a prompt", minimum=1)
    text_words: int = parameter(20, "words after which the text of an item is cut", minimum=1)
    examples: int = parameter(4, "for in_context: labelled pairs before a question", minimum=1)
    pairs: int = parameter(64, "for tuned: labelled training pairs, 0: every liked one", minimum=0)
    lora_rank: int = parameter(8, "for tuned: rank of the updates", minimum=1)
    lora_alpha: float = parameter(16.0, "for tuned: scale of the updates, over the rank", minimum=0)
    lora_dropout: float = parameter(0.05, "for tuned: dropout before updates", minimum=0, below=1)
    lora_targets: list[str] = parameter(
        [], "for tuned: layers with updates; none: queries and values, by what peft calls them"
    )
    batch_size: int = parameter(32, "for tuned: pairs in a step", minimum=1)
    learning_rate: float = parameter(1e-4, "for tuned: step of the optimiser", minimum=0)
    max_steps: int = limit_steps(200, "for tuned: ")
    epochs: int | None = limit_epochs("the training pairs", "for tuned: ")
    min_steps: int = delay_patience(40, "for tuned: ")
    patience_steps: int = limit_patience(80, "for tuned: ")
    validate_every_steps: int = space_validations(20, "for tuned: ")
    gradient_checkpointing: bool = parameter(
        False,
        "for tuned: compute layers again for their gradients instead of keeping what they hold",
        added=True,
    )
    held_out: int = parameter(
        100, "training users set aside to measure calibration, coverage and exposure", minimum=0
    )
    model: str = parameter(QWEN.name, "causal or encoder-decoder model, by its name on the hub")
    model_path: str = parameter("", "folder with the model's files, if it lies somewhere else")
    revision: str = parameter("", "commit on the hub; empty: the one on record, or the newest")
    max_length: int = parameter(1024, "tokens of a prompt; oldest items are left out", minimum=16)
    encoder: str = parameter(DEFAULT_MODEL, "sentence encoder of text_knn and text_ridge")
    encoder_path: str = parameter("", "folder with its files, if it lies somewhere else")

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = (
        "torch", "transformers", "peft", "pytorch_lightning", "numba",
    )  # fmt: skip

    @classmethod
    def small(cls) -> Self:
        """Return settings that need no model: one with random weights, and few steps."""
        return cls(
            template="short",
            generator=Generator.WORD_KNN,
            rerank=5,
            history_length=2,
            text_words=5,
            pairs=16,
            batch_size=8,
            max_steps=4,
            held_out=20,
            model=TINY,
        )

    def fit(self, train: TrainView) -> Self:
        """Fit the generator, write the prompts, and train the updates where these are asked for."""
        from ..reranking.diagnostics import measure_ranker
        from ..yes_no.labelled_prompts import LabelledPrompts

        seed, matrix = train.seed, train.interactions.csr
        template = read_template(self.template)
        files = find_causal_model(self.model, self.model_path, self.revision)
        self.base_model_ = describe_model(files)
        self._build(files, template, seed, train.resources)
        self.generator_ = fit_generator(self.generator, train, **self._encoder())
        aside = set_users_aside(len(train.users), self.held_out, numpy_generator(seed, ASIDE))
        others = find_others(len(train.users), aside)
        texts = shorten_texts(texts_of(train.items), self.text_words)
        times = order_by_time(train.interactions)
        self.writer_ = PromptWriter(template, texts, times, self.history_length)
        prompts = LabelledPrompts(self.writer_, self.tokens_, matrix)
        self.log_: dict[str, Any] = {}
        if self.mode is Mode.IN_CONTEXT:
            shown = draw_pairs(matrix, others, self.examples, numpy_generator(seed, EXAMPLES))
            self.writer_ = replace(self.writer_, examples=prompts.write_examples(shown))
            prompts = replace(prompts, writer=self.writer_)
        elif self.mode is Mode.TUNED:
            from ..reranking.batches import PairBatches
            from ..reranking.training import train_ranker
            from ..yes_no.network import CHANCE_LOSS

            def draw(epoch: int) -> LabelledPairs:
                few = (self.pairs, 0) if self.pairs else (None, epoch)
                return draw_pairs(matrix, others, few[0], numpy_generator(seed, PAIRS, few[1]))

            batches = PairBatches(draw, prompts.collate, self.batch_size, seed)
            self.log_ = train_ranker(self, train, batches, CHANCE_LOSS)
        rng = numpy_generator(seed, MEASURED)
        self.facts_ = measure_ranker(
            self, train, aside, lambda pairs: self.net_.score(prompts.encode(pairs)), rng
        )
        return self

    def encode_items(self, items: Entities) -> Candidates[str]:
        """Return the candidates as the generator takes them, with their shortened texts."""
        first = self.fitted("generator_").encode_items(items)
        texts = shorten_texts(texts_of(items), self.text_words)
        return Candidates(first, texts, items.known.astype(np.int64))

    def score_block(self, users: Entities, items: Candidates[str]) -> FloatArray:
        """Return float32 (users, candidates): log-odds of the chosen, below them the rest."""
        first, chosen = self.choose_candidates(users, items)
        odds = np.zeros(chosen.shape, dtype=np.float32)
        for row in np.flatnonzero(chosen.any(axis=1)):
            at = np.flatnonzero(chosen[row])
            history = self.writer_.list_latest(int(users.known[row]), users.history[row].indices)
            asked = [items.texts[one] for one in at]
            odds[row, at] = self.net_.score(self.tokens_.encode(self.writer_, history, asked))
        return place_chosen(first, chosen, odds)

    def choose_candidates(
        self, users: Entities, items: Candidates[str]
    ) -> tuple[FloatArray, BoolArray]:
        """Return the generator's scores, and bool of the same shape: what is ranked anew."""
        return choose_candidates(self.generator_, users, items, self.rerank)

    def report(self) -> dict[str, Any]:
        """Return base model, template, generator and what was measured; the training, if any."""
        facts, template = self.fitted("facts_"), self.writer_.template
        about = self.base_model_ | {
            "mode": self.mode.value,
            "template": template.name,
            "template_sha256": template.sha256,
            "generator": {"method": self.generator.value, "rerank": self.rerank},
            "generator_report": self.generator_.report(),
            **facts,
            "tuned_parameters": super().parameter_counts()[0],
            "total_parameters": self.parameter_counts()[1],
        }
        if not self.log_:
            return about
        curve = dict(self.log_["validation"])
        return about | {
            "training": self.log_,
            "validation_before": curve[0],
            "validation_after": curve[self.log_["best_epoch"]],
        }

    def parameter_counts(self) -> tuple[int, int]:
        """Return (tuned, all) parameters: of the language model with its updates, and generator."""
        tuned, _ = super().parameter_counts()
        trained, others = self.generator_.parameter_counts()
        return tuned + trained, tuned + int(self.base_model_["model_parameters"]) + others

    def state(self) -> dict[str, Any]:
        """Return what was trained and what prompts are written from; the model is found again."""
        from ...training.group_networks import state_of_groups
        from ...training.weights import to_arrays

        net, writer = self.fitted("net_"), self.writer_
        return {
            "weights": to_arrays(net, trainable_only=True),
            "group_weights": state_of_groups(net),
            "generator": self.generator_.state(),
            "template": [writer.template.name, writer.template.text],
            "texts": np.array(writer.texts, dtype=object),
            "times": writer.times,
            "examples": writer.examples,
            "base_model": self.base_model_,
            "log": self.log_,
            "facts": self.facts_,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Build the network on the same base model and set what ``state`` returned."""
        from ...training.group_networks import restore_groups
        from ...training.weights import from_arrays

        name, text = state["template"]
        template = parse_template(name, text, name)
        files = find_causal_model(self.model, self.model_path, self.revision)
        require_same_weights(files, state["base_model"])
        self._build(files, template, 0, Resources())
        from_arrays(self.net_, state["weights"])
        restore_groups(self.net_, state["group_weights"])
        self.generator_ = make_generator(self.generator, **self._encoder())
        self.generator_.restore(state["generator"])
        texts = [str(one) for one in state["texts"]]
        self.writer_ = PromptWriter(
            template, texts, state["times"], self.history_length, state["examples"]
        )
        self.base_model_, self.log_ = state["base_model"], state["log"]
        self.facts_ = state["facts"]

    def _build(
        self, files: ModelFiles, template: Template, seed: int, resources: Resources
    ) -> None:
        from ...training.seeding import seeded
        from ..low_rank import LoraSettings
        from ..recomputed_layers import recompute_layers
        from ..yes_no.build import build_network

        lora = LoraSettings(self.lora_rank, self.lora_alpha, self.lora_dropout, self.lora_targets)
        tuned, device = self.mode is Mode.TUNED, resources.device
        with seeded(seed, resources.threads):
            self.net_, self.tokens_ = build_network(
                files, template, self.max_length, lora if tuned else None, device
            )
        if tuned and self.gradient_checkpointing:
            recompute_layers(files.name, self.net_.body)

    def _encoder(self) -> dict[str, str]:
        return {"model": self.encoder, "model_path": self.encoder_path}
