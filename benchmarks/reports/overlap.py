"""How much two draws of the split have in common: the test side over the training side."""

from ...methods.base import Family
from ..records.record import RunRecord

DEFAULT = 0.1 / 0.8
"""Of the protocol's default fractions; also where a record does not tell."""
SIDES = {"new_item": ("items",), "new_user": ("users",), "new_user_new_item": ("users", "items")}


def find_overlap(record: RunRecord, task: str) -> float:
    """Return n_test / n_train of Nadeau and Bengio's correction for one task of a record.

    The correction is for what two draws' training sets share; a reference without parameters (a
    random order, the newest first) learns nothing from them, and needs none: 0.

    What is drawn is what counts: cold test items over warm items, cold test users over warm
    users, and the larger of the two where both are cold; of warm tasks the fractions of the
    interactions. The larger ratio is the more careful one.
    """
    learned = record.cost is None or record.cost.parameters > 0
    if record.family == Family.REFERENCE.value and not learned:
        return 0.0
    start = task.split("/")[0]
    if start in SIDES:
        ratios = [_ratio(record, side) for side in SIDES[start]]
        return max((one for one in ratios if one is not None), default=DEFAULT)
    scenario = record.config.get("scenario", {})
    test, train = scenario.get("test_fraction"), scenario.get("train_fraction")
    return float(test) / float(train) if test and train else DEFAULT


def _ratio(record: RunRecord, side: str) -> float | None:
    test, train = record.facts.get(f"cold_test_{side}"), record.facts.get(f"warm_{side}")
    return float(test) / float(train) if test and train else None
