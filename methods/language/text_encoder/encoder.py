"""Sentence vectors of a pretrained encoder, cached by the content of each text."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ....datasets.arrays import FloatArray
from ....datasets.errors import ColdbenchError
from ....datasets.hashing import hash_content
from ....datasets.progress import Progress, Tally, ignore_progress
from ....datasets.world import Resources
from .model_files import MINILM, TOKENIZER, ModelFiles, find_model
from .pooling import Pooling, read_pooling
from .vector_store import VectorStore

DEFAULT_MODEL = MINILM.name
_POOLED = {Pooling.MEAN: "mean of tokens", Pooling.FIRST: "first token"}


class EncoderPrecision(str, Enum):
    """Arithmetic of the encoder's matrix products."""

    FP32 = "fp32"
    BF16 = "bf16"


@dataclass(frozen=True)
class SentenceEncoder:
    """A frozen encoder: mean of the last hidden states over the tokens, scaled to length 1.

    Or the state of the first token, where the encoder's files say so.

    Source: Reimers and Gurevych, Sentence-BERT, EMNLP 2019, section 3.

    Attributes
    ----------
    files
        The model.
    max_length
        Tokens after which a text is cut.
    precision
        ``fp32`` for anything reported: ``bf16`` moves a vector by a cosine of up to 1e-4, enough
        to change ranks.
    resources
        Threads and device.
    prefix
        Before every text, as some encoders were trained with: ``"query: "``.
    progress
        Told how many of the new texts are encoded.
    """

    files: ModelFiles
    max_length: int = 256
    precision: EncoderPrecision = EncoderPrecision.FP32
    resources: Resources = field(default_factory=Resources)
    progress: Progress = ignore_progress
    prefix: str = ""

    @property
    def space(self) -> str:
        """Hash of all that decides a vector but its text."""
        around = [
            hashlib.sha256(path.read_bytes()).hexdigest()
            for name in ("config.json", *TOKENIZER)
            if (path := self.files.folder / name).is_file()
        ]
        padded = ("padded by a sixteenth",) if self.precision is EncoderPrecision.BF16 else ()
        pooled = _POOLED[read_pooling(self.files.folder)]
        settings = (f"{pooled}, unit length", self.max_length, self.precision, *padded)
        return hash_content(self.files.sha256, around, settings)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (texts, d) of length 1; only texts never seen before are computed.

        A vector depends on its text alone, not on the other texts or their order.
        """
        tally = Tally(self.progress, "text")
        return VectorStore(self.space).vectors(
            [self.prefix + text for text in texts],
            lambda new: self._compute(new, tally),
            tally.expect,
        )

    def _compute(self, texts: list[str], tally: Tally | None = None) -> FloatArray:
        from ...training.seeding import seeded
        from .transformer import encode_texts, load_frozen_encoder

        device, exact = self.resources.device, self.precision is EncoderPrecision.FP32
        with seeded(0, self.resources.threads):
            net = load_frozen_encoder(str(self.files.folder), self.files.sha256, exact, device)
            told = (tally or Tally(ignore_progress, "text")).add
            return encode_texts(net, texts, self.max_length, told)


def find_sentence_encoder(
    model: str,
    model_path: str,
    max_length: int,
    precision: EncoderPrecision = EncoderPrecision.FP32,
    resources: Resources | None = None,
    progress: Progress = ignore_progress,
    prefix: str = "",
) -> SentenceEncoder:
    """Find an encoder by the settings that text methods share."""
    files, resources = find_model(model, model_path), resources or Resources()
    return SentenceEncoder(files, max_length, precision, resources, progress, prefix)


def require_same_weights(files: ModelFiles, recorded: Mapping[str, Any]) -> None:
    """Refuse to go on with another base model than the one a method was fitted with."""
    if files.sha256 != recorded["weights_sha256"]:
        raise ColdbenchError(
            f"fitted on an encoder with weights {recorded['weights_sha256']}, but {files.name} "
            f"now has {files.sha256} ({files.source}); fit again"
        )
