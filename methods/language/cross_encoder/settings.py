"""What can be chosen of the cross-encoder: the part that is trained, and its loss."""

from enum import Enum


class Tuning(str, Enum):
    """Which part of the encoder is trained; the head always is."""

    FULL = "full"  # all weights
    TOP_LAYERS = "top_layers"  # those of the upper layers
    LORA = "lora"  # low-rank updates
    HEAD = "head"  # none


class Loss(str, Enum):
    """How a liked item is compared with the sampled ones of its list."""

    CROSS_ENTROPY = "cross_entropy"  # each by itself: liked or not
    SOFTMAX = "softmax"  # the liked one among its list
