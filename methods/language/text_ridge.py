"""Ridge regression from frozen sentence vectors, and what else is known, to what users liked."""

from dataclasses import dataclass
from typing import ClassVar

from ...datasets.world import Entities, TrainView
from ..base import Family, Need
from ..item_content.inputs import CentredVectors, Rows
from ..item_content.ridge import ItemRidge
from .sentence_inputs import SentenceInputs


@dataclass
class TextRidge(SentenceInputs, ItemRidge):
    """Kernel ridge whose kernel also compares the sentence vectors of a frozen encoder.

    What fine-tuning must beat: the same encoder, solved in closed form. ``inputs=[]`` leaves the
    sentence vectors alone.

    Source: Saunders, Gammerman and Vovk, Ridge Regression Learning Algorithm in Dual Variables,
    1998; Reimers and Gurevych, Sentence-BERT, EMNLP 2019, section 3 (the vectors).
    Differs: as kernel_ridge does, whose mean of kernels has one more member here. The vectors are
    moved so that the training items' mean is the origin: what all texts share tells none apart.
    """

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers")

    def learn_inputs(self, train: TrainView) -> None:
        """Learn the inputs, encode the texts of the training items and learn their mean."""
        super().learn_inputs(train)
        self.sentence_mean_ = CentredVectors.of(self.fit_sentences(train)).mean

    def read_items(self, items: Entities) -> list[Rows]:
        """Return the rows of the inputs and the sentence vectors."""
        vectors = CentredVectors(self.sentence_mean_)(self.encode_sentences(items))
        return [*super().read_items(items), vectors]

    def parameter_counts(self) -> tuple[int, int]:
        """Return the numbers solved for, and these with the encoder's parameters."""
        own, _ = super().parameter_counts()
        return own, own + int(self.fitted("base_model_")["model_parameters"])
