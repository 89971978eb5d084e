"""How long the training may take, and how its learning rates change on the way."""

from collections.abc import Callable


def count_steps(max_steps: int, epochs: int | None, pairs: int, batch_size: int) -> int:
    """Return the most steps that a training takes: ``epochs`` over the pairs where it is set."""
    return max_steps if epochs is None else max(1, epochs * -(-pairs // batch_size))


def warm_up_and_decay(steps: int) -> Callable[[int], float]:
    """Return the factor on the learning rates by step: up for a tenth of ``steps``, then to 0."""
    warm_up = max(1, steps // 10)
    return lambda step: min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))
