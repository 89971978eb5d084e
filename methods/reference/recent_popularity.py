"""Recent popularity: the baseline to beat where tastes move."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.parameters import Range, parameter
from ...datasets.side_information import Side
from ...datasets.world import Entities, TrainView
from ..base import Family, Method, Need
from ..known_entities import look_up_known

_DAY = 86_400.0


@dataclass
class RecentPopularity(Method):
    """Number of training interactions of an item, each halved per half-life of its age.

    Source: the time-decayed popularity of Ji, Sun, Zhang and Li, A Re-visit of the Popularity
    Baseline in Recommender Systems, 2020; the exponential weight of Ding and Li, Time Weight
    Collaborative Filtering, 2005, section 4.
    Differs: the age is continuous and measured from the newest training interaction, not from
    the moment of each test interaction. The default half-life was chosen on the validation part
    of movietweetings. An unknown item counts 0, and so does one whose every interaction is older
    than about 150 half-lives (the smallest float32): the evaluator's tie-break hash ranks them.
    """

    half_life: float = parameter(
        60.0,
        "days after which an interaction counts half",
        minimum=1e-3,
        search=Range(1, 2000, log=True),
    )

    family: ClassVar[Family] = Family.REFERENCE
    reference: ClassVar[bool] = True
    cold: ClassVar[frozenset[Side]] = frozenset({Side.USER})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TIMESTAMPS})

    def fit(self, train: TrainView) -> Self:
        """Sum the decayed interactions of each item."""
        pairs = train.interactions
        times = np.asarray(pairs.timestamps, dtype=np.int64)
        newest = times.max() if len(times) else 0
        # 2^(-age / half-life). Against the newest interaction, not today: the weights of an old
        # dataset would all be 0.
        weights = np.exp2((times - newest) / (_DAY * self.half_life))
        sums = np.bincount(pairs.items, weights=weights, minlength=len(train.items))
        self.counts_ = sums.astype(np.float32)
        return self

    def encode_items(self, items: Entities) -> FloatArray:
        """Return float32, (candidates,): decayed counts, 0 for an unknown item."""
        counts: FloatArray = look_up_known(items, self.fitted("counts_"))
        return counts

    def score_block(self, users: Entities, items: FloatArray) -> FloatArray:
        """Return the same float32 row of decayed counts for every user."""
        return np.tile(items, (len(users), 1))
