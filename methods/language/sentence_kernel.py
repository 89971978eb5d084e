"""Frozen sentence vectors as one more input of the kernel methods."""

from dataclasses import dataclass

from ...datasets.world import Entities, TrainView
from ..item_content.inputs import CentredVectors, Rows
from ..item_content.kernel_method import KernelMethod
from .sentence_inputs import SentenceInputs


@dataclass
class SentenceKernel(SentenceInputs, KernelMethod):
    """A kernel method that also compares the sentence vectors of a frozen encoder.

    The vectors are moved so that the training items' mean is the origin: what all texts share
    tells none apart.
    """

    def learn_inputs(self, train: TrainView) -> None:
        """Learn the inputs, encode the texts of the training items and learn their mean."""
        super().learn_inputs(train)
        self.sentence_mean_ = CentredVectors.of(self.fit_sentences(train)).mean

    def read_items(self, items: Entities) -> list[Rows]:
        """Return the rows of the inputs and the sentence vectors."""
        vectors = CentredVectors(self.sentence_mean_)(self.encode_sentences(items))
        return [*super().read_items(items), vectors]
