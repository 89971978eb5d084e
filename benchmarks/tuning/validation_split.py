"""The split that a trial is given: training data and validation tasks, and no test side at all."""

from dataclasses import replace
from typing import Any

from ...datasets.dataset import Dataset
from ...datasets.world import Split
from ..evaluation.validation import with_validation
from ..isolation.read_only import make_read_only


def cut_without_test(data: Dataset, scenario: Any, seed: int) -> Split:
    """Cut a dataset, put the test tasks away unread, and attach ``train.validate``.

    Parameters
    ----------
    data
        A loaded dataset.
    scenario
        What cuts it.
    seed
        Of the split and of the methods that are fitted on it.
    """
    whole = scenario.split(data, seed)
    return make_read_only(with_validation(replace(whole, test={}), scenario))
