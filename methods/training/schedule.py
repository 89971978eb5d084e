"""How long a network is trained, and what is written down about it."""

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
        Value of ``validate`` where it was asked: (epochs run so far, value); epoch 0 is the
        untrained network, when asked for.
    best_epoch
        After how many epochs the kept weights were reached.
    steps
        Optimiser steps.
    device, devices, threads
        The hardware.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best_epoch: int = 0
    steps: int = 0
    device: str = "cpu"
    devices: int = 1
    threads: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return the log as plain JSON values, for ``Method.report``."""
        return asdict(self) | {"validation": [list(pair) for pair in self.validation]}


@dataclass(frozen=True)
class Schedule:
    """How long and how a network is trained; the arguments of ``fit_module``."""

    epochs: int
    patience: int | None
    validate: Callable[[], float] | None
    validate_every: int
    validate_first: bool
    learning_rate_factor: Callable[[int], float] | None
    clip: float | None
    after_step: Callable[[int], None] | None
