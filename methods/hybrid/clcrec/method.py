"""CLCRec: an item's id embedding against the encoding of its content and of other items'."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, TrainView
from ...base import FactorMethod, Family, Need
from ...known_entities import look_up_known
from ...prior_choice import choose_prior, start_prior, try_priors
from ...shrunken_means import HistoryRegression
from ...training.budget import (
    delay_patience,
    limit_epochs,
    limit_patience,
    limit_steps,
    space_validations,
)
from ...training.network import NetworkMethod
from ..entity_blocks import encode_in_blocks

if TYPE_CHECKING:
    from .network import CLCRecModule

PRIORS = try_priors("prior_weight", 10.0)


@dataclass
class CLCRec(NetworkMethod, FactorMethod):
    """Contrastive learning between users, item id embeddings and encoded content.

    Source: Wei, Wang, Li, Nie, Li, Li and Chua, Contrastive Learning for Cold-start
    Recommendation, ACM Multimedia 2021; encoder and first weights as in the authors' public code.
    Differs: the settings are those that hold on the validation of four datasets
    (results/defaults/clcrec.csv); the authors' for MovieLens are ``clcrec_paper``. Their weight of
    0.1 on the norms shrinks embeddings to nothing on most of our data, and the loss stays at chance
    level (``chance_loss`` in the report, next to ``kept_loss``). The pairs of a batch share
    ``negatives`` sampled items instead of drawing their own, an item shows its id embedding or its
    content to all of them, and sampled items that a user is known to like are masked out for that
    user. Content with more than ``content_rank`` columns is reduced to singular directions. Epochs
    end by the split's validation. The paper has no new users: here one is the mean embedding of the
    training users, moved by what the mean id embedding of its history's items tells of an
    embedding: a least squares slope over the training users, times k / (k + ``prior_weight``) for k
    items, so that support joins the prior. Validation chooses ``prior_weight`` among 0.3, 1, 3, 10
    and 30, after training; until then, and without validation, it is 10.
    """

    dim: int = parameter(64, "length of every embedding", minimum=1, search=Choices((32, 64, 128)))
    hidden: int = parameter(
        256, "width of the encoder's hidden layer", minimum=1, search=Choices((128, 256, 512))
    )
    temperature: float = parameter(
        2.8, "divisor of all scores in the losses", minimum=1e-3, search=Range(0.05, 5, log=True)
    )
    balance: float = parameter(
        0.37,
        "weight of the loss between id embedding and content; the rest goes to users and items",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    mixed: float = parameter(
        0.45,
        "probability that an item shows users its content instead of its id embedding",
        minimum=0,
        maximum=1,
        search=Range(0.1, 0.9),
    )
    norm_weight: float = parameter(
        0.0066,
        "weight of the mean length of the embeddings",
        minimum=0,
        search=Range(1e-4, 1, log=True),
    )
    negatives: int = parameter(
        128, "sampled items in a batch", minimum=1, search=Choices((128, 256, 512, 1024))
    )
    prior_weight: float | None = parameter(
        None,
        "history items that count as much as the mean user in a new user's embedding",
        minimum=0,
    )
    content_rank: int = parameter(
        300, "content with more columns is reduced to this many directions", minimum=1
    )
    batch_size: int = parameter(
        256, "observed pairs in a batch", minimum=1, search=Choices((128, 256, 1024))
    )
    learning_rate: float = parameter(
        0.0049, "step of Adam", minimum=0, search=Range(1e-4, 1e-2, log=True)
    )
    max_steps: int = limit_steps(4000)
    min_steps: int = delay_patience(500)
    patience_steps: int = limit_patience(1000)
    validate_every_steps: int = space_validations(50)
    epochs: int | None = limit_epochs("the observed pairs")

    version: ClassVar[int] = 3
    family: ClassVar[Family] = Family.HYBRID
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_FEATURES})
    requires: ClassVar[tuple[str, ...]] = ("torch", "pytorch_lightning")

    def fit(self, train: TrainView) -> Self:
        """Learn embeddings and encoder from observed pairs against sampled items."""
        from ...training.seeding import seeded
        from ..content_inputs import ContentInputs, TrainingContent
        from .batches import ContrastiveBatches

        features = train.items.features
        self.histories_ = train.users.history
        self.content_ = ContentInputs.of(features, self.content_rank, train.seed)
        sizes = (len(train.users), len(train.items), self.content_.width(features))
        with seeded(train.seed):
            self.net_ = self._build(sizes)
        self.net_.set_losses(self.temperature, self.balance, self.norm_weight)
        batches = ContrastiveBatches(
            train.interactions,
            TrainingContent(features, self.content_),
            self.negatives,
            self.mixed,
            self.batch_size,
            train.seed,
        )
        chance = batches.chance_loss(self.balance)
        self.prior_choice_ = start_prior(self, PRIORS)
        log = self.train_with_adam(batches, train, chance)
        kept = {"kept_loss": log["losses"][log["best_epoch"] - 1]}
        self.log_ = log | kept | {"chance_loss": chance}
        choose_prior(self, train, self.prior_choice_, PRIORS)
        return self

    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, dim): the id embedding, or the mean user joined by the history."""
        net = self.fitted("net_")
        own = net.users.weight.detach().cpu().numpy()
        vectors: FloatArray = look_up_known(users, own)
        cold = np.flatnonzero(users.known < 0)
        if len(cold):
            # A user's embedding is trained to have large products with those of its items: their
            # mean points in that direction.
            items = net.items.weight.detach().cpu().numpy()
            told = HistoryRegression.of(own, self.histories_, items)
            vectors[cold] = told(users.history[cold], items, self.prior_choice_["prior_weight"])
        return vectors

    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, dim): the id embedding, or a new item's encoded content."""
        net = self.fitted("net_")
        vectors: FloatArray = look_up_known(items, net.items.weight.detach().cpu().numpy())
        cold = np.flatnonzero(items.known < 0)
        features = items.features[cold]
        vectors[cold] = encode_in_blocks(
            net, (len(cold), self.dim), lambda at: [self.content_(features[at])], net.encode
        )
        return vectors

    def extra_state(self) -> dict[str, Any]:
        """Return sizes, the reduction of the content, and the training users' histories."""
        return {
            "sizes": self.net_.sizes,
            "content": asdict(self.content_),
            "histories": self.histories_,
        }

    def rebuild_network(self, state: dict[str, Any]) -> "CLCRecModule":
        """Set what else ``extra_state`` returned and return a network of the same sizes."""
        from ..content_inputs import ContentInputs, Standardiser

        self.histories_ = state["histories"]
        content = state["content"]
        scale = content["scale"] and Standardiser(**content["scale"])
        self.content_ = ContentInputs(content["directions"], scale)
        return self._build(state["sizes"])

    def _build(self, sizes: tuple[int, int, int]) -> "CLCRecModule":
        from .network import CLCRecModule

        return CLCRecModule(sizes, self.dim, self.hidden)
