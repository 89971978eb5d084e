"""Cold items as a collaborative method sees them once users are simulated for them."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from ....datasets.arrays import CSR, FloatArray
from ....datasets.parameters import Choices, Range, parameter
from ....datasets.side_information import Side
from ....datasets.world import Entities, Resources, TrainView
from ...base import Family, Method, Need
from ...item_content.popularity_prior import (
    add_prior,
    choose_prior_weights,
    compute_shares,
    keep_known,
    report_prior,
)
from ...sparse_rows import binarise
from ...texts import texts_of
from ...training.seeding import numpy_generator
from ..collaborative_bases import Base, CollaborativeBase
from ..histories import order_by_time
from ..sentence_inputs import SentenceInputs
from ..text_encoder.encoder import require_same_weights
from ..yes_no.template import parse_template, read_template
from ..yes_no.tiny_model import describe_model, find_causal_model
from .asked_model import AskedModel
from .funnel import Filter, Funnel
from .refiner import Refiner
from .simulation import Simulation, label_users, train_classifier

PRIOR_WEIGHTS = (1.0, 0.1, 10.0)
"""Values that are tried where none is given."""


class Refine(str, Enum):
    """What is done with the users that the filter has found."""

    CLASSIFIER = "classifier"  # those stay to whom it says yes
    LANGUAGE_MODEL = "language_model"  # it reads the history and the item, and says yes or no
    RANKING = "ranking"  # the classifier's likeliest stay, as many for every item
    NONE = "none"  # the filter's likeliest stay


@dataclass(frozen=True)
class Simulated:
    """Candidates as the base takes them, and their popularity.

    Attributes
    ----------
    encoded
        What the base made of them.
    prior
        float32, (candidates,): the share of users who take each, counted or predicted.
    """

    encoded: Any
    prior: FloatArray


@dataclass
class SimulatedInteractions(SentenceInputs, AskedModel, Method):
    """Collaborative filtering in which likely users of a cold item stand for its interactions.

    Users who pass a filter on text vectors, and to whom a classifier says yes, become edges of the
    cold item; the base folds it in by them as by real ones.

    Source: Huang et al., Large Language Model Simulator for Cold-Start Recommendation (ColdLLM),
    WSDM 2025, arXiv 2402.09176; Huang et al., Large Language Model Interaction Simulator for
    Cold-Start Item Recommendation (LLM-InS), 2024: a trained filter, a refining model and an
    update of the recommender on real and simulated interactions.
    Differs: the papers refine with a fine-tuned LLaMA that reads the history as text, as
    ``refine=language_model`` does with any causal model or encoder-decoder; the default asks a
    logistic regression on seven features of a pair, made of frozen sentence vectors and
    interactions. Both learn from ``held_out`` of the training items, which a filter of the others
    treats as cold. The papers train two towers as the filter; here it is
    a ridge regression per user, in closed form. The papers train embeddings of cold items on
    the simulated interactions; here a new item is folded into the fitted base, in any query that
    brings it, also under ``side_information=transductive``: by the solve of its factor
    (implicit_als), by its neighbours (item_knn), or by the ridge regression of its edges on all
    training items (ease). Warm items and users are those of the base. Real support of an item is
    added to its simulated users. To every score is added ``prior_weight`` times the share of users
    who take the item, predicted from the text of a new one: it alone ranks for users without a
    history where the base is item_knn or ease. Base, ``refine`` and ``users`` were chosen by the
    mean over all tasks on the validation of ml-100k and hetrec-lastfm, seed 100.
    """

    base: Base = parameter(
        Base.IMPLICIT_ALS, "collaborative method that gets the edges", search=Choices(tuple(Base))
    )
    regularization: float | None = parameter(
        None,
        "lambda of implicit_als or ease, shrinkage of item_knn; None: the default of that method",
        minimum=1e-6,
    )
    filter: Filter = parameter(Filter.RIDGE, "how users are found for an item")
    refine: Refine = parameter(Refine.CLASSIFIER, "what is done with those found")
    users: int = parameter(
        20, "most simulated users of an item", minimum=1, search=Range(5, 500, log=True)
    )
    width: int = parameter(
        4,
        "unless none: times as many pass the filter",
        minimum=1,
        search=Range(1, 10),
    )
    held_out: float = parameter(
        0.2,
        "unless none: share of the training items that the refining model is trained on",
        above=0,
        below=1,
    )
    penalty: float = parameter(
        1.0, "for classifier and ranking: weight of the squared norm", minimum=1e-9
    )
    ridge: float = parameter(
        5.0, "lambda of the filter", minimum=1e-6, search=Range(0.1, 100, log=True)
    )
    rank: int = parameter(32, "leading directions of the interactions", minimum=0)
    prior_weight: float | None = parameter(
        None,
        "weight of the share of users who take an item; None tries 0.1, 1 and 10 on validation",
        minimum=0,
    )

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = (
        "torch", "transformers", "implicit", "peft", "pytorch_lightning",
    )  # fmt: skip

    def fit(self, train: TrainView) -> Self:
        """Fit base, filter and classifier on the training items, then the weight of the prior."""
        raw, matrix = self.fit_sentences(train), train.interactions.csr
        self.seed_ = train.seed
        self.base_fit_ = CollaborativeBase.fit(self.base, train, **self._base_settings())
        self.refiner_: Any = None
        if self.refine is not Refine.NONE:
            self.refiner_ = self._train_refiner(train, raw)
        self.funnel_ = self._funnel(raw, matrix)
        self.shares_ = compute_shares(train)
        self.prior_weights_ = (PRIOR_WEIGHTS[0], PRIOR_WEIGHTS[0])
        choose_prior_weights(self, train, self.prior_weight, PRIOR_WEIGHTS)
        return self

    def simulate(self, items: Entities) -> CSR:
        """Return CSR float32 (items, training users) of ones: simulated interactions of each."""
        self.fitted("funnel_")
        return self._draw(self.encode_sentences(items), items)

    def encode_items(self, items: Entities) -> Simulated:
        """Return the candidates as the base takes them; cold ones have simulated interactions."""
        matrix = self.fitted("funnel_").matrix
        cold = np.flatnonzero(items.known < 0)
        predicted = np.zeros(len(items))
        edges = items.history
        if len(cold):
            new = items.take(cold)
            raw = self.encode_sentences(new)
            predicted[cold] = self.funnel_.predict_shares(self.funnel_.move(raw))
            edges = _put_rows(edges, cold, binarise(new.history + self._draw(raw, new)))
        encoded = self.base_fit_.encode_items(items, edges, matrix)
        return Simulated(encoded, keep_known(items, self.shares_, predicted))

    def score_history(self, users: Entities, items: Simulated) -> FloatArray:
        """Return float32 (users, candidates): the base's scores."""
        return np.array(self.base_fit_.score_block(users, items.encoded), dtype=np.float32)

    def score_block(self, users: Entities, items: Simulated) -> FloatArray:
        """Return float32 (users, candidates): the base's scores, and the weighted prior."""
        return add_prior(self, users, items, self.score_history(users, items))

    def report(self) -> dict[str, Any]:
        """Return the sentence encoder, the base and what was chosen on validation."""
        weights = self.fitted("prior_weights_")
        asked = {"refiner": self.asked_ | self.refiner_.facts} if self._asks() else {}
        return super().report() | {
            "base": {"method": self.base.value} | self.base_fit_.method.report(),
            "prior_weight": report_prior(weights),
            **asked,
        }

    def parameter_counts(self) -> tuple[int, int]:
        """Return the numbers learned, and these with the encoder's parameters."""
        own = self.fitted("base_fit_").method.parameter_counts()[0]
        own += 0 if self.refiner_ is None else self.refiner_.parameter_count()
        given = ("centre", "vectors", "matrix")
        own += sum(v.size for name, v in self.funnel_.state().items() if name not in given)
        models = [self.fitted("base_model_"), *([self.asked_] if self._asks() else [])]
        return own, own + sum(int(one["model_parameters"]) for one in models)

    def state(self) -> dict[str, Any]:
        """Return what was learned as arrays and numbers."""
        refiner = self.refiner_
        return super().state() | {
            "base_fit_": self.fitted("base_fit_").state(),
            "funnel_": self.funnel_.state(),
            "refiner_": None if refiner is None else refiner.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Set what ``state`` returned."""
        super().restore(state)
        settings = self._base_settings()
        self.base_fit_ = CollaborativeBase.restored(self.base, state["base_fit_"], **settings)
        self.funnel_ = Funnel(**state["funnel_"])
        self.refiner_ = self._restore_refiner(state["refiner_"])

    def _asks(self) -> bool:
        return self.refine is Refine.LANGUAGE_MODEL

    def _base_settings(self) -> dict[str, float | None]:
        name = "shrinkage" if self.base is Base.ITEM_KNN else "regularization"
        return {name: self.regularization}

    def _simulation(self) -> Simulation:
        rejects = self.refine is not Refine.RANKING
        return Simulation(self.filter, self.users, self.width, self.seed_, rejects)

    def _draw(self, raw: FloatArray, items: Entities) -> CSR:
        return self._simulation().draw(self.funnel_, self.refiner_, raw, texts_of(items))

    def _funnel(self, raw: FloatArray, matrix: CSR) -> Funnel:
        return Funnel.of(raw, matrix, self.ridge, self.rank, self.seed_)

    def _train_refiner(self, train: TrainView, raw: FloatArray) -> Any:
        """Return what refines, trained on pairs with items that a filter has not seen."""
        matrix, texts = train.interactions.csr, texts_of(train.items)
        order = numpy_generator(self.seed_).permutation(len(raw))
        held, rest = np.split(order, [min(len(raw) - 1, round(len(raw) * self.held_out))])
        held, rest = np.sort(held), np.sort(rest)
        unseen = (
            self._simulation(),
            self._funnel(raw[rest], matrix[:, rest]),
            raw[held],
            matrix[:, held].T.tocsr(),
            [texts[one] for one in held],
        )
        if not self._asks():
            return train_classifier(*unseen, self.penalty)
        from .language_refiner import gather_pairs, open_refiner, tune_refiner

        files = find_causal_model(self.asked_model, self.asked_path, self.asked_revision)
        self.asked_ = describe_model(files)
        template, times = read_template(self.template), order_by_time(train.interactions)
        made = open_refiner(
            self, files, template, texts, times, matrix, train.seed, train.resources
        )
        tune_refiner(made, self, train, gather_pairs(held, label_users(*unseen)))
        return made

    def _restore_refiner(self, state: dict[str, Any] | None) -> Any:
        """Return what ``refiner_`` was."""
        if state is None or not self._asks():
            return None if state is None else Refiner(**state)
        from ...training.weights import from_arrays
        from .language_refiner import open_refiner

        files = find_causal_model(self.asked_model, self.asked_path, self.asked_revision)
        require_same_weights(files, self.asked_)
        name, text = state["template"]
        template, texts = parse_template(name, text, name), [str(one) for one in state["texts"]]
        matrix = self.funnel_.matrix
        made = open_refiner(self, files, template, texts, state["times"], matrix, 0, Resources())
        from_arrays(made.net, state["weights"])
        made.facts = state["facts"]
        return made


def _put_rows(matrix: CSR, rows: Any, new: CSR) -> CSR:
    """Return CSR with some rows replaced."""
    both = vstack([matrix, new], format="csr")
    at = np.arange(matrix.shape[0])
    at[rows] = matrix.shape[0] + np.arange(len(rows))
    found: CSR = csr_matrix(both[at])
    return found
