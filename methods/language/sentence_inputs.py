"""What the methods on frozen sentence vectors share: the encoder and its facts."""

from dataclasses import dataclass
from typing import Any

from ...datasets.arrays import FloatArray
from ...datasets.parameters import parameter
from ...datasets.progress import ignore_progress
from ...datasets.world import Entities, Resources, TrainView
from ..texts import texts_of
from .text_encoder.encoder import (
    DEFAULT_MODEL,
    EncoderPrecision,
    SentenceEncoder,
    find_sentence_encoder,
    require_same_weights,
)


@dataclass
class SentenceInputs:
    """Settings of a frozen encoder, and the vectors that it gives; to be mixed into a method."""

    model: str = parameter(DEFAULT_MODEL, "encoder, by its name on the hub")
    model_path: str = parameter("", "folder with the encoder's files, if it lies somewhere else")
    max_length: int = parameter(256, "tokens after which a text is cut", minimum=8)
    text_prefix: str = parameter("", 'before every text, as e5 has "query: "', added=True)
    precision: EncoderPrecision = parameter(EncoderPrecision.FP32, "arithmetic of the encoder")

    _resources = Resources()  # until fit has other ones
    _progress = staticmethod(ignore_progress)

    def fit_sentences(self, train: TrainView) -> FloatArray:
        """Record the base model and return the training items' vectors, float32 (items, d)."""
        self._resources = train.resources
        self._progress = train.progress  # type: ignore[assignment]
        encoder = self._encoder()
        self.base_model_ = encoder.files.as_json()
        return encoder.encode(texts_of(train.items))

    def encode_sentences(self, items: Entities) -> FloatArray:
        """Return float32 (items, d), rows of length 1.

        Raises
        ------
        ColdbenchError
            When the encoder is not the one that the method was fitted with.
        """
        encoder = self._encoder()
        require_same_weights(encoder.files, self.base_model_)
        return encoder.encode(texts_of(items))

    def report(self) -> dict[str, Any]:
        """Return the base model (name, weights, year up to which it can have read), and the rest.

        Raises
        ------
        NotFittedError
            When ``fit`` has not run.
        """
        rest: dict[str, Any] = super().report()  # type: ignore[misc]
        return dict(self.base_model_) | rest

    def parameter_counts(self) -> tuple[int, int]:
        """Return (trained, all) parameters, the frozen encoder's included."""
        trained, every = super().parameter_counts()  # type: ignore[misc]
        return trained, every + int(self.fitted("base_model_")["model_parameters"])  # type: ignore[attr-defined]

    def _encoder(self) -> SentenceEncoder:
        return find_sentence_encoder(
            self.model,
            self.model_path,
            self.max_length,
            self.precision,
            self._resources,
            self._progress,
            self.text_prefix,
        )
