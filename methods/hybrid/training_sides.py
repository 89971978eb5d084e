"""The warm entities of one side and what DropoutNet and Heater draw of them while they train."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...datasets.arrays import FloatArray
from ...datasets.world import Entities
from ..training.histories import short_histories
from .content_inputs import TrainingContent
from .side_inputs import SideInputs


@dataclass
class TrainingSide:
    """The warm entities of one side and their inputs.

    Attributes
    ----------
    warm
        The entities.
    inputs
        Pretrained factors, factors made of histories, and content.
    """

    warm: Entities
    inputs: SideInputs

    def draw_history_factors(self, longest: int, rng: np.random.Generator) -> FloatArray:
        """Return float32 (entities, d): each one as if it were known by a short history alone.

        Parameters
        ----------
        longest
            Most history entries that are shown of an entity; 0 shows all.
        rng
            Draws the entries.
        """
        history = self.warm.history
        if longest:
            history = short_histories(history, longest, rng)
        return self.inputs.preferences.from_history(history)

    @cached_property
    def content(self) -> TrainingContent:
        """The entities' content by their positions."""
        return TrainingContent(self.warm.features, self.inputs.content)
