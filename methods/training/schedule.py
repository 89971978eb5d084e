"""How long and how a network is trained, and what is written down about it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from ...datasets.errors import ColdbenchError

if TYPE_CHECKING:
    import torch
    from torch import nn

MakeOptimiser: TypeAlias = "Callable[[list[nn.Parameter]], torch.optim.Optimizer]"

SPARSER = 0.1
"""Validations lie at least this share of the steps taken apart: few late, where little changes."""
ALL = "all"
"""Name of the one group where ``validate`` returns a plain number."""


class TrainingError(ColdbenchError, ArithmeticError):
    """A training that cannot go on, with the reason and the remedy."""


@dataclass
class TrainingLog:
    """What happened while a network was trained.

    Attributes
    ----------
    losses
        Mean training loss of each epoch.
    validation
        Value of ``validate`` where it was evaluated: (epochs run so far, value); epoch 0 is the
        untrained network, when asked for.
    validation_steps
        Optimiser steps taken before each of these validations.
    best_epoch
        After how many epochs the weights were reached that are kept by the mean of all tasks.
    epochs, steps
        Epochs begun, and optimiser steps taken.
    device, devices, threads
        The hardware.
    validation_parts
        The same by task and by group (``group/new_item``), where ``validate`` tells them.
    kept
        Of each group, which validation its weights are those of (position in ``validation``).
    adequacy
        Whether the training was long enough, see ``adequacy``.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    validation_steps: list[int] = field(default_factory=list)
    best_epoch: int = 0
    epochs: int = 0
    steps: int = 0
    device: str = "cpu"
    devices: int = 1
    threads: int = 1
    validation_parts: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    adequacy: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the log as plain JSON values, for ``Method.report``.

        What is many is short: losses have six digits, and of the parts the groups alone are there,
        with six decimals; the curve of each task is among Lightning's metrics.
        """
        parts = {
            name: [[epoch, round(value, 6)] for epoch, value in curve]
            for name, curve in self.validation_parts.items()
            if name.startswith("group/")
        }
        plain = asdict(self) | {
            "validation": _lists(self.validation),
            "losses": [float(f"{loss:.6g}") for loss in self.losses],
        }
        for name in ("validation_parts", "kept"):
            del plain[name]
        return plain | ({"validation_parts": parts} if parts else {})

    def take(self, other: dict[str, Any]) -> None:
        """Become a log that was kept as plain values (``vars``)."""
        vars(self).update(other)
        self.validation = [(int(epoch), value) for epoch, value in self.validation]
        self.validation_parts = {
            name: [(int(epoch), value) for epoch, value in curve]
            for name, curve in self.validation_parts.items()
        }

    @property
    def means(self) -> list[float]:
        """The validations in their order."""
        return [value for _, value in self.validation]

    @property
    def groups(self) -> dict[str, list[float]]:
        """The validations of each group; of ``all`` where ``validate`` returns numbers."""
        curves = {
            name.removeprefix("group/"): [value for _, value in curve]
            for name, curve in self.validation_parts.items()
            if name.startswith("group/") and len(curve) == len(self.validation)
        }
        return curves or ({ALL: self.means} if self.validation else {})


def _lists(curve: list[tuple[int, float]]) -> list[list[float]]:
    return [list(pair) for pair in curve]


@dataclass(frozen=True)
class Stopping:
    """When a training ends and which weights are kept.

    All counts of steps are optimiser steps; what follows from them happens at the end of an epoch,
    but for ``max_steps``, which may end one early, and for long epochs.

    Attributes
    ----------
    epochs, max_steps
        The most epochs, and the most steps; None sets no bound.
    validate
        Called after an epoch; higher is better. None keeps the last weights.
    min_steps
        Patience does not count before.
    patience
        Stop once no group has gained in this many validations; None: see ``patience_steps``.
    patience_steps
        Stop once no group has gained in this many steps; None with no ``patience`` either never
        stops early.
    validate_every
        Epochs between validations, where ``validate_every_steps`` is 0.
    validate_every_steps
        Validate at the first end of an epoch after so many steps, or after a tenth of those taken
        where that is more: about 40 validations in 20,000 steps, most of them early. Inside an
        epoch after twice as many.
    validate_first
        Validate the untrained network too; it may then be the best.
    chance_loss
        The loss of a network that has learned nothing, where that is known.
    """

    epochs: int | None = None
    validate: Callable[[], float] | None = None
    patience: int | None = None
    validate_every: int = 1
    validate_first: bool = False
    max_steps: int | None = None
    min_steps: int = 0
    patience_steps: int | None = None
    validate_every_steps: int = 0
    chance_loss: float | None = None

    @property
    def early(self) -> bool:
        """Whether the training may end before its cap."""
        return self.validate is not None and (self.patience, self.patience_steps) != (None, None)

    def steps_between(self, last: int) -> float:
        """Return the least steps from a validation, after ``last`` steps, to the next."""
        return max(self.validate_every_steps, SPARSER * last)


class StoppingOptions(TypedDict, total=False):
    """The fields of ``Stopping`` as arguments of ``fit_module`` and ``fit_lightning``."""

    epochs: int | None
    validate: Callable[[], float] | None
    patience: int | None
    validate_every: int
    validate_first: bool
    max_steps: int | None
    min_steps: int
    patience_steps: int | None
    validate_every_steps: int
    chance_loss: float | None


@dataclass(frozen=True)
class StepRules:
    """What happens around an optimiser step; see ``fit_module``."""

    learning_rate_factor: Callable[[int], float] | None = None
    clip: float | None = None
    after_step: Callable[[int], None] | None = None
