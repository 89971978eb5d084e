"""The batches of KGCN and CFKG: a chosen item, one not chosen, and what is hidden of whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import vstack
from torch import Tensor, nn

from ...datasets.arrays import CSR, BoolArray, LongArray
from ...datasets.interactions import Interactions
from ..sparse_rows import expand_row_indices
from ..training.bag_sums import sum_bags
from ..training.histories import short_histories
from ..training.seeding import numpy_generator


class InteractionBatch(NamedTuple):
    """A batch: each row is a user with one item it has chosen and one it has not.

    Attributes
    ----------
    users, with_embedding
        int64 and bool, (rows,): user, and whether its own embedding takes part.
    entries, offsets
        int64: concatenated histories of the batch, and where each begins.
    history, shown
        int64 and bool, (rows,): which of these histories is the user's, and whether the chosen
        item is in it (it is taken out again).
    items, with_item_embedding
        int64 and bool, (rows, 2): chosen and other item, and whether its own embedding takes part.
    """

    users: Tensor
    with_embedding: Tensor
    entries: Tensor
    offsets: Tensor
    history: Tensor
    shown: Tensor
    items: Tensor
    with_item_embedding: Tensor


@dataclass
class InteractionBatches:
    """Every training pair once an epoch, each with one item that the user has not chosen.

    Attributes
    ----------
    interactions
        The training pairs.
    dropout
        Probability that a user plays a cold one (no own embedding, a short history), and that an
        item does (no own embedding, no entity that it alone leads to).
    support
        Longest history of a user that plays a cold one.
    size
        Pairs in a batch.
    seed
        Decides order, items and dropout, together with the epoch.
    """

    interactions: Interactions
    dropout: float
    support: int
    size: int
    seed: int

    def __call__(self, epoch: int) -> Iterator[InteractionBatch]:
        """Yield the batches of one epoch."""
        rng = numpy_generator(self.seed, epoch)
        pairs, full = self.interactions, self.interactions.csr
        short = short_histories(full, self.support, rng)
        # Row u is the whole history of user u, row n_users + u a short one, drawn once an epoch.
        histories = vstack((full, short), format="csr")
        chosen = encode_pairs(full)
        in_short = np.isin(
            pairs.users.astype(np.int64) * pairs.n_items + pairs.items, encode_pairs(short)
        )
        order = rng.permutation(len(pairs))
        for at in np.array_split(order, max(1, round(len(order) / self.size))):
            users = pairs.users[at].astype(np.int64)
            items = np.stack(
                (pairs.items[at], sample_negatives(users, chosen, pairs.n_items, rng)), 1
            )
            with_embedding = rng.random(len(at)) >= self.dropout
            with_item_embedding = rng.random(items.shape) >= self.dropout
            bags = users + pairs.n_users * ~with_embedding
            # A whole history holds the chosen item, a short one only if it was drawn into it.
            shown = with_embedding | in_short[at]
            yield _batch(users, with_embedding, histories, bags, shown, items, with_item_embedding)


def mean_of_histories(batch: InteractionBatch, embedding: nn.Embedding) -> tuple[Tensor, Tensor]:
    """Return the mean embedding of each user's history without the chosen item.

    With it, a user would be recognised by the very item that is to be predicted.

    Returns
    -------
    means, sizes
        (rows, dim), zero for an empty history, and int64 (rows,), the number of items.
    """
    # Each history is summed once, whoever shares it; the chosen item is then subtracted, which
    # costs a row of the batch one vector instead of its whole history.
    sums = sum_bags(embedding.weight, batch.entries, batch.offsets)
    sizes = batch.offsets.diff()[batch.history] - batch.shown.long()
    chosen = embedding(batch.items[:, 0]) * batch.shown[:, None]
    return (sums[batch.history] - chosen) / sizes.clamp(min=1)[:, None], sizes


def keep_rows(batch: InteractionBatch, rows: Tensor) -> InteractionBatch:
    """Return some rows of a batch, with the histories from the first that one of them has.

    Parameters
    ----------
    rows
        bool, (rows,): which are kept. Those of hidden users need no whole histories: these come
        before the short ones.
    """
    history = batch.history[rows]
    first = history.min() if len(history) else torch.tensor(len(batch.offsets) - 1)
    entry = batch.offsets[first]
    return InteractionBatch(
        batch.users[rows],
        batch.with_embedding[rows],
        batch.entries[entry:],
        batch.offsets[first:] - entry,
        history - first,
        batch.shown[rows],
        batch.items[rows],
        batch.with_item_embedding[rows],
    )


def merge_rows(mask: Tensor, there: Tensor, elsewhere: Tensor) -> Tensor:
    """Return rows of two matrices: those of ``there`` where the mask is true, in their order."""
    place = torch.where(mask, mask.cumsum(0) - 1, len(there) + (~mask).cumsum(0) - 1)
    return torch.cat((there, elsewhere)).index_select(0, place)


def encode_pairs(matrix: CSR) -> LongArray:
    """Return int64, ascending: row times columns plus column of each stored entry."""
    keys: LongArray = expand_row_indices(matrix) * matrix.shape[1] + matrix.indices
    return keys


def sample_negatives(
    users: LongArray, chosen: LongArray, n_items: int, rng: np.random.Generator
) -> LongArray:
    """Return int64, (users,): a uniform training item each, none that the user has chosen.

    A user who has chosen everything keeps whatever the last of many draws gave.
    """
    items = rng.integers(0, n_items, len(users))
    wrong = np.arange(len(users))
    for _ in range(100):
        keys = users[wrong] * n_items + items[wrong]
        # ``chosen`` ascends: a key is in it when it stands where it would be inserted.
        at = np.minimum(np.searchsorted(chosen, keys), len(chosen) - 1)
        wrong = wrong[chosen[at] == keys]
        if not len(wrong):
            break
        items[wrong] = rng.integers(0, n_items, len(wrong))
    return items


def _batch(
    users: LongArray,
    with_embedding: BoolArray,
    histories: CSR,
    bags: np.ndarray,
    shown: BoolArray,
    items: np.ndarray,
    with_item_embedding: BoolArray,
) -> InteractionBatch:
    """Return the tensors of a batch, each history that occurs in it once."""
    distinct, history = np.unique(bags, return_inverse=True)
    part = histories[distinct]
    arrays = (
        users,
        with_embedding,
        part.indices.astype(np.int64),
        part.indptr.astype(np.int64),
        history.reshape(-1),
        shown,
        items.astype(np.int64),
        with_item_embedding,
    )
    return InteractionBatch(*(torch.from_numpy(array) for array in arrays))
