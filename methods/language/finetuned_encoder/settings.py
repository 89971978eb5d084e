"""What can be chosen of the fine-tuning: the part that is trained, and its arithmetic."""

from collections.abc import Callable
from enum import Enum


class Tuning(str, Enum):
    """Which part of the encoder is trained; the towers always are."""

    LORA = "lora"
    TOP_LAYERS = "top_layers"
    FULL = "full"
    FROZEN = "frozen"


class TrainingPrecision(str, Enum):
    """Arithmetic of the trained layers while they train."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


def choose_precision(asked: TrainingPrecision, tuning: Tuning, device: str) -> str:
    """Return the arithmetic of training on a device, ``fp32`` or ``bf16``."""
    from ....datasets.arithmetic import has_bf16

    if asked is not TrainingPrecision.AUTO:
        return str(asked.value)
    return "bf16" if tuning is not Tuning.FROZEN and has_bf16(device) else "fp32"


def count_steps(max_steps: int, epochs: int | None, pairs: int, batch_size: int) -> int:
    """Return the most steps that a training takes: ``epochs`` over the pairs where it is set."""
    return max_steps if epochs is None else max(1, epochs * -(-pairs // batch_size))


def warm_up_and_decay(steps: int) -> Callable[[int], float]:
    """Return the factor on the learning rates by step: up for a tenth of ``steps``, then to 0."""
    warm_up = max(1, steps // 10)
    return lambda step: min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))
