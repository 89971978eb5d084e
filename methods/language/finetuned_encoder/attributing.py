"""What carries a score of the fine-tuned encoder, told by gradients."""

from typing import Any

import numpy as np

from ....datasets.arrays import DoubleArray
from ....datasets.world import Entities, Query
from ...base import Attribution, FactorMethod


class GradientAttribution(FactorMethod):
    """Gradients of a candidate's margin, times what was put in.

    Of the words of its text, integrated gradients: the mean gradient at the token embeddings on
    the way from a text of masks, one for each token, to the text, times the way. Of the history,
    gradient times input: the gradient at the items' vectors, times these.

    Source: Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, ICML 2017,
    equations 1 and 3; gradient times input is their sum with a single step.
    Differs: the way begins at the mask, which a masked language model knows as no word in
    particular, instead of at zero, and is taken at the output of the embedding layer, whose
    normalisation would undo most of a shorter vector. For the same reason a single step at the
    text itself says little of the words: the gradient of a model that normalises after each sum is
    almost at right angles to its embeddings.
    """

    prior_choice_: dict[str, float]

    def scale_priors(self, users: Entities) -> DoubleArray:
        """Return (users,): what the learned weight of the prior item is multiplied by."""
        # A warm user keeps the prior of training: what validation chose is for short histories.
        return np.where(users.known < 0, self.prior_choice_["prior_scale"], 1.0)

    def attribute(self, query: Query, item: int) -> Attribution:
        """Return the gradients' account of one candidate, under the weights of the query's group.

        Parameters
        ----------
        query
            One user and the candidates.
        item
            The candidate's place among them.
        """
        from .gradients import attribute_margin

        scorer: Any = self.fitted("groups_").get(query.group, self)
        return attribute_margin(scorer.scorer_, query, item, self.scale_priors(query.users))
