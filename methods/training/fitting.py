"""Train a torch network with Lightning: in memory, quiet, stopped by the split's validation.

A method builds a network whose ``loss(batch)`` returns a scalar tensor and hands it over::

    with seeded(train.seed):
        net = build_net(...)                      # torch.nn.Module with .loss(batch)
    self.net_ = net
    self.log_ = fit_module(
        net, batches, train,                      # batches(epoch) -> iterable of mini-batches
        optimiser=lambda p: torch.optim.Adam(p, lr=self.learning_rate),
        max_steps=self.max_steps, patience_steps=self.patience_steps,
        validate=lambda: train.validate(self),    # the only road to early stopping
    ).as_json()

- While ``validate`` runs, the network is in evaluation mode, without gradients, and on the
  training device; the method scores with it as it stands. The best weights are kept in memory and
  are in the network when ``fit_module`` returns, in evaluation mode, still on the training device
  (``weights.device_of``); on the CPU after training on several. Where a group of tasks has another
  best, ``group_networks.network_of_group`` gives a copy with its weights.
- ``batches`` decides the order of the data by (seed, epoch); see ``batches.TensorBatches``.
- Threads, device and number of devices come from ``train.resources``. With several devices the
  mini-batches of an epoch are dealt round-robin, gradients are averaged (``ddp``), rank 0 alone
  validates, and every rank ends with the same weights. One process that asks for several CPU
  devices forks them and gets the weights and the log back; on a GPU, or under ``torchrun`` and
  Slurm, each rank runs the whole command. Every trainable parameter must take part in every loss,
  and nothing but the weights and the log leaves a forked rank (no attribute that ``validate`` or
  ``after_step`` sets). The result is not that of one device: ``devices`` is in the log.
- The process is left as it was: torch's generators and thread count, logging levels, warnings.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Unpack

from ...datasets.world import TrainView
from .batches import Batches
from .schedule import MakeOptimiser, StepRules, StoppingOptions, TrainingLog

if TYPE_CHECKING:
    from torch import nn


def fit_module(
    module: "nn.Module",
    batches: Batches,
    train: TrainView,
    *,
    optimiser: MakeOptimiser,
    learning_rate_factor: Callable[[int], float] | None = None,
    clip: float | None = None,
    after_step: Callable[[int], None] | None = None,
    precision: str = "32-true",
    batches_per_step: int = 16,
    **stopping: Unpack[StoppingOptions],
) -> TrainingLog:
    """Train ``module`` by ``module.loss(batch)`` and return the learning curve.

    Parameters
    ----------
    module
        Network with a method ``loss(batch) -> scalar tensor``; changed in place. Only parameters
        with ``requires_grad`` are trained.
    batches
        ``batches(epoch)`` gives the mini-batches of an epoch, counted from 0; tensors are moved
        to the device.
    train
        For its seed and resources; ``progress`` receives epoch, loss and validation.
    optimiser
        Makes the optimiser from the trainable parameters.
    learning_rate_factor
        Factor on the learning rate by optimiser step, counted from 0 (warm-up, decay).
    clip
        Largest norm of the gradient.
    after_step
        Called with the number of the step that was just taken (AdaLoRA's budget, for example).
    precision
        Lightning's name: ``32-true``, ``bf16-mixed``, ``bf16-true``.
    batches_per_step
        Mini-batches passed to Lightning at a time; each is still its own optimiser step. Hides
        the trainer's cost per step.
    stopping
        The fields of ``schedule.Stopping``: ``max_steps`` or ``epochs``, ``validate``,
        ``min_steps``, ``patience_steps``, ``validate_every_steps``, ``chance_loss``, ...

    Raises
    ------
    TrainingError
        When the loss is not finite.
    """
    from .fit_lightning import fit_lightning
    from .many_steps import ManySteps

    rules = StepRules(learning_rate_factor, clip, after_step)
    many = ManySteps(module, batches, optimiser, rules, batches_per_step)
    return fit_lightning(many, None, train, precision=precision, **stopping)
