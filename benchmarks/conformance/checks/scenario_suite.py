"""The suite of a scenario: its class, the form of its splits, its seeds, and the leak suite."""

from dataclasses import replace
from typing import Any

from ....datasets.hashing import hash_content
from ....datasets.protocol.settings import Strategy
from ....datasets.world import Split
from ..test_splits import list_view_parts
from . import scenario_splits, split_suite
from .check_result import Violation
from .definition import Check, check
from .requirements import require_version
from .scenario_subject import ScenarioSubject


@check()
def version(subject: ScenarioSubject) -> str:
    """Require that it declares a version, to be raised by whatever changes a split or a score."""
    return require_version(type(subject.scenario))


@check()
def same_seed_same_split(subject: ScenarioSubject) -> str:
    """Require that the same seed gives the same split and fingerprint, again."""
    for name, split in subject.splits.items():
        again = subject.scenario.split(subject.worlds[name], subject.seed)
        if again.fingerprint != split.fingerprint or _content(again) != _content(split):
            raise Violation(
                f"{name}: another split for seed {subject.seed}",
                "draw every hash from the seed, and sort what comes from sets and dicts",
            )
    return "same splits"


@check()
def other_seed_other_split(subject: ScenarioSubject) -> str:
    """Require that another seed gives another split, and another split another fingerprint."""
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
    parts: list[Any] = list_view_parts(replace(split.train, seed=0))
    for tasks in (split.validation, split.test):
        for name, task in sorted(tasks.items()):
            parts += [name, task.users, task.items, task.truth, task.query.users.history]
    return hash_content(split.users, split.items, *parts)


CHECKS: tuple[Check, ...] = (
    *split_suite.OF_SETTINGS,
    version,
    *split_suite.OF_INSTALLATION,
    *scenario_splits.CHECKS,
    same_seed_same_split,
    other_seed_other_split,
    *split_suite.OF_LEAKS,
)
