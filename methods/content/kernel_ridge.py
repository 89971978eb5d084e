"""Ridge regression from attributes, words and graph of the items to what each user liked."""

from dataclasses import dataclass
from typing import ClassVar

from ..base import Family, Need
from ..item_content.ridge import ItemRidge


@dataclass
class KernelRidge(ItemRidge):
    """One ridge regression per user, from item content to the history, solved in dual form.

    Source: Saunders, Gammerman and Vovk, Ridge Regression Learning Algorithm in Dual Variables,
    1998: prediction y' (K + lambda I)^-1 k.
    Differs: the target is the whole training column of a user, 0 where nothing was observed, so
    one Cholesky factor serves all users and k-shot users too. The kernel is the mean of one per
    input (attributes, words, graph, vectors of the dataset). To every user's column is added
    the mean user's (``prior_weight`` times, more by a tenth for every item of the history), so
    that a user without history is served: by the share of users who took an item, for a new item
    as the same regression around its mean predicts it. For ratings each user has a regression of
    its own on its rated items, on the deviations from its damped mean.
    """

    version: ClassVar[int] = 2
    family: ClassVar[Family] = Family.CONTENT
    reference: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_CONTENT})
