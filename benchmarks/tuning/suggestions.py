"""How Optuna draws settings and ends trainings: sampler, pruner, and the values it suggests."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from ...datasets.parameters import Choices
from ..config.enum_values import to_typed_form
from .search_space import Dimension

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

RANDOM_TRIALS = 10
"""The first trials are drawn at random."""
PRUNED_SHARE = 25.0
"""A training ends when its best validation so far is among the lowest of these percents."""
PRUNED_AFTER = 10
"""Validations before which none is ended: many networks rise late."""
COMPARED_TRIALS = 5
"""Trials that must have come so far."""


def make_sampler(seed: int, number: int) -> "BaseSampler":
    """Return the sampler of one trial: a tree-structured Parzen estimator (Bergstra et al., 2011).

    Its generator is that of the trial alone, so that an interrupted search draws the same again.
    """
    from optuna.samplers import TPESampler

    drawn = np.random.SeedSequence((seed, number)).generate_state(1)[0]
    return TPESampler(seed=int(drawn), n_startup_trials=RANDOM_TRIALS)


def make_pruner() -> "BasePruner":
    """Return what ends a training that lags behind."""
    from optuna.pruners import PercentilePruner

    return PercentilePruner(
        100.0 - PRUNED_SHARE, n_startup_trials=COMPARED_TRIALS, n_warmup_steps=PRUNED_AFTER
    )


def list_own_values(dimensions: Sequence[Dimension], default: Any) -> dict[str, Any]:
    """Return what trial 0 is to suggest: the method's own values that lie in their ranges."""
    own = {one.name: getattr(default, one.name) for one in dimensions}
    return {
        one.name: _label(own[one.name]) if isinstance(one.search, Choices) else own[one.name]
        for one in dimensions
        if one.contains(own[one.name])
    }


def suggest_settings(
    trial: "Trial", dimensions: Sequence[Dimension], default: Any
) -> dict[str, Any]:
    """Return the settings of a trial by field; those of trial 0 are the method's own.

    Parameters
    ----------
    trial
        New, or one whose values were suggested before: these are returned again.
    dimensions
        The searched fields.
    default
        The method. A value of its own that lies outside the range is used in trial 0 all the
        same, and Optuna is not shown it.
    """
    return {one.name: _suggest(trial, one, getattr(default, one.name)) for one in dimensions}


def _suggest(trial: "Trial", one: Dimension, own: Any) -> Any:
    if trial.number == 0 and not one.contains(own):
        return deepcopy(own)
    if isinstance(one.search, Choices):
        labels = [_label(value) for value in one.search.values]
        chosen = labels.index(trial.suggest_categorical(one.name, labels))
        return deepcopy(one.search.values[chosen])
    low, high, log = one.search.low, one.search.high, one.search.log
    if one.integer:
        return trial.suggest_int(one.name, int(low), int(high), log=log)
    return trial.suggest_float(one.name, low, high, log=log)


def _label(value: Any) -> str:
    """Return a choice as Optuna keeps it, which takes no lists."""
    return str(to_typed_form(value))
