"""Everything that a tower of DropoutNet or Heater reads of an entity."""

from dataclasses import asdict, dataclass
from typing import Any

from ...datasets.arrays import FloatArray
from ...datasets.world import Entities
from ..factor_prior import FactorPrior
from .content_inputs import ContentInputs, Standardiser
from .preference_inputs import PreferenceInputs


@dataclass
class SideInputs:
    """Everything that turns the entities of one side into what their tower reads."""

    preferences: PreferenceInputs
    content: ContentInputs

    @classmethod
    def of(
        cls,
        warm: Entities,
        own: FloatArray,
        across: FloatArray,
        *,
        prior_strength: float,
        rank: int,
        seed: int,
    ) -> "SideInputs":
        """Learn from the warm entities and the pretrained factors of both sides."""
        preferences = PreferenceInputs.of(own, across, warm.history, prior_strength)
        return cls(preferences, ContentInputs.of(warm.features, rank, seed))

    def __call__(self, entities: Entities) -> tuple[FloatArray, FloatArray]:
        """Return float32 (preference, content) at inference."""
        return self.preferences(entities), self.content(entities.features)

    def state(self) -> dict[str, Any]:
        """Return the arrays that ``restored`` takes."""
        return asdict(self)

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "SideInputs":
        """Return the inputs whose ``state`` this is."""
        preferences, content = dict(state["preferences"]), state["content"]
        preferences["prior"] = FactorPrior(**preferences["prior"])
        preferences["scale"] = Standardiser(**preferences["scale"])
        scale = content["scale"] and Standardiser(**content["scale"])
        return cls(PreferenceInputs(**preferences), ContentInputs(content["directions"], scale))
