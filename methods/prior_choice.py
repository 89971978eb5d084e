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


def read_given(method: Any, tried: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    """Return what the fields of a method say of the settings that are tried."""
    return {name: getattr(method, name) for name in tried[0]}


def start_prior(method: Any, tried: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the settings of a method that still trains: the given ones, else the first."""
    given = read_given(method, tried).items()
    return dict(tried[0]) | {name: value for name, value in given if value is not None}


def choose_prior(
    method: Any,
    train: TrainView,
    chosen: dict[str, float],
    tried: Sequence[Mapping[str, float]],
    given: Mapping[str, float | None],
) -> None:
    """Set ``chosen`` to the settings of the prior that are best on validation.

    What is best has the highest mean over the groups of new users, and over all tasks where there
    are none; of equal ones the first. Where only one is left to try, or there is no validation,
    the first of them is set.

    Parameters
    ----------
    method
        Trained; it, and whatever answers in its place, reads ``chosen`` when it scores.
    chosen
        Changed in place.
    tried
        Settings to try; the first is the one without validation.
    given
        Settings of the user, kept as they are; None where validation is to choose.
    """
    fixed = {name: value for name, value in given.items() if value is not None}
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
