"""From a request to its subject: a method, a dataset or a scenario, and its suite."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from ...datasets.dataset import check_dataset
from ...datasets.world import SideMode, Split
from ...methods.base import Need
from ..config.run_config import RunConfig
from ..evaluation.asked_task import is_rating
from ..evaluation.validation import split
from ..plugins.registry import GROUPS, find
from ..plugins.requirements import require
from .checks import dataset_suite, fitting_checks, leaks, scenario_suite, scoring_checks, suite
from .checks.dataset_subject import DatasetSubject
from .checks.definition import Check, CheckSubject
from .checks.scenario_subject import ScenarioSubject
from .checks.subject import Factory, Subject
from .request import CheckRequest

SUITES: dict[str, tuple[Check, ...]] = {
    "method": suite.CHECKS,
    "dataset": dataset_suite.CHECKS,
    "scenario": scenario_suite.CHECKS,
}
"""The checks of each kind, in the order in which they are carried out."""

ON_ANY_DATA = frozenset(
    one.name for one in (*fitting_checks.CHECKS, *scoring_checks.CHECKS, *leaks.CHECKS)
)
"""Checks of a method that need no planted truth."""


def list_checks(request: CheckRequest) -> Iterator[tuple[Check, CheckSubject]]:
    """Yield every check with what it examines.

    Raises
    ------
    ColdbenchError
        When what is asked for cannot be made, loaded or split.
    """
    subjects = {"method": _method, "dataset": _dataset, "scenario": _scenario}[request.kind](
        request
    )
    for check in SUITES[request.kind]:
        yield check, subjects.get(check.name, subjects[""])


def _dataset(request: CheckRequest) -> dict[str, CheckSubject]:
    run = request.composed()
    if not request.chooses("scenario"):
        return {"": DatasetSubject(request.name, run.dataset, seed=run.seed)}
    name = next(w for w in request.words if w.startswith("scenario=")).partition("=")[2]
    return {"": DatasetSubject(request.name, run.dataset, {name: run.scenario}, run.seed)}


def _scenario(request: CheckRequest) -> dict[str, CheckSubject]:
    run = request.composed()
    if not request.chooses("dataset"):
        return {"": ScenarioSubject(request.name, run.scenario, seed=run.seed)}
    data = check_dataset(run.dataset.load())
    return {"": ScenarioSubject(request.name, run.scenario, {data.name: data}, run.seed)}


def _method(request: CheckRequest) -> dict[str, CheckSubject]:
    """Return the method by check; those that need no planted truth look at the data asked for."""
    if not request.words:
        return {"": Subject(request.name, find(GROUPS["method"], request.name))}
    run = request.composed()
    kind, factory = type(run.method), _factory(run.method, request.words)
    planted = Subject(request.name, kind, factory)
    if not (request.chooses("dataset") or request.chooses("scenario")):
        return {"": planted}
    elsewhere = Subject(request.name, kind, factory, _world(run, request))
    return {"": planted, **dict.fromkeys(ON_ANY_DATA, elsewhere)}


def _world(run: RunConfig, request: CheckRequest) -> Split:
    """Return the split that was asked for, refusing a method that it does not serve."""
    scenario = run.scenario
    typed = any(word.startswith("scenario.side_information=") for word in request.words)
    if (
        Need.TRANSDUCTIVE in run.method.needs
        and not typed
        and hasattr(scenario, "side_information")
    ):
        scenario = dataclasses.replace(scenario, side_information=SideMode.TRANSDUCTIVE)
    made = split(check_dataset(run.dataset.load()), scenario, run.seed)
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
