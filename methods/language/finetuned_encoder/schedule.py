"""How long the training may take, and how its learning rates change on the way."""

from collections.abc import Callable
from math import cos, pi

from .settings import Schedule


def count_steps(max_steps: int, epochs: int | None, pairs: int, batch_size: int) -> int:
    """Return the most steps that a training takes: ``epochs`` over the pairs where it is set."""
    return max_steps if epochs is None else max(1, epochs * -(-pairs // batch_size))


def plan_rates(
    steps: int, schedule: Schedule = Schedule.LINEAR, warm_up: float = 0.1
) -> Callable[[int], float]:
    """Return the factor on the learning rates by step.

    Parameters
    ----------
    steps
        Of the whole training.
    schedule
        How the rates fall after the warm-up: to 0 along a line or half a cosine, or not at all.
    warm_up
        Share of the steps, at least one, in which the rates rise to their full height.
    """
    rising = max(1, int(steps * warm_up))

    def factor(step: int) -> float:
        left = (steps - step) / max(1, steps - rising)
        fallen = {
            Schedule.LINEAR: left,
            Schedule.COSINE: (1 - cos(pi * min(left, 1.0))) / 2,
            Schedule.CONSTANT: 1.0,
        }
        return min((step + 1) / rising, fallen[schedule])

    return factor
