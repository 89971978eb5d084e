"""The training data as the method of a run sees it."""

from dataclasses import replace

from ...datasets.progress import Progress
from ...datasets.training import TrainerSettings
from ...datasets.world import Split, TrainView
from ..isolation.read_only import make_read_only
from .plan import Plan


def train_view(plan: Plan, split: Split, progress: Progress, trainer: TrainerSettings) -> TrainView:
    """Return the training data of a run, read-only and in objects of its own.

    Here stands whatever the run, and not its split, adds to it: seed and ``validate`` are the
    split's; threads, device and settings of Lightning the run's. The split itself stays out of
    the method's reach: the evaluation that follows reads the plan's.

    Parameters
    ----------
    plan
        The run.
    split
        That of the run, or of an earlier step of it.
    progress
        Told how far the fit has come.
    trainer
        Settings of Lightning; the fits of a run share them, so that each claims a checkpoint of
        its own.
    """
    return replace(
        make_read_only(split).train,
        resources=plan.resources,
        progress=progress,
        trainer=trainer,
    )
