"""How the mini-batches of an epoch are dealt to several devices, none of them left out.

The batches are dealt in rounds, one to each rank, and a round is one optimiser step. **The gradient
of a step is the mean over the batches of its round**, however many these are. In the last round
some ranks may find none left. They must take part all the same, since gradients are averaged over
all ranks: such a rank computes the loss of another's batch with weight 0, and the others' losses
weigh (ranks / batches of the round), so that the average over ranks is the mean over batches.
On one device each batch is a round of its own with weight 1.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


def deal(batches: Iterable[T], rank: int, ranks: int) -> Iterator[tuple[T, float]]:
    """Yield this rank's batch of every round, and its weight in the step.

    Parameters
    ----------
    batches
        The batches of one epoch, in the same order on every rank.
    rank, ranks
        Number of this process and number of all.
    """
    if ranks == 1:
        for batch in batches:
            yield batch, 1.0
        return
    for one_round in grouped(batches, ranks):
        there = len(one_round)
        if rank < there:
            yield one_round[rank], ranks / there
        else:
            yield one_round[-1], 0.0


def grouped(stream: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of ``size`` neighbours; the last may be shorter."""
    iterator = iter(stream)
    while group := list(islice(iterator, size)):
        yield group


def epoch_of(trainer: Any) -> int:
    """Return the epoch whose data is asked for, also while a checkpoint is being resumed.

    Lightning opens the loader of a resumed training before ``current_epoch`` is right.
    """
    if trainer.overfit_batches:
        return 0  # always the same batches
    return int(trainer.fit_loop.epoch_progress.current.processed)
