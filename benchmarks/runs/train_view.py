"""The training data as the method of a run sees it."""

from dataclasses import replace

from ...datasets.progress import Progress
from ...datasets.world import TrainView
from ..isolation.read_only import make_read_only
from .plan import Plan
from .training_settings import training_settings


def train_view(plan: Plan, progress: Progress) -> TrainView:
    """Return the training data of a run, read-only and in objects of its own.

    Here stands whatever the run, and not its split, adds to it: seed and ``validate`` are the
    split's; threads, device and settings of Lightning the run's. The split itself stays out of
    the method's reach: the evaluation that follows reads the plan's.

    Parameters
    ----------
    plan
        The run.
    progress
        Told how far the fit has come.
    """
    train = make_read_only(plan.split).train
    return replace(
        train,
        resources=plan.resources,
        progress=progress,
        trainer=training_settings(plan),
    )
