"""Every record tells how its method does on the validation tasks."""

from collections.abc import Callable
from typing import Any

import pytest
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.records.record import Status, read
from coldbench.benchmarks.runs import execute as execution
from coldbench.benchmarks.runs.execute import execute
from coldbench.benchmarks.runs.kept_splits import split_once

Tiny = Callable[..., RunConfig]


@pytest.mark.parametrize("method", ["popularity", "content_knn"])
def test_a_record_holds_what_validate_says_of_the_fitted_method(tiny: Tiny, method: str) -> None:
    config = tiny(method, "scenario=grid")
    run = execute(config)
    split = split_once(config, config.dataset.load())
    fitted = tiny(method, "scenario=grid").method.fit(split.train)
    expected = split.train.validate(fitted)
    held = run.record.validation
    assert held["tasks"] == {name: round(one, 6) for name, one in expected.tasks.items()}
    assert held["groups"] == {name: round(one, 6) for name, one in expected.groups.items()}
    assert "new_item" in held["groups"]
    assert read(run.path).validation == held
    cost = run.record.cost
    assert cost is not None and cost.validation_seconds is not None


def test_validation_is_neither_fit_nor_score(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    real = execution._validate

    def slow(*given: Any) -> Any:
        time.sleep(3)
        return real(*given)

    execute(tiny("popularity"))  # compiled, imported
    monkeypatch.setattr(execution, "_validate", slow)
    cost = execute(tiny("popularity", "force=true")).record.cost
    assert cost is not None and cost.validation_seconds is not None
    assert cost.validation_seconds >= 3 > cost.fit_seconds + cost.score_seconds


def test_without_validation_tasks_the_record_holds_none(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny("popularity")
    monkeypatch.setattr(type(config.scenario), "validates", lambda self, name: False, raising=False)
    record = execute(config).record
    assert record.status is Status.OK and record.validation == {}
    assert record.cost is not None and record.cost.validation_seconds is None
