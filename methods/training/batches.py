"""Mini-batches cut from tensors in memory, in an order that (seed, epoch) decides.

What ``fit_module`` trains on is any callable ``batches(epoch) -> iterable of batches``; a batch is
whatever the network's ``loss`` takes (a tensor, or tuples, lists and dicts of tensors). A method
that samples negatives writes its own generator with ``numpy_generator(seed, epoch)``;
``TensorBatches`` is the common case. Resuming or repeating an epoch gives the same batches, which
a shuffling DataLoader does not promise.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .seeding import numpy_generator

if TYPE_CHECKING:
    import torch

Batches: TypeAlias = Callable[[int], Iterable[Any]]


@dataclass(frozen=True)
class TensorBatches:
    """Shuffled rows of parallel tensors, ``size`` at a time.

    Attributes
    ----------
    tensors
        One or more tensors of equal length; a batch is a tuple with some rows of each.
    size
        Rows in a batch; the last one may be smaller.
    seed
        Decides the order together with the epoch.
    drop_last
        Leave out a last batch that is smaller (batch normalisation cannot use a single row).
    """

    tensors: "tuple[torch.Tensor, ...]"
    size: int
    seed: int
    drop_last: bool = False

    def __call__(self, epoch: int) -> "Iterator[tuple[torch.Tensor, ...]]":
        """Yield the batches of one epoch."""
        import torch

        rows = len(self.tensors[0])
        order = torch.from_numpy(numpy_generator(self.seed, epoch).permutation(rows))
        for chosen in torch.split(order, self.size):
            if self.drop_last and len(chosen) < self.size:
                return
            yield tuple(tensor[chosen] for tensor in self.tensors)
