"""What can be chosen of the ranker: how the model learns the task."""

from enum import Enum


class Mode(str, Enum):
    """What the model is given besides the instruction."""

    ZERO_SHOT = "zero_shot"  # nothing
    IN_CONTEXT = "in_context"  # labelled examples in front of every question
    TUNED = "tuned"  # low-rank updates, trained on labelled pairs
