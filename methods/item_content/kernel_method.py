"""What the methods that compare items by kernels share: their inputs and their limit."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...datasets.arrays import DoubleArray
from ...datasets.errors import NotApplicableError
from ...datasets.parameters import Choices, Range, parameter
from ...datasets.world import Entities, TrainView
from ..base import Method
from .inputs import ItemContent, ItemInput, Rows
from .kernels import Kernel, compare_items
from .weighting import Weighting

REGULARIZATIONS = (1.0, 5.0, 25.0)
"""Values that are tried where none is given."""


@dataclass
class KernelMethod(Method):
    """A method on the mean of the kernels of several inputs.

    A subclass that reads more overrides ``learn_inputs`` and ``read_items``.
    """

    inputs: list[ItemInput] = parameter(
        list(ItemInput), "what is compared of the items, as far as the dataset has it"
    )
    kernel: Kernel = parameter(Kernel.RBF, "similarity of two items", search=Choices(tuple(Kernel)))
    gamma: float = parameter(
        1.0, "width of the rbf kernel", minimum=1e-6, search=Range(0.1, 10, log=True)
    )
    regularization: float | None = parameter(
        None,
        f"lambda, added to the diagonal; None tries {', '.join(f'{v:g}' for v in REGULARIZATIONS)}",
        minimum=1e-6,
        search=Range(0.1, 100, log=True),
    )
    weighting: Weighting = parameter(
        Weighting.NONE, "weights of the feature columns", search=Choices(tuple(Weighting))
    )
    max_items: int = parameter(
        15_000, "training items beyond which the method refuses (8 bytes a pair)", minimum=1
    )

    def learn_inputs(self, train: TrainView) -> None:
        """Learn from the training items what turns an item into rows."""
        self.content_ = ItemContent.of(train, self.inputs, self.weighting)

    def read_items(self, items: Entities) -> list[Rows]:
        """Return the rows of some items, one matrix for each input."""
        return self.content_(items)

    def compare(self, left: list[Rows], right: list[Rows]) -> DoubleArray:
        """Return the kernel matrix, float64 (left items, right items)."""
        return compare_items(left, right, self.kernel, self.gamma)

    def fit_rows(self, train: TrainView) -> DoubleArray:
        """Keep the rows of the training items and return their kernel matrix.

        Raises
        ------
        NotApplicableError
            With more than ``max_items`` training items, or none of the inputs.
        """
        count = len(train.items)
        if count > self.max_items:
            raise NotApplicableError(
                f"{type(self).__name__} holds a kernel matrix of {count} x {count} training items "
                f"({8 * count**2 / 2**30:.1f} GiB), more than max_items={self.max_items} allows; "
                "raise max_items if the memory is there, or use content_knn"
            )
        self.learn_inputs(train)
        self.rows_ = self.read_items(train.items)
        if not self.rows_:
            raise NotApplicableError(
                f"{type(self).__name__} compares items by {', '.join(self.inputs)}, "
                "and this dataset and scenario give none of them"
            )
        return self.compare(self.rows_, self.rows_)

    def tried(self) -> tuple[float, ...]:
        """Return the regularisations to choose from."""
        return REGULARIZATIONS if self.regularization is None else (self.regularization,)

    def state(self) -> dict[str, Any]:
        """Return the learned arrays; those of the inputs by name."""
        learned = super().state()
        if "content_" in learned:
            learned["content_"] = self.content_.learned
        return learned

    def restore(self, state: dict[str, Any]) -> None:
        """Set what ``state`` returned."""
        super().restore(state)
        if "content_" in state:
            self.content_ = ItemContent(self.weighting, state["content_"])

    def parameter_counts(self) -> tuple[int, int]:
        """Return the numbers learned, twice: those of arrays, and of the rows of the inputs."""
        own = sum(v.size for v in vars(self).values() if isinstance(v, np.ndarray))
        return own, own


def add_to_diagonal(gram: DoubleArray, amount: float) -> DoubleArray:
    """Return a copy with ``amount`` added to the diagonal, in the order that LAPACK needs."""
    raised = np.array(gram, order="F")
    raised[np.diag_indices_from(raised)] += amount
    return raised
