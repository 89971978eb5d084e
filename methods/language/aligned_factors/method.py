"""Factors of users and items that are aligned with the vectors of their texts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.errors import ColdbenchError
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import FactorMethod, Family, Need
from ...item_content.inputs import CentredVectors
from ...known_entities import look_up_known
from ...prior_choice import choose_prior, start_prior, try_priors
from ...shrunken_means import HistoryRegression
from ...sparse_rows import mean_rows
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ...training.network import NetworkMethod
from ..sentence_inputs import SentenceInputs
from .settings import Alignment

if TYPE_CHECKING:
    from .network import AlignedModule

PRIORS = try_priors("prior_weight", 10.0)


@dataclass
class AlignedFactors(SentenceInputs, NetworkMethod, FactorMethod):
    """A graph of interactions whose user and item vectors are aligned with text vectors.

    Source: Ren, Wei, Xia, Su, Cheng, Wang, Yin and Huang, Representation Learning with Large
    Language Models for Recommendation (RLMRec), WWW 2024: the contrastive objective (a net takes
    text vectors down to the factors, InfoNCE over the batch) and the generative one (factors of
    masked users and items, taken up to their text vectors); He et al., LightGCN, SIGIR 2020,
    equations 3 and 4 (propagation, and the mean of the layers). Temperature and masked share as in
    the authors' public settings.
    Differs: no language model writes profiles of users and items. The text vector of an item is the
    frozen sentence vector of its own text, moved so that the training items' mean is the origin;
    that of a user is the mean over its items. The paper serves warm users and items alone. Here the
    factor of a cold item is the mean of the training items' factors, each weighted by how likely
    the trained net makes it that the item has this text (the softmax that the objective itself is
    about): what is expected of a factor, given the text. Without an alignment all items are equally
    likely, and all cold items alike. A new user is the mean factor of the training users, moved by
    what the mean factor of its history's items tells of a user's: a least squares slope over the
    training users, times k / (k + ``prior_weight``) for k items; validation chooses
    ``prior_weight`` among 0.3, 1, 3, 10 and 30 after training; until then, and without validation,
    it is 10. A batch aligns its users and items against one another, each once; items not taken are
    drawn uniformly, one a pair; no edge is dropped; steps are fewer and larger than the authors',
    and end by the split's validation.
    """

    alignment: Alignment = parameter(
        Alignment.GENERATIVE,
        "how factors and text vectors are brought together",
        search=Choices((Alignment.CONTRASTIVE, Alignment.GENERATIVE)),
    )
    weight: float = parameter(
        0.1, "weight of the alignment", minimum=0, search=Range(0.01, 1, log=True)
    )
    temperature: float = parameter(
        0.2, "divisor of the cosines", minimum=0.01, search=Range(0.05, 1, log=True)
    )
    masked: float = parameter(
        0.1,
        "for generative: share of the users and items that are masked in a batch",
        minimum=0.01,
        maximum=0.9,
        search=Range(0.05, 0.3),
    )
    dim: int = parameter(64, "length of a factor", minimum=1, search=Choices((32, 64, 128)))
    layers: int = parameter(
        2, "propagations over the graph; 0 is matrix factorisation", minimum=0, search=Range(0, 4)
    )
    norm_weight: float = parameter(
        1e-4, "weight of the squared norms", minimum=0, search=Range(1e-7, 1e-2, log=True)
    )
    prior_weight: float | None = parameter(
        None,
        "history items that count as much as the mean user in a new user's factor",
        minimum=0,
    )
    batch_size: int = parameter(
        1024, "observed pairs in a batch", minimum=1, search=Choices((512, 1024, 4096))
    )
    learning_rate: float = parameter(
        0.005, "step of Adam", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    max_steps: int = limit_steps(3000)
    min_steps: int = delay_patience(500)
    patience_steps: int = limit_patience(1000)
    validate_every_steps: int = space_validations(50)
    epochs: int | None = limit_epochs("the observed pairs")

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Learn embeddings and the net between factors and texts.

        Raises
        ------
        ColdbenchError
            For a generative alignment without layers.
        """
        from ...training.seeding import seeded
        from .batches import AlignedBatches

        if self.alignment is Alignment.GENERATIVE and not self.layers:
            raise ColdbenchError(
                "layers = 0 leaves nothing of a masked user or item to rebuild its text from; "
                "set method.layers to 1 or more, or method.alignment=contrastive"
            )
        vectors = self.fit_sentences(train)
        centre = CentredVectors.of(vectors)
        self.sentence_mean_, self.item_text_ = centre.mean, centre(vectors)
        self.histories_ = train.interactions.csr
        with seeded(train.seed):
            self.net_ = self._build()
        self.net_.set_losses(self.weight, self.temperature, self.norm_weight)
        batches = AlignedBatches(
            self.histories_, self.alignment, self.masked, self.batch_size, train.seed
        )
        self.prior_choice_ = start_prior(self, PRIORS)
        self.log_ = self.train_with_adam(batches, train, batches.chance_loss(self.weight))
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, dim): the factor, or the mean user joined by the history."""
        own, items = self._factors()
        vectors: FloatArray = look_up_known(users, own)
        cold = np.flatnonzero(users.known < 0)
        if len(cold):
            told = HistoryRegression.of(own, self.histories_, items)
            vectors[cold] = told(users.history[cold], items, self.prior_choice_["prior_weight"])
        return vectors

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, dim): the factor, or what a cold item's text tells of it."""
        import torch

        from ...training.weights import device_of

        vectors: FloatArray = look_up_known(items, self._factors()[1])
        cold = np.flatnonzero(items.known < 0)
        if len(cold):
            text = CentredVectors(self.sentence_mean_)(self.encode_sentences(items.take(cold)))
            with torch.no_grad():
                tensor = torch.from_numpy(text).to(device_of(self.net_))
                vectors[cold] = self.net_.likely_factors(tensor).cpu().numpy()
        return vectors

    def extra_state(self) -> dict[str, Any]:
        """Return the base model, the training items' texts and the training histories."""
        return {
            "base_model": self.base_model_,
            "sentence_mean": self.sentence_mean_,
            "item_text": self.item_text_,
            "histories": self.histories_,
        }

    def rebuild_network(self, state: dict[str, Any]) -> "AlignedModule":
        """Set what ``extra_state`` returned and return a network of the same sizes."""
        self.base_model_, self.sentence_mean_ = state["base_model"], state["sentence_mean"]
        self.item_text_, self.histories_ = state["item_text"], state["histories"]
        network = self._build()
        network.set_losses(self.weight, self.temperature, self.norm_weight)
        return network

    def _factors(self) -> tuple[FloatArray, FloatArray]:
        """Return float32 (training users, dim) and (training items, dim)."""
        import torch

        with torch.no_grad():
            users, items = self.fitted("net_").vectors()
        return users.cpu().numpy(), items.cpu().numpy()

    def _build(self) -> "AlignedModule":
        from .network import AlignedModule

        means = mean_rows(self.histories_, self.item_text_)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        users = (means / np.where(lengths > 1e-6, lengths, 1)).astype(np.float32)
        texts = (users, self.item_text_)
        return AlignedModule(self.histories_, texts, self.dim, self.layers, self.alignment)
