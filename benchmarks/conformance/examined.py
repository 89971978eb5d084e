"""From what was asked for to what is examined: a method, a dataset or a scenario, and its suite."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from ...datasets.dataset import checked
from ...datasets.world import SideMode, Split
from ...methods.base import Need
from ..config.run_config import RunConfig
from ..evaluation.rating import is_rating
from ..evaluation.validation import split
from ..plugins.registry import GROUPS, find
from ..plugins.requirements import require
from .asked import Asked
from .checks import dataset_suite, fitting, leaks, scenario_suite, scoring, suite
from .checks.dataset_subject import DatasetSubject
from .checks.definition import Check, Examined
from .checks.scenario_subject import ScenarioSubject
from .checks.subject import Factory, Subject

SUITES: dict[str, tuple[Check, ...]] = {
    "method": suite.CHECKS,
    "dataset": dataset_suite.CHECKS,
    "scenario": scenario_suite.CHECKS,
}
"""The checks of each kind, in the order in which they are carried out."""

ON_ANY_DATA = frozenset(one.name for one in (*fitting.CHECKS, *scoring.CHECKS, *leaks.CHECKS))
"""Checks of a method that need no planted truth."""


def examinations(asked: Asked) -> Iterator[tuple[Check, Examined]]:
    """Yield every check with what it looks at.

    Raises
    ------
    ColdbenchError
        When what is asked for cannot be made, loaded or split.
    """
    subjects = {"method": _method, "dataset": _dataset, "scenario": _scenario}[asked.kind](asked)
    for check in SUITES[asked.kind]:
        yield check, subjects.get(check.name, subjects[""])


def _dataset(asked: Asked) -> dict[str, Examined]:
    run = asked.composed()
    if not asked.chooses("scenario"):
        return {"": DatasetSubject(asked.name, run.dataset, seed=run.seed)}
    name = next(w for w in asked.words if w.startswith("scenario=")).partition("=")[2]
    return {"": DatasetSubject(asked.name, run.dataset, {name: run.scenario}, run.seed)}


def _scenario(asked: Asked) -> dict[str, Examined]:
    run = asked.composed()
    if not asked.chooses("dataset"):
        return {"": ScenarioSubject(asked.name, run.scenario, seed=run.seed)}
    data = checked(run.dataset.load())
    return {"": ScenarioSubject(asked.name, run.scenario, {data.name: data}, run.seed)}


def _method(asked: Asked) -> dict[str, Examined]:
    """Return the method by check; those that need no planted truth look at the data asked for."""
    if not asked.words:
        return {"": Subject(asked.name, find(GROUPS["method"], asked.name))}
    run = asked.composed()
    kind, factory = type(run.method), _factory(run.method, asked.words)
    planted = Subject(asked.name, kind, factory)
    if not (asked.chooses("dataset") or asked.chooses("scenario")):
        return {"": planted}
    elsewhere = Subject(asked.name, kind, factory, _world(run, asked))
    return {"": planted, **dict.fromkeys(ON_ANY_DATA, elsewhere)}


def _world(run: RunConfig, asked: Asked) -> Split:
    """Return the split that was asked for, refusing a method that it does not serve."""
    scenario = run.scenario
    told = any(word.startswith("scenario.side_information=") for word in asked.words)
    if Need.TRANSDUCTIVE in run.method.needs and not told and hasattr(scenario, "side_information"):
        scenario = dataclasses.replace(scenario, side_information=SideMode.TRANSDUCTIVE)
    made = split(checked(run.dataset.load()), scenario, run.seed)
    require(run.method, made, rating=is_rating(scenario))
    return made


def _factory(method: Any, words: tuple[str, ...]) -> Factory:
    """Return what makes the cheap form of a method with the settings that were asked for.

    Those are the fields that were typed or that a preset changes.
    """
    kind = type(method)
    small = getattr(kind, "small", kind)
    typed = {
        word.lstrip("+~").removeprefix("method.").partition("=")[0].partition(".")[0]
        for word in words
        if word.lstrip("+~").startswith("method.")
    }
    usual = kind()
    changed = {
        one.name: getattr(method, one.name)
        for one in dataclasses.fields(kind)
        if one.name in typed or getattr(method, one.name) != getattr(usual, one.name)
    }

    def made(split: Split) -> Any:
        return dataclasses.replace(small(), **changed)

    return made
