"""The contract of a recommender: declare, fit, score."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..datasets.arrays import FloatArray, LongArray
from ..datasets.errors import IncompleteMethodError, NotApplicableError, NotFittedError
from ..datasets.side_information import Side
from ..datasets.update import Update
from ..datasets.world import Entities, Query, TrainView
from .state import load_state, save_state

NO_UPDATE = (
    "{} cannot be updated (it defines no update(train, update)); fit it anew in every period: "
    "scenario.update=scratch"
)


class Family(str, Enum):
    """The families that a leaderboard compares."""

    REFERENCE = "reference"
    COLLABORATIVE = "collaborative"
    CONTENT = "content"
    HYBRID = "hybrid"
    GRAPH = "graph"
    LANGUAGE_MODEL = "language_model"


class Need(str, Enum):
    """What a method cannot do without; checked before any training."""

    ITEM_FEATURES = "item_features"
    USER_FEATURES = "user_features"
    ITEM_TEXT = "item_text"
    USER_TEXT = "user_text"
    ITEM_VECTORS = "item_vectors"
    ITEM_CONTENT = "item_content"  # features, text, vectors or a graph: any of them
    ITEM_DATES = "item_dates"
    USER_VECTORS = "user_vectors"
    GRAPH = "graph"
    TIMESTAMPS = "timestamps"
    TRANSDUCTIVE = "transductive"


@dataclass(frozen=True)
class Attribution:
    """How much each part of what a method was shown adds to one candidate's margin.

    The margin is the candidate's score less the mean score of the other candidates.

    Attributes
    ----------
    history
        float32, (entries,): of each stored entry of the user's history, in its order.
    spans
        int64, (pieces, 2): where each piece of the candidate's text begins and ends, in characters;
        no rows for a method that reads no text.
    pieces
        float32, (pieces,).
    """

    history: FloatArray
    spans: LongArray
    pieces: FloatArray


class Method(ABC):
    """A recommender.

    A subclass is a dataclass whose fields are the hyper-parameters; it declares the class
    variables below and overrides ``fit`` and ``score_block`` (or ``score``). What ``fit`` learns
    goes into attributes whose names end in an underscore; ``__init__`` does no work.

    Attributes
    ----------
    version
        Raised when the same settings and data give other scores; part of every record.
    family
        Where the leaderboard lists it.
    reference
        True for the cheap baselines of every leaderboard: a method beats them only when its
        interval lies above each of theirs.
    cold
        The sides on which it claims to serve cold entities better than chance **without any
        support** (k = 0); conformance proves the claim on a planted dataset.
    uses_support
        True when the answer to a cold user depends on the k interactions that are shown.
    needs
        What the split must offer.
    requires
        Import names of the libraries it needs; where one is missing the method is listed as not
        offered.
    exempt
        Conformance checks that do not apply, each with its reason.
    """

    version: ClassVar[int] = 1
    family: ClassVar[Family]
    reference: ClassVar[bool] = False
    cold: ClassVar[frozenset[Side]] = frozenset()
    uses_support: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset()
    requires: ClassVar[tuple[str, ...]] = ()
    exempt: ClassVar[dict[str, str]] = {}

    def __new__(cls, *args: Any, **settings: Any) -> Self:
        """Make an instance of a class that defines what a method must.

        Raises
        ------
        IncompleteMethodError
            With what the class does not define; a TypeError, too.
        """
        missing = sorted(cls.__abstractmethods__)
        if cls.score is Method.score and cls.score_block is Method.score_block:
            missing.append("score_block")
        if missing:
            raise IncompleteMethodError(
                f"{cls.__name__} does not define {' and '.join(missing)}: a method defines fit, "
                f"and score_block or score; a FactorMethod fit, user_factors and item_factors"
            )
        return super().__new__(cls)

    @abstractmethod
    def fit(self, train: TrainView) -> Self:
        """Learn from the training data and return self; ``train`` is read-only."""

    def update(self, train: TrainView, update: Update) -> Self:
        """Learn on from what was fitted, with the data of a later time, and return self.

        Afterwards it answers as a method that was fitted on ``train`` does. What is random depends
        on ``train.seed``.

        Parameters
        ----------
        train
            The training data now, with its own ``validate``.
        update
            The pairs to learn from, and the earlier index of each user and item.

        Raises
        ------
        NotApplicableError
            When the class does not define how.
        """
        raise NotApplicableError(NO_UPDATE.format(type(self).__name__))

    def encode_items(self, items: Entities) -> Any:
        """Prepare a candidate set once; the result is passed to every ``score_block``."""
        return items

    def score_block(self, users: Entities, items: Any) -> FloatArray:
        """Return float32 scores (users, candidates), higher is better; finite.

        ``items`` is what ``encode_items`` returned.
        """
        return self.score(Query(users, items))

    def score(self, query: Query) -> FloatArray:
        """Return float32 scores (users, candidates) of a whole query, higher is better.

        A network answers with the weights that it keeps for the query's group.
        """
        answering = self.for_group(query.group)
        return answering.score_block(query.users, answering.encode_items(query.items))

    def for_group(self, group: str) -> "Method":
        """Return the method that answers the tasks of a group; by default this one.

        Parameters
        ----------
        group
            Who is cold: ``new_item``, ``new_user``, ``both`` or ``warm`` (``Query.group``). The
            evaluation asks the method that is returned for ``encode_items``, ``score_block`` and
            factors; candidates are encoded once for all groups that share one.
        """
        return self

    def attribute(self, query: Query, item: int) -> Attribution | None:
        """Return what carries a candidate's score by the method's own account; by default None.

        ``coldbench explain`` shows it next to what leaving out each part does.

        Parameters
        ----------
        query
            One user and the candidates.
        item
            The candidate's place among them.
        """
        return None

    def report(self) -> dict[str, Any]:
        """Return facts about the training worth recording, as plain JSON values."""
        return {}

    def parameter_counts(self) -> tuple[int, int]:
        """Return (trainable, all) parameters once fitted; by default the learned arrays."""
        sizes = sum(v.size for v in vars(self).values() if isinstance(v, np.ndarray))
        return sizes, sizes

    def state(self) -> dict[str, Any]:
        """Return the learned state as nested arrays, matrices, texts and numbers."""
        return {k: v for k, v in vars(self).items() if k.endswith("_")}

    def restore(self, state: dict[str, Any]) -> None:
        """Set the learned state from what ``state`` returned."""
        for name, value in state.items():
            setattr(self, name, value)

    def save(self, path: Path) -> None:
        """Write the learned state to one file, atomically; no code is pickled."""
        save_state(path, self.state())

    def load(self, path: Path) -> Self:
        """Read the learned state that ``save`` wrote and return self."""
        self.restore(load_state(path))
        return self

    def fitted(self, attribute: str) -> Any:
        """Return a learned attribute.

        Raises
        ------
        NotFittedError
            When ``fit`` has not run.
        """
        value = vars(self).get(attribute)
        if value is None:
            raise NotFittedError(
                f"{type(self).__name__} is not fitted: call fit(train) before score(query)"
            )
        return value


class FactorMethod(Method):
    """A method whose score is a dot product; the engine fuses it with masking and ranking.

    Biases go into an extra column: user factors end in 1, item factors in the bias.
    """

    @abstractmethod
    def user_factors(self, users: Entities) -> FloatArray:
        """Return float32 (users, d)."""

    @abstractmethod
    def item_factors(self, items: Entities) -> FloatArray:
        """Return float32 (candidates, d)."""

    def encode_items(self, items: Entities) -> FloatArray:
        """Return the candidates' factors."""
        return self.item_factors(items)

    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        """Return the product of user factors and candidate factors."""
        scores: FloatArray = self.user_factors(users) @ items.T
        return scores


Scorer = Callable[[Query], FloatArray]
