"""TIGER: the next item's semantic id is generated from those of the history."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray, LongArray
from ....datasets.errors import ColdbenchError
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import Family, Method, Need
from ...prior_choice import choose_prior, start_prior
from ...texts import texts_of
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
from .identifiers import AtomicNames, Identifier, TextualNames, restore_names
from .names import Called, Names, Unseen, describe_new
from .quantiser_settings import QuantiserSettings
from .semantic_names import SemanticNames
from .trie import Trie, build_trie

if TYPE_CHECKING:
    from .network import CodeNetwork

PRIORS = ({"prior_weight": 1.0}, {"prior_weight": 0.0}, {"prior_weight": 10.0})


@dataclass(frozen=True)
class Candidates:
    """What a query's items are called.

    Attributes
    ----------
    trie
        Of their tokens.
    log_share
        float32, (items,): of the probability of its tokens, what is each item's own.
    """

    trie: Trie
    log_share: FloatArray


_NUMBERS = 1 << 22
"""Most numbers in one array of states of the decoder: users are scored in blocks by it."""


@dataclass
class SemanticIds(QuantiserSettings, SentenceInputs, NetworkMethod, Method):
    """An encoder-decoder Transformer that generates the codes of the next item.

    An item is the tuple of codes that an RQ-VAE makes of its frozen sentence vector, which is
    trained on warm items alone; a candidate's score is the log probability of its tuple given the
    history's (``names.Names`` says how items of equal codes, and cold ones, share it). What is
    compared may be set apart: the ``identifier``, the ``quantiser``, the scale (``width``,
    ``layers``, ``hidden``) and the training, which is supervised here (next-item likelihood from
    random weights; no pretrained model and no reinforced fine-tuning).

    Source: Rajput et al., Recommender Systems with Generative Retrieval (TIGER), NeurIPS 2023,
    sections 3.1 (semantic ids), 3.2 (generation) and 4.3 (cold items).
    Differs: vectors of ``model`` instead of Sentence-T5, with at most one code per 8 warm items at
    each level (the paper has 256 codes for some 10,000 items); ``rq_vae.fit_rq_vae`` says what its
    training departs in. No beam: every candidate is scored exactly, its tokens given one after
    another, on the distinct beginnings of all tuples. The token against collisions is given where
    warm items collide, not to all, and is one of as many as collide. The paper adds unseen items
    whose codes were generated to a list, up to a share of it that is set by hand; here cold and
    warm items compete by their probabilities, and that of a cold item is taken of the codes that
    it shares with a warm one (``unseen=whole``: of all its codes, as in the paper). There is no
    user token. Normalised before each part with learned positions, not T5's relative ones; each
    place has a softmax of its own tokens. The paper has 4 layers, 6 heads of 64, hidden 1024 and
    200,000 steps; the default is smaller, for one core. ``shuffled`` of the sequences are in
    another random order in each epoch, since what is held out need not come last; ``targets`` of
    the items that follow are predicted from one encoded history. A new user's log probabilities
    are averaged with those of an empty history, which counts as ``prior_weight`` of the k items;
    validation chooses it among 0, 1 and 10 after training, and until then and without validation
    it is 1.
    """

    identifier: Identifier = parameter(
        Identifier.SEMANTIC,
        "semantic: codes of the text vector; textual: first words of the text; "
        "atomic: one token per warm item, at chance on cold ones",
        search=Choices(tuple(Identifier)),
    )
    unseen: Unseen = parameter(
        Unseen.PREFIX,
        "a cold item gets: prefix: the mean of the warm items with which it shares most codes; "
        "whole: that of its tuple",
        search=Choices(tuple(Unseen)),
    )
    title_words: int = parameter(5, "textual: first words of a text that are generated", minimum=1)
    width: int = parameter(64, "length of every vector", minimum=2, search=Choices((64, 128)))
    layers: int = parameter(1, "layers of encoder, and of decoder", minimum=1)
    heads: int = parameter(4, "attention heads; they divide the width", minimum=1)
    hidden: int = parameter(256, "inner width of the feed-forward nets", minimum=1)
    dropout: float = parameter(0.1, "dropout", minimum=0, maximum=0.9, search=Range(0.0, 0.5))
    length: int = parameter(20, "most items of a history, and the next ones", minimum=2)
    targets: int = parameter(8, "items predicted from one history; the paper: 1", minimum=1)
    shuffled: float = parameter(
        1.0,
        "share of the sequences that stand in a new random order in each epoch; 0: all by time",
        minimum=0,
        maximum=1,
        search=Choices((0.0, 0.5, 1.0)),
    )
    prior_weight: float | None = parameter(
        None, "items of a new user's history that weigh as much as an empty history", minimum=0
    )
    batch_size: int = parameter(128, "histories in a batch", minimum=2)
    learning_rate: float = parameter(
        3e-3, "step of Adam", minimum=0, search=Range(3e-4, 1e-2, log=True)
    )
    max_steps: int = limit_steps(1500)
    min_steps: int = delay_patience(200)
    patience_steps: int = limit_patience(300)
    validate_every_steps: int = space_validations(100)
    epochs: int | None = limit_epochs("the training users' sequences")

    _naming = False  # while fit runs, the cold items of the validation are described

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
            hidden=64,
            codes=8,
            levels=2,
            latent=8,
            quantiser_hidden=64,
            quantiser_batch_size=64,
            quantiser_steps=150,
            batch_size=32,
            learning_rate=3e-3,
            max_steps=200,
            min_steps=100,
            patience_steps=150,
            validate_every_steps=50,
        )

    def fit(self, train: TrainView) -> Self:
        """Name the items and train the network, stopped by validation."""
        from ...training.seeding import seeded
        from .batches import CodeBatches
        from .network import chance_loss

        vectors, texts = self.fit_sentences(train), texts_of(train.items)
        self.names_ = self._learn_names(train, texts, vectors)
        self.histories_, self.ranks_ = train.interactions.csr, rank_by_time(train.interactions)
        self.seed_ = train.seed
        self.order_ = HistoryOrder(self.histories_, self.ranks_, self.seed_)
        with seeded(train.seed, train.resources.threads):
            self.net_ = self._build()
        self.prior_choice_ = start_prior(self, PRIORS)
        self.new_names_: dict[str, Any] = {}
        self._naming = True
        batches = CodeBatches(
            self.histories_,
            self.ranks_,
            self.names_.tokens,
            self.names_.choices,
            self.length,
            self.shuffled,
            self.targets,
            self.batch_size,
            self.seed_,
        )
        chance = [chance_loss(batch, self.names_.ranges) for batch in batches(0)]
        self.log_ = self.train_with_adam(batches, train, float(np.mean(chance)))
        choose_prior(self, train, self.prior_choice_, PRIORS)
        self._naming = False
        vars(self).pop("_views", None)  # copies that still take note of names
        return self

    def _learn_names(self, train: TrainView, texts: list[str], vectors: FloatArray) -> Names:
        if self.identifier is Identifier.TEXTUAL:
            return TextualNames.learn(texts, self.title_words)
        if self.identifier is Identifier.ATOMIC:
            return AtomicNames(len(texts))
        threads = train.resources.threads
        return SemanticNames.learn(
            vectors, lambda rows: self.fit_quantiser(rows, train.seed, threads)
        )

    def name_items(self, items: Entities) -> Called:
        """Return the identifiers of items; cold ones get theirs, too."""
        names: Names = self.fitted("names_")
        vectors = self.encode_sentences(items)
        return names.name_all(items.known, texts_of(items), vectors, self.unseen)

    def encode_items(self, items: Entities) -> Candidates:
        """Return the candidates' identifiers as a trie."""
        called = self.name_items(items)
        new = called.take(np.flatnonzero(items.known < 0))
        if self._naming and len(new.tokens) > self.new_names_.get("items", 0):
            self.new_names_.update(describe_new(new))
        return Candidates(build_trie(called.tokens, called.choices), called.log_share)

    def score_block(self, users: Entities, items: Candidates) -> FloatArray:
        """Return float32 (users, candidates): log probability of each; see ``names.Names``."""
        entries = self.order_.arrange(users.history, users.known, self.length - 1)
        found = self._score_histories(entries, items.trie)
        sizes = np.diff(users.history.indptr)
        weight = self.prior_choice_["prior_weight"]
        joined = (users.known < 0) & (sizes > 0)
        if weight and joined.any():
            empty = self._score_histories(np.full((1, 0), NOTHING, dtype=np.int64), items.trie)
            share = (weight / (weight + sizes[joined])).astype(np.float32)[:, None]
            found[joined] = (1 - share) * found[joined] + share * empty
        found += items.log_share
        return found

    def _score_histories(self, entries: LongArray, items: Trie) -> FloatArray:
        import torch

        from ...training.weights import device_of
        from .batches import spell, take_end
        from .scoring import score_trie

        net = self.fitted("net_")
        sizes = (entries != NOTHING).sum(axis=1)
        history = torch.from_numpy(spell(self.names_.tokens, take_end(entries, sizes)))
        widest = max((len(level.tokens) for level in items.levels), default=1)
        read = 1 + history.shape[1] * history.shape[2]
        step = max(1, _NUMBERS // (widest * max(self.width, self.heads * read)))
        found = np.empty((len(entries), len(items.last_node)), dtype=np.float32)
        with torch.no_grad():
            for begin in range(0, len(entries), step):
                memory = net.encode(history[begin : begin + step].to(device_of(net)))
                found[begin : begin + step] = score_trie(net, memory, items).cpu().numpy()
        return found

    def report(self) -> dict[str, Any]:
        """Return base model, training and what is known of the identifiers.

        ``cold`` is about the most cold items that one validation task had at a time.
        """
        facts = self.fitted("names_").describe() | {"kind": self.identifier.value}
        if self.new_names_:
            facts["cold"] = self.new_names_
        return super().report() | {"identifiers": facts}

    def parameter_counts(self) -> tuple[int, int]:
        """Return (trained, all) parameters: network and quantiser; the frozen encoder, too."""
        trained, every = super().parameter_counts()
        own = self.names_.count_weights()
        return trained + own, every + own

    def extra_state(self) -> dict[str, Any]:
        """Return the base model, what names items, and the order of the training histories."""
        return {
            "base_model": self.base_model_,
            "names": self.names_.state(),
            "new_names": self.new_names_,
            "histories": self.histories_,
            "ranks": self.ranks_,
            "seed": self.seed_,
        }

    def rebuild_network(self, state: dict[str, Any]) -> "CodeNetwork":
        """Set what ``extra_state`` returned and return a network of the same sizes."""
        self.base_model_, self.histories_ = state["base_model"], state["histories"]
        self.ranks_, self.seed_ = state["ranks"], state["seed"]
        self.new_names_ = state["new_names"]
        self.names_ = restore_names(self.identifier, self.quantiser, state["names"])
        self.order_ = HistoryOrder(self.histories_, self.ranks_, self.seed_)
        return self._build()

    def _build(self) -> "CodeNetwork":
        from .network import CodeNetwork

        if self.width % self.heads:
            raise ColdbenchError(
                f"width = {self.width} cannot be divided among heads = {self.heads}; use a multiple"
            )
        return CodeNetwork(
            self.names_.ranges,
            self.length,
            self.width,
            self.layers,
            self.heads,
            self.hidden,
            self.dropout,
        )
