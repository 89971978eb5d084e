"""What carries a score of the fine-tuned encoder, told by gradients."""

from typing import Any

import numpy as np

from ....datasets.arrays import DoubleArray
from ....datasets.world import Entities, Query
from ...base import Attribution, FactorMethod


class GradientAttribution(FactorMethod):
    """Gradients of a candidate's margin, times what was put in.

    Of the words of its text, integrated gradients: the mean gradient at the token embeddings on
    the way from a text without words (vectors of the vocabulary 0, places kept), times the way.
    Of the history, gradient times input: the gradient at the items' vectors, times these.

    Source: Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, ICML 2017,
    equations 1 and 3; gradient times input is their sum with a single step.
    Differs: the way begins at the output of the embedding layer, whose normalisation would undo
    most of a shorter vector; for the same reason a single step at the text itself, whose gradient
    is almost at right angles to the embeddings of a model that normalises after each sum, says
    little of the words.
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
