"""Popularity, predicted for new items from their sentence vectors and what else is known."""

from dataclasses import dataclass
from typing import ClassVar

from ..base import Family, Need
from ..item_content.popularity_regression import ContentPopularity
from .sentence_kernel import SentenceKernel


@dataclass
class TextPopularity(SentenceKernel, ContentPopularity):
    """Popularity regression whose kernel also compares frozen sentence vectors.

    Source: Saunders, Gammerman and Vovk, Ridge Regression Learning Algorithm in Dual Variables,
    1998; Reimers and Gurevych, Sentence-BERT, EMNLP 2019, section 3 (the vectors).
    Differs: as popularity_regression does, whose mean of kernels has one more member here.
    """

    family: ClassVar[Family] = Family.LANGUAGE_MODEL
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_TEXT})
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    exempt: ClassVar[dict[str, str]] = {
        "solves_both": "kinds of items differ too little in popularity there for so few users"
    }
