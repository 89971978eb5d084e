"""The fit of a run: at once, or a fit and updates through the earlier steps of its scenario."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from ...datasets.progress import Progress
from ...datasets.world import Split
from ...methods.base import Method
from ..plugins.requirements import require_update
from .kept_splits import split_once
from .plan import Plan
from .train_view import train_view
from .training_settings import training_settings


@dataclass(frozen=True)
class Step:
    """A scenario that a fit goes through, and its split with ``validate``."""

    scenario: Any
    split: Split


def list_steps(plan: Plan) -> list[Step]:
    """Return the steps of a run, its own split last; of most scenarios there is no other.

    Raises
    ------
    NotApplicableError
        When there are several and the method cannot be updated.
    SplitError
        When an earlier step cannot be split.
    """
    steps = getattr(plan.config.scenario, "steps", None)
    scenarios = list(steps())[:-1] if callable(steps) else []
    if scenarios:
        require_update(plan.config.method)
    earlier = [
        Step(one, split_once(replace(plan.config, scenario=one), plan.data)) for one in scenarios
    ]
    return [*earlier, Step(plan.config.scenario, plan.split)]


def fit_steps(
    plan: Plan, steps: Sequence[Step], progress: Progress
) -> tuple[Method, list[dict[str, Any]]]:
    """Return the fitted method and, where there are several steps, what was done in each."""
    settings, method, told = training_settings(plan), plan.config.method, []
    for at, step in enumerate(steps):
        start, train = perf_counter(), train_view(plan, step.split, progress, settings)
        if at == 0:
            targets, method = len(train.interactions), method.fit(train)
        else:
            change = step.scenario.plan_update(steps[at - 1].split, step.split)
            targets, method = int(change.targets.sum()), method.update(train, change)
        if len(steps) > 1:
            learned = _describe_training(method) if targets else {"steps": 0}
            told.append(
                {
                    "period": getattr(step.scenario, "period", at + 1),
                    "targets": targets,
                    "seconds": round(perf_counter() - start, 4),
                    **learned,
                }
            )
    return method, told


def _describe_training(method: Method) -> dict[str, Any]:
    """Return steps and validation, before and after, where the method reports a learning curve."""
    training = method.report().get("training")
    if not isinstance(training, dict) or not training.get("validation"):
        return {}
    curve: dict[Any, float] = dict(training["validation"])
    found = {"steps": training.get("steps"), "validation_before": curve.get(0)}
    found["validation_after"] = curve.get(training.get("best_epoch"))
    return {name: value for name, value in found.items() if value is not None}
