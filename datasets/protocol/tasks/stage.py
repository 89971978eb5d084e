"""What the tasks of one stage (validation or test) share: its pairs, its rows and its masks."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, BoolArray, IntArray, LongArray, make_read_only
from ...world import Entities, Holdout, Query
from ..cuts.cut import EARLIER, VALIDATION, WARM, Parts
from ..views.training_world import TrainingWorld
from .support import Order, SupportOrder

Tasks = dict[str, Holdout]


@dataclass(frozen=True)
class Stage:
    """One stage of a split; pairs of another part and cold entities of another cohort are out.

    Attributes
    ----------
    world
        The training data.
    order
        The order in which interactions of cold entities are shown.
    part
        ``VALIDATION`` or ``TEST``.
    forward
        True when the truth of a user must come after all its support, also on cold items.
    """

    world: TrainingWorld
    order: Order
    part: int
    forward: bool = False

    @cached_property
    def known(self) -> CSR:
        """What is known of the warm users, CSR of ones (warm users, warm items).

        The training pairs, those held back from them and, in the test, each user's own validation
        positives.
        """
        known, parts = self.world.interactions.csr, self.world.cut.parts
        at = np.flatnonzero(parts >= EARLIER)
        if self.part == VALIDATION and not len(at):
            return known
        if self.part != VALIDATION:
            at = np.concatenate([at, replace(self, part=VALIDATION).pairs(WARM, WARM)])
        held = self.world.matrix(at, self.world.user_rows, self.world.item_rows)
        return mark_stored(known + mark_stored(held))

    def pairs(self, users: int, items: int) -> LongArray:
        """Return the positions of this stage's pairs of a cohort of users and one of items."""
        at, cohorts = self._positions
        kept: LongArray = at[cohorts == 4 * users + items]
        return kept

    @cached_property
    def _positions(self) -> tuple[LongArray, Parts]:
        """Return this stage's pairs, and the cohorts of their users (times 4) and items."""
        cut = self.world.cut
        at = np.flatnonzero(cut.parts == self.part)
        return at, 4 * cut.users[cut.pairs.users[at]] + cut.items[cut.pairs.items[at]]

    @cached_property
    def of_cold_users(self) -> tuple[SupportOrder, BoolArray]:
        """Return this stage's pairs of cold users in order, and which may be their support."""
        warm, cold = self.pairs(self.part, WARM), self.pairs(self.part, self.part)
        at = np.concatenate([warm, cold])
        showable = np.arange(len(at)) < len(warm)
        n_users = self.world.cut.pairs.n_users
        return self.order.shown(at, self.users_of(at), showable, n_users), showable

    def users_of(self, at: LongArray) -> IntArray:
        """Return the dataset index of the user of each pair."""
        users: IntArray = self.world.cut.pairs.users[at]
        return users

    def items_of(self, at: LongArray) -> IntArray:
        """Return the dataset index of the item of each pair."""
        items: IntArray = self.world.cut.pairs.items[at]
        return items


def make_holdout(
    users: Entities,
    items: Entities,
    truth: CSR,
    masked: CSR,
    user_rows: IntArray,
    item_rows: IntArray,
    left_out: int = 0,
) -> Holdout:
    """Return a task whose arrays are all read-only.

    Parameters
    ----------
    users, items
        Who asks and the candidates.
    truth, masked
        CSR float32 (users, candidates).
    user_rows, item_rows
        int32: dataset index of each user and each candidate.
    left_out
        Users that are not asked.
    """
    return Holdout(
        Query(users, items),
        make_read_only(truth),
        make_read_only(masked),
        make_read_only(user_rows),
        make_read_only(item_rows),
        left_out,
    )


def find_evaluated_rows(truth: CSR) -> LongArray:
    """Return the rows that hold some truth; a truth of rating 0 counts."""
    return np.flatnonzero(np.diff(truth.indptr))


def mark_stored(matrix: CSR) -> CSR:
    """Return CSR float32 of ones where the matrix stores something."""
    ones = np.ones(matrix.nnz, dtype=np.float32)
    return csr_matrix((ones, matrix.indices, matrix.indptr), matrix.shape)


def make_unknown_indices(rows: IntArray) -> IntArray:
    """Return the training index of cold entities: -1 for each."""
    return np.full(len(rows), -1, dtype=np.int32)
