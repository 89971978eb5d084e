"""How much a prior counts against a history, chosen on validation once a method is trained."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..datasets.errors import NoValidationError
from ..datasets.world import TrainView

NEW_USERS = ("new_user", "both")
"""The groups of tasks whose users have a short history, or none."""


def try_priors(name: str, first: float) -> tuple[dict[str, float], ...]:
    """Return the values of a field to try; ``first`` is the one without validation."""
    others = (one for one in (0.3, 1.0, 3.0, 10.0, 30.0) if one != first)
    return tuple({name: one} for one in (first, *others))


def start_prior(method: Any, tried: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the settings of a method that still trains: the given ones, else the first."""
    return {**tried[0], **_find_given(method, tried)}


def _find_given(method: Any, tried: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the settings that the fields of a method give."""
    fields = {name: getattr(method, name) for name in tried[0]}
    return {name: value for name, value in fields.items() if value is not None}


def choose_prior(
    method: Any,
    train: TrainView,
    chosen: dict[str, float],
    tried: Sequence[Mapping[str, float]],
) -> None:
    """Set ``chosen`` to the settings of the prior that are best on validation.

    What is best has the highest mean over the groups of new users, and over all tasks where there
    are none; of equal ones the first. Where only one is left to try, or there is no validation,
    the first of them is set.

    Parameters
    ----------
    method
        Trained; it, and whatever answers in its place, reads ``chosen`` when it scores. What its
        fields give is kept as it is; where they are None, validation is to choose.
    chosen
        Changed in place.
    tried
        Settings to try; the first is the one without validation.
    """
    fixed = _find_given(method, tried)
    options: list[dict[str, float]] = []
    for one in tried:
        option = {**one, **fixed}
        if option not in options:
            options.append(option)
    chosen.update(options[0])
    if len(options) == 1:
        return
    scores = []
    for option in options:
        chosen.update(option)
        try:
            scores.append(average_groups(train.validate(method), NEW_USERS))
        except NoValidationError:  # the first stays, at the first of them
            return
    chosen.update(options[int(np.argmax(scores))])


def average_groups(score: float, groups: Sequence[str]) -> float:
    """Return the mean score of some groups of tasks, or of all tasks where none is there."""
    found: Mapping[str, float] = getattr(score, "groups", {})
    values = [found[name] for name in groups if name in found]
    return float(np.mean(values)) if values else float(score)
