"""Ridge regression from frozen sentence vectors, and what else is known, to what users liked."""

from dataclasses import dataclass
from typing import ClassVar

from ..base import Family, Need
from ..item_content.ridge import ItemRidge
from .sentence_kernel import SentenceKernel


@dataclass
class TextRidge(SentenceKernel, ItemRidge):
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
