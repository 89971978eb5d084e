"""Popularity, predicted for new items from what is known of them."""

from dataclasses import dataclass
from typing import ClassVar

from ..base import Family, Need
from ..item_content.popularity_regression import ContentPopularity


@dataclass
class PopularityRegression(ContentPopularity):
    """Ridge regression from item content to log(1 + count); the same for every user.

    The rule: a training item scores the logarithm of its own count, which orders as the count
    does; a new item the value that is predicted from its attributes, words, graph and vectors.

    Source: Saunders, Gammerman and Vovk, Ridge Regression Learning Algorithm in Dual Variables,
    1998; lambda by leave-one-out, which for a regression around a mean has the closed form of
    Dubrule, Cross Validation of Kriging in a Unique Neighborhood, 1983.
    Differs: the kernel is the mean of one per input; the mean is that of generalised least
    squares. No validation is looked at.
    """

    family: ClassVar[Family] = Family.REFERENCE
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_CONTENT})
