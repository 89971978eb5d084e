"""What can be chosen of the fine-tuning: the part that is trained, and its arithmetic."""

from enum import Enum


class Tuning(str, Enum):
    """Which part of the encoder is trained; the towers always are."""

    LORA = "lora"
    DORA = "dora"
    ADALORA = "adalora"
    IA3 = "ia3"
    ADAPTER = "adapter"
    PREFIX = "prefix"
    PROMPT = "prompt"
    P_TUNING = "p_tuning"
    BITFIT = "bitfit"
    SPARSE = "sparse"
    LAYER_NORM = "layer_norm"
    TOP_LAYERS = "top_layers"
    FULL = "full"
    FROZEN = "frozen"


class Head(str, Enum):
    """How vectors of user and item become a score, or with attention, a history a vector."""

    DOT = "dot"
    MLP = "mlp"
    ATTENTION = "attention"


class Sides(str, Enum):
    """Whose weights read the texts of a history: those that read candidates, or their own."""

    SHARED = "shared"
    SEPARATE = "separate"


class Loss(str, Enum):
    """How the score of a liked item is compared with those of the other items of a batch."""

    SOFTMAX = "softmax"
    BPR = "bpr"
    CROSS_ENTROPY = "cross_entropy"


class Optimiser(str, Enum):
    """How a gradient becomes a step."""

    ADAMW = "adamw"
    SGD = "sgd"


class Schedule(str, Enum):
    """How the learning rates fall once they have risen."""

    LINEAR = "linear"
    COSINE = "cosine"
    CONSTANT = "constant"


SEARCHED = (Tuning.LORA, Tuning.TOP_LAYERS, Tuning.FULL, Tuning.FROZEN)
"""The search range of a method that is tuned."""


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
