"""Layers of a transformers model that are computed once more for their gradients."""

from typing import Any

from ...datasets.errors import ColdbenchError


def recompute_layers(name: str, body: Any) -> None:
    """Keep of every layer its input alone in training, and compute it again going backwards.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016, section 4. Gradients
    are the same, also with dropout, whose random numbers are drawn again.

    Parameters
    ----------
    name
        Of the model, for the error.
    body
        A ``PreTrainedModel``; changed in place.

    Raises
    ------
    ColdbenchError
        When the model's layers cannot be computed again.
    """
    if not getattr(body, "supports_gradient_checkpointing", False):
        raise ColdbenchError(
            f"the layers of {name} cannot be computed again: use gradient_checkpointing=false"
        )
    enable = getattr(body, "activation_checkpointing_enable", None)  # its name since version 5
    (enable or body.gradient_checkpointing_enable)({"use_reentrant": False})
    body.config.use_cache = False  # of keys and values, which no gradient is taken through
