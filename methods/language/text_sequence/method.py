"""UniSRec: a user is the sequence of the text vectors of what the history holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.errors import ColdbenchError
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import FactorMethod, Family, Need
from ...prior_choice import choose_prior, start_prior, try_priors
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ...training.network import NetworkMethod
from ..histories import NOTHING, HistoryOrder, rank_by_time
from ..sentence_inputs import SentenceInputs
from .transferred import Tuned, open_weights

if TYPE_CHECKING:
    from .network import SequenceNetwork

PRIORS = try_priors("prior_weight", 10.0)
_USERS = 512
"""Sequences that go through the Transformer at a time when it scores."""


@dataclass
class TextSequence(SentenceInputs, NetworkMethod, FactorMethod):
    """A Transformer over the adapted text vectors of a history, against those of candidates.

    There is no embedding of any id (the paper's inductive variant): items and users are encoded in
    the same way whether they are cold or warm. A sequence begins with a learned vector, which alone
    stands for a user without history.

    Source: Hou, Mu, Zhao, Li, Ding and Wen, Towards Universal Sequence Representation Learning for
    Recommender Systems (UniSRec), KDD 2022, equations 2 to 6 (whitening, experts, Transformer), 8
    (sequence and item) and 9 (two forms of a sequence, in pre-training), section 2.3 (fine-tuning).
    Differs: each place of a sequence is trained at once, by a causal mask, instead of each prefix
    by itself; a softmax has the distinct items of the batch as candidates, corrected by the log
    probability of being among them, without other items of the same user. The paper's sequences are
    in order of time and their next item is predicted. Here ``shuffled`` of them are in another
    random order in each epoch, so that any other item is predicted from any part of a history:
    under a random split what is held out need not come last. A history says which items a new user
    took and not when: its order is then a seeded one, and so is every order where the data has no
    times. A new user's vector is that of the sequence plus ``prior_weight`` / k times that of an
    empty one, for k items, so that support joins the prior; validation chooses it among 0.3, 1, 3,
    10 and 30 after training; until then, and without validation, it is 10. Where the scenario has
    a source (``transfer``), the network is first trained there, on one dataset instead of the
    paper's five, for as long as the target's validation says; then all of it, or its adaptor, on
    the target, beginning with what pre-training has kept. The paper has
    width 300; dropout and ``shuffled`` were compared on the validation of ml-100k, seed 100, in
    trainings of 300 steps.
    """

    width: int = parameter(128, "length of every vector", minimum=2, search=Choices((64, 128, 300)))
    experts: int = parameter(8, "whitening projections that are mixed", minimum=1)
    layers: int = parameter(2, "layers of the Transformer", minimum=1, search=Choices((1, 2, 3)))
    heads: int = parameter(2, "attention heads; they divide the width", minimum=1)
    hidden: int = parameter(256, "inner width of the feed-forward nets", minimum=1)
    dropout: float = parameter(
        0.5,
        "dropout in the Transformer",
        minimum=0,
        maximum=0.9,
        search=Range(0.0, 0.6),
    )
    adaptor_dropout: float = parameter(
        0.2, "dropout of the text vectors", minimum=0, maximum=0.9, search=Range(0.0, 0.5)
    )
    temperature: float = parameter(
        0.07, "divisor of the cosines", minimum=0.01, search=Range(0.03, 0.2, log=True)
    )
    length: int = parameter(50, "places of a sequence, its beginning among them", minimum=2)
    shuffled: float = parameter(
        1.0,
        "share of the sequences that stand in a new random order in each epoch; 0: all by time",
        minimum=0,
        maximum=1,
        search=Choices((0.0, 0.5, 1.0)),
    )
    prior_weight: float | None = parameter(
        None,
        "items of a new user's history that weigh as much as what is known without any",
        minimum=0,
    )
    pretrain_steps: int = parameter(
        1000, "most steps on another dataset, where the scenario has a source; 0: none", minimum=0
    )
    tuned: Tuned = parameter(Tuned.FULL, "what is trained on the target after pre-training")
    contrast: float = parameter(
        1e-3, "pre-training: weight of the loss between two forms of a sequence", minimum=0
    )
    dropped: float = parameter(
        0.2,
        "pre-training: share of items, or of words, that the second form lacks",
        minimum=0,
        maximum=0.9,
    )
    batch_size: int = parameter(64, "sequences in a batch", minimum=2)
    learning_rate: float = parameter(
        1e-3, "step of Adam", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    max_steps: int = limit_steps(3000)
    min_steps: int = delay_patience(200)
    patience_steps: int = limit_patience(400)
    validate_every_steps: int = space_validations(50)
    epochs: int | None = limit_epochs("the training pairs")

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "pytorch_lightning")

    @classmethod
    def small(cls) -> Self:
        """Return cheap settings that still learn a small world."""
        return cls(
            width=32,
            experts=2,
            layers=1,
            hidden=64,
            dropout=0.1,
            batch_size=32,
            length=20,
            max_steps=300,
            min_steps=100,
            patience_steps=100,
        )

    def fit(self, train: TrainView) -> Self:
        """Train adaptor and Transformer, stopped by validation."""
        from ...training.seeding import seeded
        from .training import make_batches, pretrain, train_on

        self.item_text_ = self.fit_sentences(train)
        self.histories_, self.ranks_ = train.interactions.csr, rank_by_time(train.interactions)
        self.seed_ = train.seed
        self.order_ = HistoryOrder(self.histories_, self.ranks_, self.seed_)
        with seeded(train.seed, train.resources.threads):
            self.net_ = self._build(self.item_text_.shape[1])
        self.prior_choice_ = start_prior(self, PRIORS)
        self.pretraining_: dict[str, Any] = {}
        if train.source is not None and self.pretrain_steps:
            self.pretraining_ = pretrain(self, train, train.source)
            open_weights(self.net_, self.tuned)
        else:
            self.net_.adaptor.start_at(self.item_text_.mean(axis=0))
        self.log_ = train_on(self, train, make_batches(self, train, self.item_text_))
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, width) of length 1, from the candidates' texts."""
        import torch

        net = self.fitted("net_")
        with torch.no_grad():
            return _numpy(net.items(_tensor(self.encode_sentences(items), net)))

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, width) of length 1, from the users' histories."""
        import torch

        net = self.fitted("net_")
        entries = self.order_.arrange(users.history, users.known, self.length - 1)
        some = np.unique(entries[entries != NOTHING])
        places = np.where(entries != NOTHING, np.searchsorted(some, entries), NOTHING)
        with torch.no_grad():
            adapted = net.adapt(_tensor(self.item_text_[some], net))
            parts = _tensor(places, net).split(_USERS)
            made = torch.cat([net.users(adapted, part) for part in parts])
            empty = net.users(adapted, _tensor(np.zeros((1, 0), dtype=np.int64), net))
        vectors = _numpy(made)
        sizes = np.diff(users.history.indptr)
        joined = (users.known < 0) & (sizes > 0)
        weight = self.prior_choice_["prior_weight"] / sizes[joined]
        mixed = vectors[joined] + weight[:, None] * _numpy(empty)
        vectors[joined] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return vectors

    def report(self) -> dict[str, Any]:
        """Return base model and training, and the validation before, between and after.

        ``validation_before`` is that of the untrained network, ``validation_pretrained`` that after
        pre-training alone (on the target, of which nothing was trained yet), where there was any,
        and ``validation_after`` that of what training has kept.
        """
        from ...training.adequacy import join_adequacy

        log, before = self.fitted("log_"), self.fitted("pretraining_")
        curve = dict(log["validation"])
        found = {"validation_before": curve[0], "validation_after": curve[log["best_epoch"]]}
        training = log
        if before:
            parts = {"pre-training": before["adequacy"], "training": log["adequacy"]}
            training = log | {"adequacy": join_adequacy(parts)}
            found |= {"validation_pretrained": curve[0], "pretraining": before}
            found |= {"validation_before": dict(before["validation"])[0]}
        return super().report() | found | {"training": training}

    def extra_state(self) -> dict[str, Any]:
        """Return the base model, text vectors and order of the training histories."""
        return {
            "base_model": self.base_model_,
            "item_text": self.item_text_,
            "histories": self.histories_,
            "ranks": self.ranks_,
            "seed": self.seed_,
            "pretraining": self.pretraining_,
        }

    def rebuild_network(self, state: dict[str, Any]) -> "SequenceNetwork":
        """Set what ``extra_state`` returned and return a network of the same sizes."""
        self.base_model_, self.item_text_ = state["base_model"], state["item_text"]
        self.histories_, self.ranks_ = state["histories"], state["ranks"]
        self.seed_, self.pretraining_ = state["seed"], state["pretraining"]
        self.order_ = HistoryOrder(self.histories_, self.ranks_, self.seed_)
        network = self._build(self.item_text_.shape[1])
        if self.pretraining_:
            open_weights(network, self.tuned)
        return network

    def _build(self, inputs: int) -> "SequenceNetwork":
        from .network import SequenceNetwork

        if self.width % self.heads:
            raise ColdbenchError(
                f"width = {self.width} cannot be divided among heads = {self.heads}; use a multiple"
            )
        return SequenceNetwork(
            inputs,
            self.width,
            self.experts,
            self.layers,
            self.heads,
            self.hidden,
            self.dropout,
            self.adaptor_dropout,
            self.length,
            self.temperature,
        )


def _tensor(array: np.ndarray, net: Any) -> Any:
    import torch

    from ...training.weights import device_of

    return torch.tensor(array, device=device_of(net))


def _numpy(tensor: Any) -> FloatArray:
    array: FloatArray = tensor.cpu().numpy()
    return array
