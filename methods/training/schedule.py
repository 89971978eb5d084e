"""How long and how a network is trained, and what is written down about it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ...datasets.errors import ColdbenchError

if TYPE_CHECKING:
    import torch
    from torch import nn

MakeOptimiser: TypeAlias = "Callable[[list[nn.Parameter]], torch.optim.Optimizer]"


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
    best_epoch
        After how many epochs the kept weights were reached.
    steps
        Optimiser steps.
    device, devices, threads
        The hardware.
    validation_parts
        The same by task and by group (``group/new_item``), where ``validate`` tells them.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best_epoch: int = 0
    steps: int = 0
    device: str = "cpu"
    devices: int = 1
    threads: int = 1
    validation_parts: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the log as plain JSON values, for ``Method.report``.

        Parts, which are many, have six decimals; they are left out where there are none.
        """
        parts = {
            name: [[epoch, round(value, 6)] for epoch, value in curve]
            for name, curve in self.validation_parts.items()
        }
        plain = asdict(self) | {"validation": _lists(self.validation)}
        del plain["validation_parts"]
        return plain | ({"validation_parts": parts} if parts else {})

    def take(self, other: dict[str, Any]) -> None:
        """Become a log that was kept as plain values (``vars``)."""
        vars(self).update(other)
        self.validation = [(int(epoch), value) for epoch, value in self.validation]
        self.validation_parts = {
            name: [(int(epoch), value) for epoch, value in curve]
            for name, curve in self.validation_parts.items()
        }


def _lists(curve: list[tuple[int, float]]) -> list[list[float]]:
    return [list(pair) for pair in curve]


@dataclass(frozen=True)
class Stopping:
    """When a training ends and which weights are kept.

    Attributes
    ----------
    epochs
        The most epochs to run.
    validate
        Called after an epoch; higher is better. None keeps the last weights.
    patience
        Stop after this many validations without a better value; None never stops early.
    validate_every
        Epochs between validations.
    validate_first
        Validate the untrained network too; it may then be the best.
    """

    epochs: int
    validate: Callable[[], float] | None = None
    patience: int | None = None
    validate_every: int = 1
    validate_first: bool = False


@dataclass(frozen=True)
class StepRules:
    """What happens around an optimiser step; see ``fit_module``."""

    learning_rate_factor: Callable[[int], float] | None = None
    clip: float | None = None
    after_step: Callable[[int], None] | None = None
