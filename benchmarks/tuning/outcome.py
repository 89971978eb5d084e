"""What a search leaves: the tuned preset with its trials, and what is said about them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..config.enum_values import to_typed_form
from ..config.tuned_preset import NOT_APPLICABLE, find_file, write_preset
from ..records.digests import to_jsonable
from .search import find_place
from .trial_table import TrialRow, format_rows
from .tune_settings import TunePlan


def write_outcome(plan: TunePlan, rows: Sequence[TrialRow], best: TrialRow) -> Path:
    """Write the best trial's settings as a preset, with all trials; return its path."""
    fixed = {name: getattr(plan.config.method, name) for name in plan.fixed}
    settings = {**to_jsonable(to_typed_form(fixed)), **best.settings}
    comment = f"{describe_counts(plan, rows)} Trial {best.number} is the best.\nUsed as\n  "
    return _write(plan, settings, rows, comment + run_command(plan))


def write_not_applicable(plan: TunePlan, reason: str) -> Path:
    """Note in the preset's place that the method does not apply: no settings, no trials."""
    return _write(plan, {}, [], "There was nothing to search.", {NOT_APPLICABLE: reason})


def _write(
    plan: TunePlan,
    settings: Mapping[str, Any],
    rows: Sequence[TrialRow],
    comment: str,
    also: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    scenario, dataset, method = place = find_place(plan)
    path = find_file(plan.config.results, place, plan.budget.group)
    tuning = {
        "trials": len(rows),
        "minutes": plan.budget.minutes,
        "group": plan.budget.group,
        "seeds": list(plan.budget.seeds),
        "dataset": dataset,
        "scenario": scenario,
        **also,
    }
    content = {"method": method, "settings": dict(settings), "tuning": tuning}
    write_preset(path, content, format_rows(rows), comment)
    return path


def describe_counts(plan: TunePlan, rows: Sequence[TrialRow]) -> str:
    """Return a sentence: which method was tuned for what, with how many trials that ended how."""
    scenario, dataset, method = find_place(plan)
    budget = plan.budget
    counted = Counter(one.state for one in rows)
    states = [one for one in ("pruned", "failed") if counted[one]]
    ends = ", ".join(f"{counted[one]} {one}" for one in states)
    what = "the mean over the groups" if budget.group == "mean" else budget.group
    seeds = ", ".join(map(str, budget.seeds))
    return (
        f"{method} on {scenario}/{dataset}, tuned for {what} by validation on split seed {seeds}: "
        f"{len(rows)} of {budget.trials} trials{f' ({ends})' if ends else ''} within "
        f"{budget.minutes:g} min."
    )


def run_command(plan: TunePlan) -> str:
    """Return the command that runs the tuned preset."""
    own = [word for word in plan.words if not word.lstrip("+").startswith("method.")]
    return " ".join(["coldbench run", *own, f"tuned={plan.budget.group}"])
