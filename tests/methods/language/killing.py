"""A training that dies in one of its validations, and goes on from its checkpoint."""

import itertools
from dataclasses import replace

from coldbench.datasets.training import CheckpointFolder, TrainerSettings


class Killed(Exception):
    """What ends the training."""


def dying(train, folder, after):
    """Return the world with checkpoints and a validation that dies when it was asked so often.

    With None it never does.
    """
    asked = itertools.count()

    def validate(method):
        if next(asked) == after:
            raise Killed
        return train.validate(method)

    settings = TrainerSettings({}, {}, {}, CheckpointFolder(folder))
    return replace(train, trainer=settings, validate=validate)
