"""What a fitted method is given when it is updated with the data of a later time."""

from dataclasses import dataclass

from .arrays import BoolArray, IntArray


@dataclass(frozen=True)
class Update:
    """What an update learns from, and where the entities of the fit before have gone.

    Attributes
    ----------
    targets
        bool, (training interactions,): the pairs to learn from. The others are known all the
        same: they are in the histories. Where none is to be learned from, what was learned stays,
        for other histories and other items.
    users, items
        int32, (users,) and (items,): index in the training data of the fit before, -1 of one that
        is new.
    """

    targets: BoolArray
    users: IntArray
    items: IntArray
