"""What was set of Lightning for one run, handed from the harness to whatever a method trains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Report = Callable[[int, Mapping[str, float]], None]
"""Called with how many validations a training has had, and the latest by group of tasks."""


class CheckpointFolder:
    """Where the trainings of one fit keep their checkpoints: a file for each, in their order.

    A method may train several networks, one after the other; the same fit, started again, claims
    the same files in the same order.

    Parameters
    ----------
    path
        Folder of this run; it need not exist.
    every_minutes
        Least time between two checkpoints of a training; 0 writes one at the end of every epoch.
    """

    def __init__(self, path: Path, every_minutes: float = 0.0) -> None:
        self.path, self.every_minutes = path, every_minutes
        self._claimed = 0

    def claim(self) -> Path:
        """Return the file of the next training of this fit, without its ending."""
        self._claimed += 1
        return self.path / f"training-{self._claimed}"


@dataclass(frozen=True)
class TrainerSettings:
    """Settings of Lightning that depart from what the method and coldbench choose.

    Attributes
    ----------
    flags
        Arguments of ``Trainer`` by name; they override what follows from resources and method.
    callbacks, loggers
        Classes of ``pytorch_lightning.callbacks`` and ``pytorch_lightning.loggers`` by name, each
        with its arguments.
    checkpoints
        Where a training is kept so that it can go on after it was killed; None keeps nothing.
    report
        Called after each validation of a training, which ends when it raises; None calls nothing.
    """

    flags: Mapping[str, Any] = field(default_factory=dict)
    callbacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    loggers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    checkpoints: CheckpointFolder | None = None
    report: Report | None = None

    @property
    def may_fuse(self) -> bool:
        """Whether an optimiser's step may be fused: Lightning refuses it where it clips gradients.

        That is in mixed precision alone, but what is asked for should not depend on it.
        """
        return "gradient_clip_val" not in self.flags
