"""Candidates whose texts resemble the texts of what the user liked."""

from dataclasses import dataclass
from typing import ClassVar, Self

from ...datasets.parameters import Range, parameter
from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..item_content.neighbour_method import NeighbourMethod
from ..neighbours import Similarities, compute_similarities
from .sentence_inputs import SentenceInputs


@dataclass
class TextKNN(SentenceInputs, NeighbourMethod):
    """Sum of the largest cosines between a candidate's sentence vector and the history's items.

    The encoder stays as it was published (zero-shot): this is the baseline of any fine-tuning.

    Source: Reimers and Gurevych, Sentence-BERT, EMNLP 2019, section 3 (sentence vectors compared
    by cosine); Wang et al., MiniLM, NeurIPS 2020 (the model's body).
    Differs: the paper compares pairs of sentences; here the k nearest items of a history vote
    with their similarity, as in content kNN; ``neighbourhood=item`` and the prior of a user
    without history are those of content kNN, too.
    """

    neighbours: int = parameter(
        20, "largest similarities that are summed", minimum=1, search=Range(1, 200, log=True)
    )

    version: ClassVar[int] = 2
    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "numba")

    def fit(self, train: TrainView) -> Self:
        """Encode the texts of the training items."""
        self.vectors_ = self.fit_sentences(train)
        self.fit_prior(train)
        return self

    def compare_items(self, items: Entities) -> Similarities:
        """Return the cosines of the candidates to the training items."""
        trained = self.fitted("vectors_")
        vectors = self.encode_sentences(items)
        # Rows have length 1, so a product is a cosine.
        return compute_similarities(
            len(vectors), len(trained), lambda part: vectors[part] @ trained.T
        )

    def parameter_counts(self) -> tuple[int, int]:
        """Return (0, the encoder's parameters): nothing is trained."""
        return 0, int(self.fitted("base_model_")["model_parameters"])
