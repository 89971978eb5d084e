"""One trial: what it may see, and what becomes of a failure."""

from pathlib import Path
from typing import Any

import pytest
from coldbench.benchmarks.plugins.registry import find
from coldbench.benchmarks.tuning.fit_trial import find_objective, fit_trial
from coldbench.benchmarks.tuning.validation_split import cut_without_test
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.world import Split


@pytest.fixture
def small(workplace: Path) -> Split:
    return cut_without_test(find("datasets", "tiny")().load(), Grid(), 0)


def method(name: str, **settings: Any) -> Any:
    return find("methods", name)(**settings)


def test_the_split_of_a_trial_has_no_test_side(small: Split) -> None:
    assert small.test == {}
    assert set(small.validation) and fit_trial(method("hill"), small, seconds=None).groups


def test_a_poisoned_test_side_changes_nothing(workplace: Path) -> None:
    data = find("datasets", "tiny")().load()
    poisoned = find("scenarios", "poisoned")()
    with pytest.raises(AssertionError, match="the test side"):
        len(poisoned.split(data, 0).test)
    clean = fit_trial(method("hill"), cut_without_test(data, Grid(), 0), seconds=None)
    same = fit_trial(method("hill"), cut_without_test(data, poisoned, 0), seconds=None)
    assert same.state == "complete" and same.groups == clean.groups


def test_the_best_setting_has_the_best_objective(small: Split) -> None:
    found = [
        find_objective(
            fit_trial(method("hill", place=p, blur=1), small, seconds=None).groups, "mean"
        )
        for p in (0.7, 0.1)
    ]
    assert found[0] > found[1]


def test_the_objective_of_a_group_and_the_mean_over_groups() -> None:
    groups = {"new_item": 0.2, "new_user": 0.4}
    assert find_objective(groups, "new_item") == 0.2
    assert find_objective(groups, "mean") == pytest.approx(0.3)
    with pytest.raises(ColdbenchError, match="'both' here; there are: mean, new_item, new_user"):
        find_objective(groups, "both")


@pytest.mark.parametrize(
    ("settings", "seconds", "reason"),
    [
        ({"mood": "raises"}, None, "ArithmeticError: the matrix is singular"),
        ({"seconds": 30.0}, 0.2, "stopped after 0.2 s, all that it was given"),
    ],
)
def test_a_failure_is_a_result_with_its_sentence(
    small: Split, settings: dict[str, Any], seconds: float | None, reason: str
) -> None:
    found = fit_trial(method("moody", **settings), small, seconds=seconds)
    assert (found.state, found.reason, found.groups) == ("failed", reason, {})
    assert found.seconds < 10
