"""Counts of a split worth reporting."""

from collections.abc import Mapping

from ..dataset import Dataset
from ..world import Holdout
from .cuts.cut import EARLIER, OUTSIDE, TEST, VALIDATION, WARM
from .tasks.unused import count_unused_pairs
from .views.training_world import TrainingWorld

COHORTS = {
    "warm": WARM,
    "cold_validation": VALIDATION,
    "cold_test": TEST,
    "outside": OUTSIDE,
}


def count_facts(
    data: Dataset, world: TrainingWorld, stages: Mapping[str, Mapping[str, Holdout]]
) -> dict[str, int]:
    """Return how many pairs and entities play which role, and how many were left out.

    Parameters
    ----------
    data
        Knows how many duplicate rows were merged.
    world
        The training data with its cut.
    stages
        Every task by stage and name, also those that no user can be asked.
    """
    cut = world.cut
    facts = {"pairs": len(cut.pairs), "merged_pairs": data.merged}
    facts["unused_pairs"] = len(count_unused_pairs(world, stages))
    held = int((cut.parts >= EARLIER).sum())
    if held:
        facts["held_back_pairs"] = held
    for side, cohort in (("users", cut.users), ("items", cut.items)):
        for name, which in COHORTS.items():
            facts[f"{name}_{side}"] = int((cohort == which).sum())
    for stage, tasks in stages.items():
        facts[f"{stage}_tasks_without_users"] = sum(not len(t.users) for t in tasks.values())
        for name, task in tasks.items():
            if name.startswith("new_user"):
                facts[f"{stage}_users_left_out_{name.split('/')[0]}"] = task.left_out
            if name.startswith("new_item/cold"):
                cold = facts[f"cold_{stage}_items"]
                facts[f"{stage}_items_left_out"] = cold - len(task.items)
    return facts
