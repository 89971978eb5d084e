"""Seeds, threads and generators that leave no trace in the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@contextmanager
def seeded(seed: int, threads: int | None = None) -> Iterator[None]:
    """Run a block with torch's global generators seeded, and put them back afterwards.

    Layers draw their first weights, and dropout its masks, from the global generators: build a
    network inside ``with seeded(train.seed):``.

    Parameters
    ----------
    seed
        Any non-negative integer.
    threads
        Threads inside an operation for the length of the block; None leaves them alone.
    """
    import torch

    before = torch.get_num_threads()
    with torch.random.fork_rng(enabled=True):
        torch.manual_seed(seed)
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def numpy_generator(seed: int, *place: int) -> np.random.Generator:
    """Return a generator that depends on the seed and a place, for example (seed, epoch)."""
    return np.random.default_rng(np.random.SeedSequence([seed, *place]))


def torch_generator(seed: int, *place: int) -> "torch.Generator":
    """Return a CPU generator that depends on the seed and a place, for example (seed, epoch)."""
    import torch

    state = np.random.SeedSequence([seed, *place]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))
