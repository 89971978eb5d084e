"""Candidates whose texts resemble the texts of what the user liked."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ...datasets.arrays import FloatArray
from ...datasets.parameters import Range, parameter
from ...datasets.progress import ignore_progress
from ...datasets.side_information import Side
from ...datasets.world import Entities, Resources, TrainView
from ..base import Family, Method, Need
from ..neighbours import Similarities, compute_similarities
from ..texts import texts_of
from .text_encoder.encoder import (
    DEFAULT_MODEL,
    EncoderPrecision,
    SentenceEncoder,
    find_sentence_encoder,
    require_same_weights,
)


@dataclass
class TextKNN(Method):
    """Sum of the largest cosines between a candidate's sentence vector and the history's items.

    The encoder stays as it was published (zero-shot): this is the baseline of any fine-tuning.

    Source: Reimers and Gurevych, Sentence-BERT, EMNLP 2019, section 3 (sentence vectors compared
    by cosine); Wang et al., MiniLM, NeurIPS 2020 (the model's body).
    Differs: the paper compares pairs of sentences; here the k nearest items of a history vote
    with their similarity, as in content kNN. A user without history ties all candidates.
    """

    neighbours: int = parameter(
        20, "largest similarities that are summed", minimum=1, search=Range(1, 100, log=True)
    )
    model: str = parameter(DEFAULT_MODEL, "encoder, by its name on the hub")
    model_path: str = parameter("", "folder with the encoder's files, if it lies somewhere else")
    max_length: int = parameter(256, "tokens after which a text is cut", minimum=8)
    precision: EncoderPrecision = parameter(EncoderPrecision.FP32, "arithmetic of the encoder")

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    cold: ClassVar[frozenset[Side]] = frozenset({Side.ITEM})
    uses_support: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers", "numba")

    _resources = Resources()  # until fit has other ones
    _progress = staticmethod(ignore_progress)

    def fit(self, train: TrainView) -> Self:
        """Encode the texts of the training items."""
        self._resources = train.resources
        self._progress = train.progress  # type: ignore[assignment]
        encoder = self._encoder()
        self.base_model_ = encoder.files.as_json()
        self.vectors_ = encoder.encode(texts_of(train.items))
        return self

    def encode_items(self, items: Entities) -> Similarities:
        """Return the similarities of the candidates to the training items."""
        trained = self.fitted("vectors_")
        encoder = self._encoder()
        require_same_weights(encoder.files, self.base_model_)
        vectors = encoder.encode(texts_of(items))
        # Rows have length 1, so a product is a cosine.
        return compute_similarities(
            len(vectors), len(trained), lambda part: vectors[part] @ trained.T
        )

    def score_block(self, users: Entities, items: Similarities) -> FloatArray:
        """Return float32 (users, candidates); 0 for a user without history."""
        return items.sums(users.history, self.neighbours)

    def report(self) -> dict[str, Any]:
        """Return the base model: name, weights, year up to which it can have read."""
        return dict(self.fitted("base_model_"))

    def parameter_counts(self) -> tuple[int, int]:
        """Return (0, the encoder's parameters): nothing is trained."""
        return 0, int(self.fitted("base_model_")["model_parameters"])

    def _encoder(self) -> SentenceEncoder:
        return find_sentence_encoder(
            self.model,
            self.model_path,
            self.max_length,
            self.precision,
            self._resources,
            self._progress,
        )
