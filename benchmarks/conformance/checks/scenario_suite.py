"""The suite of a scenario: its class, the form of its splits, its seeds, and the leak suite."""

from dataclasses import replace
from typing import Any

from ....datasets.hashing import content_hash
from ....datasets.protocol.settings import Strategy
from ....datasets.world import Split
from ..audits.audit import audit
from ..audits.finding import Finding
from ..audits.resplit import audit_scenario
from ..audits.split_audit import track_of
from ..worlds import view_parts
from . import scenario_splits
from .check import Check, check
from .dataset_subject import lines
from .declared import (
    demand_entry_point,
    demand_first_sentence,
    demand_light_import,
    demand_round_trip,
    demand_version,
)
from .outcome import Violation
from .scenario_subject import ScenarioSubject


@check()
def docstring(subject: ScenarioSubject) -> str:
    """Demand that the class has a docstring with a first sentence, which `list` shows."""
    return demand_first_sentence(type(subject.scenario))


@check()
def config_round_trip(subject: ScenarioSubject) -> str:
    """Demand that its settings survive the way through OmegaConf and back."""
    return demand_round_trip(subject.scenario)


@check()
def version(subject: ScenarioSubject) -> str:
    """Demand that it declares a version, to be raised by whatever changes a split or a score."""
    return demand_version(type(subject.scenario))


@check()
def entry_point(subject: ScenarioSubject) -> str:
    """Demand that the class is found by its entry point."""
    return demand_entry_point("scenarios", type(subject.scenario))


@check()
def light_import(subject: ScenarioSubject) -> str:
    """Demand that importing the class imports no heavy library."""
    return demand_light_import(type(subject.scenario).__module__)


@check()
def same_seed_same_split(subject: ScenarioSubject) -> str:
    """Demand that the same seed gives the same split and fingerprint, again."""
    for name, split in subject.splits.items():
        again = subject.scenario.split(subject.worlds[name], subject.seed)
        if again.fingerprint != split.fingerprint or _content(again) != _content(split):
            raise Violation(
                f"{name}: another split for seed {subject.seed}",
                "draw every lot from the seed, and sort what comes from sets and dicts",
            )
    return "same splits"


@check()
def other_seed_other_split(subject: ScenarioSubject) -> str:
    """Demand that another seed gives another split, and another split another fingerprint."""
    strategy = getattr(subject.scenario, "strategy", Strategy.RANDOM)
    for name, split in subject.splits.items():
        other = subject.scenario.split(subject.worlds[name], subject.seed + 1)
        differs = _content(other) != _content(split)
        if differs and other.fingerprint == split.fingerprint:
            raise Violation(
                f"{name}: two splits with the fingerprint {split.fingerprint[:12]}",
                "compute it from train, support, truth and candidates",
            )
        if not differs and strategy is Strategy.RANDOM:
            raise Violation(
                f"{name}: seeds {subject.seed} and {subject.seed + 1} give the same split",
                "draw from the seed or, where nothing is drawn, say so in exempt",
            )
    return "other splits" if strategy is Strategy.RANDOM else f"nothing is drawn, {strategy.value}"


def _content(split: Split) -> str:
    """Return a hash over training pairs, side information, and every task."""
    parts: list[Any] = view_parts(replace(split.train, seed=0))
    for tasks in (split.validation, split.test):
        for name, task in sorted(tasks.items()):
            parts += [name, task.users, task.items, task.truth, task.query.users.history]
    return content_hash(split.users, split.items, *parts)


@check(leak=True)
def splits_are_clean(subject: ScenarioSubject) -> str:
    """Demand that no split gives hidden things away: see the rules in docs/conformance.md."""
    found: dict[str, list[Finding]] = {}
    exempt = subject.exempt_rules
    for name, split in subject.splits.items():
        every = audit(split, subject.worlds[name], track=track_of(subject.scenario))
        found[name] = [one for one in every if one.rule not in exempt]
    if any(found.values()):
        raise Violation(lines(found), "hide it from the training world and from every query")
    reasons = "".join(f"; exempt from {rule}: {why}" for rule, why in exempt.items())
    return f"nothing found in {', '.join(found)}{reasons}"


@check(leak=True)
def cold_entities_move_nothing(subject: ScenarioSubject) -> str:
    """Demand that other interactions and content of cold entities leave training as it was."""
    found = {
        name: audit_scenario(subject.scenario, subject.worlds[name], subject.seed)
        for name in subject.splits
    }
    if any(found.values()):
        raise Violation(lines(found), "count, draw and scale by warm entities and the seed alone")
    return f"nothing moves in {', '.join(found)}"


CHECKS: tuple[Check, ...] = (
    docstring,
    config_round_trip,
    version,
    entry_point,
    light_import,
    *scenario_splits.CHECKS,
    same_seed_same_split,
    other_seed_other_split,
    splits_are_clean,
    cold_entities_move_nothing,
)
