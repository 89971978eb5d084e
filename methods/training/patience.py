"""When a training has gained nothing for long enough, and when that begins to count.

Each group of validation tasks has its own best and its own count; the training goes on while any
of them may still gain. Neither a floor of steps nor a loss that is still at its chance level lets
the count begin: validation that rests before anything is learned is a plateau, not convergence.
"""

from itertools import pairwise

from .schedule import Stopping, TrainingLog
from .smoothing import find_kept

LEFT_CHANCE = 0.97
"""A loss below this share of its chance level says that something was learned."""

RISES = 3
"""A group whose latest validations rose so many times in a row is on its way up."""


def has_run_out(log: TrainingLog, stopping: Stopping) -> bool:
    """Say whether no group has gained within the patience, and none is on its way up."""
    if not stopping.early or not log.validation:
        return False
    floor = find_floor(log, stopping)
    if log.steps < floor:
        return False
    return all(
        _waited(curve, log, stopping, floor) and not is_rising(curve)
        for curve in log.groups.values()
    )


def find_floor(log: TrainingLog, stopping: Stopping) -> float:
    """Return the step from which patience counts, as far as it is known by now.

    That is ``min_steps`` or, where it comes later, the end of the first epoch whose loss has left
    its chance level; a loss that never does is waited for until half of the cap.
    """
    if stopping.chance_loss is None:
        return stopping.min_steps
    cap = stopping.max_steps
    if not log.losses:  # inside the first epoch
        return max(stopping.min_steps, (cap or 0) / 2)
    each = log.steps / len(log.losses)
    if cap is None:
        cap = round(each * (stopping.epochs or 0))
    left = find_leaving(log.losses, stopping.chance_loss)
    at = cap / 2 if left is None else min(left * each, cap / 2)
    return max(stopping.min_steps, at)


def is_rising(curve: list[float]) -> bool:
    """Say whether the latest validations rose one after the other, ``RISES`` times."""
    latest = curve[-RISES - 1 :]
    return len(latest) > RISES and all(low < high for low, high in pairwise(latest))


def find_leaving(losses: list[float], chance_loss: float) -> int | None:
    """Return after how many epochs the loss had left its chance level; None if it has not."""
    below = chance_loss - (1 - LEFT_CHANCE) * abs(chance_loss)
    return next((at for at, loss in enumerate(losses, 1) if loss < below), None)


def _waited(curve: list[float], log: TrainingLog, stopping: Stopping, floor: float) -> bool:
    best = find_kept(curve)
    if stopping.patience_steps is not None:
        since = max(log.validation_steps[best], floor)
        return log.validation_steps[-1] - since >= stopping.patience_steps
    assert stopping.patience is not None
    counted = [at for at, steps in enumerate(log.validation_steps) if steps >= floor]
    since = max(best, counted[0] if counted and floor else 0)
    return len(curve) - 1 - since >= stopping.patience
