"""How collaborative vectors and text vectors are brought together."""

from enum import Enum


class Alignment(str, Enum):
    """Which of the paper's two objectives joins that of the interactions."""

    CONTRASTIVE = "contrastive"  # a net maps text vectors down to the factors
    GENERATIVE = "generative"  # a net maps the factors of masked nodes up to text vectors
    NONE = "none"  # a control: factors alone, and cold items have the mean factor
