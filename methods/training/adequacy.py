"""Whether a training was long enough, said of every record so that boards can flag its row."""

from typing import Any

from .patience import find_leaving
from .schedule import Stopping, TrainingLog

EARLY_EPOCH, ENOUGH_STEPS = 2, 1000
"""A group that keeps so early an epoch is flagged, unless that epoch had so many steps already."""
FEW_STEPS = 100
LATE = 0.9
"""A group whose kept validation lies beyond this share of all steps is called still rising."""


def judge_training(log: TrainingLog, stopping: Stopping) -> dict[str, Any]:
    """Return the adequacy of a training as plain JSON values.

    Returns
    -------
    dict
        ``steps``: optimiser steps. ``groups``: of each group of tasks the ``step`` and ``epoch``
        whose weights it keeps, and their ``validation``. ``loss``: the last epoch's mean, and
        ``chance_loss``: that of a network that has learned nothing, None where it is not known.
        ``cap_reached``: the most epochs or steps were run. ``still_rising``: some group keeps
        weights of the last tenth of the steps. ``flags``: what a reader of the row must know, in
        short sentences; empty for a training that was long enough.
    """
    groups = {group: _kept(log, group, at) for group, at in log.kept.items()}
    rising = sorted(
        group for group, one in groups.items() if log.steps and one["step"] > LATE * log.steps
    )
    loss = log.losses[-1] if log.losses else None
    cap = _name_cap(log, stopping)
    flags = [_tell_early(group, one, log.steps) for group, one in groups.items()]
    if cap and rising:
        verb = "was" if len(rising) == 1 else "were"
        flags.append(f"stopped at its cap of {cap} while {_join(rising)} {verb} still rising")
    if not groups and log.steps < FEW_STEPS:
        flags.append(f"trained for {log.steps:,} steps")
    chance = stopping.chance_loss
    if chance is not None and log.losses and find_leaving(log.losses[-1:], chance) is None:
        flags.append(f"loss {log.losses[-1]:.3g} at its chance level {chance:.3g}")
    return {
        "steps": log.steps,
        "groups": groups,
        "loss": loss,
        "chance_loss": chance,
        "cap_reached": bool(cap),
        "still_rising": bool(rising),
        "flags": [flag for flag in flags if flag],
    }


def join_adequacy(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the adequacy of a method that trains several networks, one after the other.

    Steps are summed; a group's entry, the loss and its chance level are those of the last network,
    with which the method answers; a flag names the network.
    """
    last = list(parts.values())[-1]
    return last | {
        "steps": sum(one["steps"] for one in parts.values()),
        "cap_reached": any(one["cap_reached"] for one in parts.values()),
        "still_rising": any(one["still_rising"] for one in parts.values()),
        "flags": [f"{name}: {flag}" for name, one in parts.items() for flag in one["flags"]],
    }


def _kept(log: TrainingLog, group: str, at: int) -> dict[str, Any]:
    curve = log.groups.get(group, log.means)
    epoch, _ = log.validation[at]
    return {
        "step": log.validation_steps[at],
        "epoch": epoch,
        "validation": round(curve[at], 6),
    }


def _tell_early(group: str, kept: dict[str, Any], steps: int) -> str:
    enough = FEW_STEPS if kept["epoch"] > EARLY_EPOCH else ENOUGH_STEPS
    if kept["step"] >= enough:
        return ""
    epoch = f" (epoch {kept['epoch']})"
    return f"kept step {kept['step']:,} of {steps:,}{epoch} for {group}"


def _name_cap(log: TrainingLog, stopping: Stopping) -> str:
    """Return the bound at which the training ended; "" where it ended by itself."""
    if stopping.max_steps is not None and log.steps >= stopping.max_steps:
        return f"{stopping.max_steps:,} steps"
    if stopping.epochs is not None and log.epochs >= stopping.epochs:
        return f"{stopping.epochs:,} epochs"
    return ""


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
