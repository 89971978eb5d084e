"""The training world as the method of a run sees it."""

from dataclasses import replace

from ...datasets.progress import Progress
from ...datasets.world import TrainView
from ..isolation.sealed import sealed
from .plan import Plan


def train_view(plan: Plan, progress: Progress) -> TrainView:
    """Return the training world of a run, read-only and in objects of its own.

    Here stands whatever the run, and not its split, adds to it: seed and ``validate`` are the
    split's, threads and device the run's. The split itself stays out of the method's reach: the
    evaluation that follows reads the plan's.

    Parameters
    ----------
    plan
        The run.
    progress
        Told how far the fit has come.
    """
    train = sealed(plan.split).train
    return replace(train, resources=plan.resources, progress=progress)
