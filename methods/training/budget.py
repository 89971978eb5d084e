"""Fields of a network that say how long it trains: the same words and bounds in every method."""

from typing import Any

from ...datasets.parameters import parameter


def limit_steps(default: int, when: str = "") -> Any:
    """Declare ``max_steps``.

    Parameters
    ----------
    default
        Of the field.
    when
        Words before the description, ``"for mlp: "``, of a method that need not train.
    """
    return parameter(default, f"{when}most optimiser steps", minimum=1)


def delay_patience(default: int, when: str = "") -> Any:
    """Declare ``min_steps``; parameters as in ``limit_steps``."""
    return parameter(default, f"{when}steps before patience counts", minimum=0)


def limit_patience(default: int, when: str = "") -> Any:
    """Declare ``patience_steps``; parameters as in ``limit_steps``."""
    words = f"{when}steps without gain in any group before stopping"
    return parameter(default, words, minimum=1)


def space_validations(default: int, when: str = "") -> Any:
    """Declare ``validate_every_steps``; parameters as in ``limit_steps``."""
    return parameter(default, f"{when}steps between validations", minimum=1)


def limit_epochs(over: str, when: str = "") -> Any:
    """Declare ``epochs``, None by default: where a paper states them, they count instead of steps.

    Parameters
    ----------
    over
        What an epoch passes over, ``"the observed pairs"``.
    when
        As in ``limit_steps``.
    """
    return parameter(None, f"{when}most passes over {over}, instead of max_steps", minimum=1)
