"""Mini-batches of labelled prompts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...training.seeding import numpy_generator
from .pairs import LabelledPairs

if TYPE_CHECKING:
    import torch

Encode = Callable[[LabelledPairs], list[tuple[int, ...]]]


@dataclass(frozen=True)
class PromptBatches:
    """Shuffled prompts of labelled pairs, ``size`` at a time.

    Attributes
    ----------
    draw
        Returns the pairs of an epoch.
    encode
        Returns the prompt of each pair.
    size
        Prompts in a batch; the last one may be smaller.
    seed
        Decides the order together with the epoch.
    """

    draw: Callable[[int], LabelledPairs]
    encode: Encode
    size: int
    seed: int

    def __call__(self, epoch: int) -> "Iterator[dict[str, torch.Tensor]]":
        """Yield the batches of one epoch."""
        import torch

        from .network import pad_prompts

        pairs = self.draw(epoch)
        order = numpy_generator(self.seed, epoch, 1).permutation(len(pairs))
        for at in range(0, len(order), self.size):
            rows = order[at : at + self.size]
            part = LabelledPairs(pairs.users[rows], pairs.items[rows], pairs.liked[rows])
            ids, lengths = pad_prompts(self.encode(part))
            liked = torch.from_numpy(part.liked.astype("float32"))
            yield {"ids": ids, "lengths": lengths, "liked": liked}
