"""The training data of a cut: warm entities with their histories, and rows for cold ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from ...arrays import CSR, FloatArray, IntArray, LongArray
from ...dataset import Dataset
from ...graph import Graph
from ...interactions import Interactions
from ...side_information import Side, Track
from ...world import Entities, SideMode
from ..cuts.cut import TEST, TRAIN, VALIDATION, WARM, Cut
from .graph_view import view_graph
from .side_view import SideView, view_side


@dataclass(frozen=True)
class TrainingWorld:
    """What the tasks of a split are built from.

    Attributes
    ----------
    cut
        Parts and cohorts.
    weights
        float32, (pairs,): 1, or the rating in a rating task.
    interactions
        Training pairs over training indices, sorted by user and item.
    user_rows, item_rows
        int32: dataset index of each training index, ascending.
    users, items
        The warm entities.
    user_view, item_view
        Side information of every entity of the dataset.
    """

    cut: Cut
    weights: FloatArray
    interactions: Interactions
    user_rows: IntArray
    item_rows: IntArray
    users: Entities
    items: Entities
    user_view: SideView
    item_view: SideView

    @property
    def graph(self) -> Graph | None:
        """The training graph, or None."""
        return None if self.item_view.graph is None else self.item_view.graph.graph

    def matrix(self, at: LongArray, rows: IntArray, columns: IntArray) -> CSR:
        """Return the pairs at some positions as CSR over dataset users ``rows`` and items.

        A pair outside ``rows`` and ``columns`` is dropped; zero weights stay stored.
        """
        pairs = self.cut.pairs
        row = invert_index(rows, pairs.n_users)[pairs.users[at]]
        column = invert_index(columns, pairs.n_items)[pairs.items[at]]
        keep = (row >= 0) & (column >= 0)
        shape = (len(rows), len(columns))
        matrix = csr_matrix((self.weights[at][keep], (row[keep], column[keep])), shape)
        matrix.sort_indices()
        return matrix

    def unseen(self, side: Side) -> Entities | None:
        """Return the cold entities of a side without any history, or None when there are none."""
        view = self.user_view if side is Side.USER else self.item_view
        cohort = self.cut.users if side is Side.USER else self.cut.items
        width = len(self.items if side is Side.USER else self.users)
        rows = list_members(cohort, VALIDATION, TEST)
        if not len(rows):
            return None
        history = csr_matrix((len(rows), width), dtype=np.float32)
        return view.entities(rows, np.full(len(rows), -1, dtype=np.int32), history)


def list_members(cohort: npt.NDArray[np.int8], *which: int) -> IntArray:
    """Return the dataset indices of the entities in some cohorts, ascending."""
    return np.flatnonzero(np.isin(cohort, which)).astype(np.int32)


def invert_index(rows: IntArray, n: int) -> IntArray:
    """Return, for each of ``n`` dataset indices, its position in ``rows`` or -1."""
    index = np.full(n, -1, dtype=np.int32)
    index[rows] = np.arange(len(rows), dtype=np.int32)
    return index


def build_world(
    data: Dataset, cut: Cut, track: Track, mode: SideMode, *, rating: bool
) -> TrainingWorld:
    """Build the training data of a settled cut.

    Parameters
    ----------
    data
        Source of the side information.
    track, mode
        Which side information a method may see, and when.
    rating
        Matrices hold ratings rather than ones.
    """
    user_rows, item_rows = list_members(cut.users, WARM), list_members(cut.items, WARM)
    interactions = _training_pairs(cut, user_rows, item_rows)
    transductive = mode is SideMode.TRANSDUCTIVE
    graph = None
    if data.graph is not None and any(map(track.admits, data.graph.provenance)):
        graph = view_graph(data.graph, track, item_rows, transductive=transductive)
    views = [
        view_side(side, information, len(cohort), track, warm, visible, links)
        for side, information, cohort, warm, links in (
            (Side.USER, data.users, cut.users, user_rows, None),
            (Side.ITEM, data.items, cut.items, item_rows, graph),
        )
        for visible in (list_members(cohort, WARM, VALIDATION, TEST) if transductive else warm,)
    ]
    history = interactions.ratings if rating else interactions.csr
    weights = cut.pairs.values if rating else np.ones(len(cut.pairs), dtype=np.float32)
    return TrainingWorld(
        cut=cut,
        weights=weights,
        interactions=interactions,
        user_rows=user_rows,
        item_rows=item_rows,
        users=views[0].entities(user_rows, _known(user_rows), history),
        items=views[1].entities(item_rows, _known(item_rows), history.T.tocsr()),
        user_view=views[0],
        item_view=views[1],
    )


def _known(rows: IntArray) -> IntArray:
    return np.arange(len(rows), dtype=np.int32)


def _training_pairs(cut: Cut, user_rows: IntArray, item_rows: IntArray) -> Interactions:
    pairs = cut.pairs
    at = np.flatnonzero(cut.parts == TRAIN)
    users = invert_index(user_rows, pairs.n_users)[pairs.users[at]]
    items = invert_index(item_rows, pairs.n_items)[pairs.items[at]]
    times = None if pairs.timestamps is None else pairs.timestamps[at]
    training = Interactions(users, items, pairs.values[at], times, len(user_rows), len(item_rows))
    keys = users.astype(np.int64) * len(item_rows) + items
    return training.take(np.argsort(keys)) if (keys[1:] < keys[:-1]).any() else training
