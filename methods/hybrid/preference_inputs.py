"""The preference vectors that DropoutNet and Heater read: pretrained, or made of a history."""

from dataclasses import dataclass

from ...datasets.arrays import CSR, FloatArray
from ...datasets.world import Entities
from ..factor_prior import FactorPrior
from ..known_entities import look_up_known
from .content_inputs import Standardiser


@dataclass
class PreferenceInputs:
    """The preference inputs of one side: of a history, the factor that it makes likely.

    Attributes
    ----------
    own
        float32 (warm entities, d): the pretrained factors of this side, scaled.
    across
        float32 (warm entities of the other side, d): the pretrained factors there.
    scale
        Scale of the pretrained factors of this side.
    prior
        Their distribution.
    strength
        Of the prior against a history.
    """

    own: FloatArray
    across: FloatArray
    scale: Standardiser
    prior: FactorPrior
    strength: float

    @classmethod
    def of(
        cls, factors: FloatArray, across: FloatArray, history: CSR, strength: float
    ) -> "PreferenceInputs":
        """Scale the factors of one side; ``history`` is (its entities, the other side)."""
        scale, prior = Standardiser.of(factors), FactorPrior.of(factors, across, history)
        return cls(scale(factors), across, scale, prior, strength)

    def from_history(self, history: CSR, centres: FloatArray | None = None) -> FloatArray:
        """Return the inputs of entities known by a history, and by what it joins.

        Parameters
        ----------
        history
            CSR (rows, entities of the other side).
        centres
            float32 (rows, d): the inputs without a history; by default zero, the mean factor.
        """
        if centres is not None:
            centres = centres * self.scale.spread + self.scale.mean
        return self.scale(self.prior.join(history, self.across, centres, self.strength))

    def __call__(self, entities: Entities) -> FloatArray:
        """Return the inputs at inference: learned, made of the support, or zero."""
        inputs: FloatArray = look_up_known(entities, self.own)
        cold = entities.known < 0
        inputs[cold] = self.from_history(entities.history[cold])
        return inputs
