"""Re-ranking by an encoder that reads history and candidate together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

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
from ..reranking.pairs import LabelledPairs, draw_lists, find_others, set_users_aside
from ..reranking.ranking import place_chosen
from ..text_encoder.encoder import DEFAULT_MODEL, require_same_weights
from ..text_encoder.model_files import ModelFiles
from ..text_encoder.tiny_models import TINY
from .joined_texts import JoinedText, Tokens
from .labelled_texts import HistoryTexts, LabelledTexts
from .settings import Loss, Tuning
from .tiny_encoder import find_encoder

if TYPE_CHECKING:
    from torch import nn

ASIDE, LISTS, MEASURED = range(3)
"""Places of what is drawn at random, next to the seed."""
TEXTS_AT_ONCE = 4096
"""Joined texts that are kept in memory; a user's candidates stay together."""


@dataclass
class CrossEncoder(NetworkMethod):
    """An encoder reads history and candidate as one text; re-ranks a generator's best.

    The two texts are the segments of one input, so that every word of the candidate attends to
    every word of the history; a linear head on the pooled states gives the score. A user's history
    is its latest items, and a user without any is served by the candidate's text alone. The
    ``rerank`` candidates that the generator ranks highest (those that the user has already are
    left out) stand above all others, which keep the generator's order.

    Source: Nogueira and Cho, Passage Re-ranking with BERT, 2019, section 2.2 (query and passage as
    the two segments of one input, a single layer on it, cross-entropy of each candidate by itself,
    all weights trained); Devlin et al., BERT, NAACL 2019, section 3 (segments and separators).
    Differs: the query is the texts of a history. The vector is what the encoder's files ask for,
    for MiniLM the mean of the tokens, instead of the first token, and the head has one output
    instead of two. Negatives are sampled items that the user has not seen, instead of the other
    candidates of the first ranking, and the liked ones weigh as much as all of them. A part of the
    histories is thinned in training, so that short ones are known. ``loss=softmax`` and
    training in part are not the paper's; low-rank updates are those of Hu et al., LoRA, 2021.
    """

    tuning: Tuning = parameter(Tuning.FULL, "part of the encoder that is trained")
    top_layers: int = parameter(2, "for top_layers: how many", minimum=1)
    lora_rank: int = parameter(8, "for lora: rank of the updates", minimum=1)
    lora_alpha: float = parameter(16.0, "for lora: scale of the updates, over the rank", minimum=0)
    dropout: float = parameter(
        0.1, "dropout before the head, and before updates", minimum=0, below=1
    )
    loss: Loss = parameter(Loss.CROSS_ENTROPY, "how a liked item is compared with sampled ones")
    negatives: int = parameter(4, "sampled items next to each liked one", minimum=1)
    generator: Generator = parameter(Generator.TEXT_KNN, "method whose best candidates are ranked")
    rerank: int = parameter(20, "candidates of a user that are ranked anew, 0: all", minimum=0)
    history_length: int = parameter(10, "latest items of the history that are read", minimum=1)
    item_tokens: int = parameter(24, "tokens after which a text of the history is cut", minimum=1)
    max_length: int = parameter(256, "tokens of both together; oldest are left out", minimum=16)
    thinning: float = parameter(
        0.5, "share of the lists whose history is thinned to any length", minimum=0, maximum=1
    )
    batch_size: int = parameter(16, "liked pairs in a step", minimum=1)
    learning_rate: float = parameter(5e-5, "step of the encoder's weights", minimum=0)
    head_learning_rate: float = parameter(1e-3, "step of the head", minimum=0)
    max_steps: int = limit_steps(2000)
    epochs: int | None = limit_epochs("the liked pairs")
    min_steps: int = delay_patience(400)
    patience_steps: int = limit_patience(600)
    validate_every_steps: int = space_validations(200)
    gradient_checkpointing: bool = parameter(
        False,
        "compute layers again for their gradients instead of keeping what they hold",
        added=True,
    )
    held_out: int = parameter(
        100, "training users set aside to measure calibration, coverage and exposure", minimum=0
    )
    model: str = parameter(DEFAULT_MODEL, "encoder, by its name on the hub")
    model_path: str = parameter("", "folder with the encoder's files, if it lies somewhere else")
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
            generator=Generator.WORD_KNN,
            negatives=1,
            rerank=5,
            history_length=2,
            max_length=64,
            batch_size=8,
            max_steps=4,
            held_out=20,
            model=TINY,
        )

    def fit(self, train: TrainView) -> Self:
        """Fit the generator, and train the encoder on lists of one liked and sampled items."""
        from ..reranking.batches import PairBatches
        from ..reranking.diagnostics import measure_ranker
        from ..reranking.training import train_ranker

        seed, matrix, n_users = train.seed, train.interactions.csr, len(train.users)
        files = find_encoder(self.model, self.model_path)
        self.base_model_: dict[str, Any] = files.as_json()
        self._build(files, seed, train.resources)
        self.generator_ = fit_generator(self.generator, train, **self._encoder())
        aside = set_users_aside(n_users, self.held_out, numpy_generator(seed, ASIDE))
        others = find_others(n_users, aside)
        self._read(texts_of(train.items), order_by_time(train.interactions))
        together = 1 + self.negatives
        candidates = self.joiner_.encode(self.texts_)
        labelled = LabelledTexts(
            self.joiner_, self.histories_, candidates, matrix, self.thinning, together
        )

        def draw(epoch: int) -> LabelledPairs:
            rng = numpy_generator(seed, LISTS, epoch)
            return draw_lists(matrix, others, None, self.negatives, rng)

        batches = PairBatches(draw, labelled.collate, self.batch_size * together, seed, together)
        self.log_ = train_ranker(self, train, batches, self.net_.chance_loss, self._split_weights)
        rng = numpy_generator(seed, MEASURED)
        self.facts_: dict[str, Any] = measure_ranker(
            self, train, aside, lambda pairs: self.net_.score(labelled.encode(pairs)), rng
        )
        return self

    def encode_items(self, items: Entities) -> Candidates[Tokens]:
        """Return the candidates as the generator takes them, with the tokens of their texts."""
        first = self.fitted("generator_").encode_items(items)
        tokens = self.joiner_.encode(texts_of(items))
        return Candidates(first, tokens, items.known.astype(np.int64))

    def score_block(self, users: Entities, items: Candidates[Tokens]) -> FloatArray:
        """Return float32 (users, candidates): scores of the chosen, below them the rest."""
        first, chosen = self.choose_candidates(users, items)
        found = np.zeros(chosen.shape, dtype=np.float32)
        alike: dict[tuple[Tokens, ...], list[int]] = {}  # users with the same texts, as with none
        for row in np.flatnonzero(chosen.any(axis=1)).tolist():
            own = users.history[row].indices.astype(np.int64)
            read = tuple(self.histories_.read(int(users.known[row]), own))
            alike.setdefault(read, []).append(row)
        asked: list[JoinedText] = []
        places: list[tuple[list[int], list[int]]] = []
        for read, rows in alike.items():
            columns = np.flatnonzero(chosen[rows].any(axis=0)).tolist()
            asked += [self.joiner_.join(read, items.texts[column]) for column in columns]
            places.append((rows, columns))
            if len(asked) >= TEXTS_AT_ONCE:
                self._score(asked, places, found)
                asked, places = [], []
        self._score(asked, places, found)
        return place_chosen(first, chosen, found)

    def choose_candidates(
        self, users: Entities, items: Candidates[Tokens]
    ) -> tuple[FloatArray, BoolArray]:
        """Return the generator's scores, and bool of the same shape: what is ranked anew."""
        return choose_candidates(self.generator_, users, items, self.rerank)

    def report(self) -> dict[str, Any]:
        """Return base model, tuning, generator, what was measured, and the training."""
        facts, curve = self.fitted("facts_"), dict(self.log_["validation"])
        return self.base_model_ | {
            "tuning": self.tuning.value,
            "loss": self.loss.value,
            "generator": {"method": self.generator.value, "rerank": self.rerank},
            "generator_report": self.generator_.report(),
            **facts,
            "tuned_parameters": super().parameter_counts()[0],
            "total_parameters": self.parameter_counts()[1],
            "validation_before": curve[0],
            "validation_after": curve[self.log_["best_epoch"]],
            "training": self.log_,
        }

    def parameter_counts(self) -> tuple[int, int]:
        """Return (trained, all) parameters: of encoder and head, and of the generator."""
        trained, every = super().parameter_counts()
        own, others = self.generator_.parameter_counts()
        return trained + own, every + others

    def state(self) -> dict[str, Any]:
        """Return what was trained and what histories are read from; the model is found again."""
        from ...training.group_networks import state_of_groups
        from ...training.weights import to_arrays

        net = self.fitted("net_")
        return {
            "weights": to_arrays(net, trainable_only=True),
            "group_weights": state_of_groups(net),
            "generator": self.generator_.state(),
            "texts": np.array(self.texts_, dtype=object),
            "times": self.histories_.times,
            "base_model": self.base_model_,
            "log": self.log_,
            "facts": self.facts_,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Build the network on the same base model and set what ``state`` returned."""
        from ...training.group_networks import restore_groups
        from ...training.weights import from_arrays

        files = find_encoder(self.model, self.model_path)
        require_same_weights(files, state["base_model"])
        self._build(files, 0, Resources())
        from_arrays(self.net_, state["weights"])
        restore_groups(self.net_, state["group_weights"])
        self.generator_ = make_generator(self.generator, **self._encoder())
        self.generator_.restore(state["generator"])
        self._read([str(one) for one in state["texts"]], state["times"])
        self.base_model_, self.log_ = state["base_model"], state["log"]
        self.facts_ = state["facts"]

    def _build(self, files: ModelFiles, seed: int, resources: Resources) -> None:
        from ...training.seeding import seeded
        from .build import build_network

        with seeded(seed, resources.threads):
            self.net_, self.joiner_ = build_network(self, files, resources.device)

    def _read(self, texts: list[str], times: Any) -> None:
        tokens = [one[: self.item_tokens] for one in self.joiner_.encode(texts)]
        self.texts_, self.histories_ = texts, HistoryTexts(tokens, times, self.history_length)

    def _score(
        self,
        asked: list[JoinedText],
        places: list[tuple[list[int], list[int]]],
        found: FloatArray,
    ) -> None:
        """Write scores into rows and columns of ``found``, in the order in which they are asked."""
        scores, at = self.net_.score(asked), 0
        for rows, columns in places:
            found[np.ix_(rows, columns)] = scores[at : at + len(columns)]
            at += len(columns)

    def _split_weights(self, weights: "list[nn.Parameter]") -> list[dict[str, Any]]:
        head = {id(one) for one in self.net_.head.parameters()}
        return [
            {"params": [one for one in weights if id(one) not in head]},
            {
                "params": [one for one in weights if id(one) in head],
                "lr": self.head_learning_rate,
            },
        ]

    def _encoder(self) -> dict[str, str]:
        return {"model": self.encoder, "model_path": self.encoder_path}
