"""Scores that were trained to tell chosen items from as many others."""

import numpy as np

from ...datasets.arrays import FloatArray


class ClickScores:
    """Says yes or no of a pair: its score is the log odds that it was chosen."""

    def click_probability(self, scores: FloatArray) -> FloatArray:
        """Return float32: the probability of a choice behind each score, its sigmoid.

        As in training, with as many other items as chosen ones.
        """
        from scipy.special import expit

        return np.asarray(expit(scores), dtype=np.float32)
