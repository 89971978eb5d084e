"""Numbers as features, fitted to warm entities: a standardised value, and overlapping bins."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ...arrays import CSR, DoubleArray, IntArray
from ...side_information import NumericEncoding

BINS = 10
"""Most bins of a number; where fewer values are known, each is the centre of a bin."""


@dataclass(frozen=True)
class Block:
    """Feature columns that encode one attribute.

    Attributes
    ----------
    matrix
        CSR float32, (entities, columns).
    names
        One per column.
    group
        Which encoding of a number it is, ``""`` for categories.
    """

    matrix: CSR
    names: tuple[str, ...]
    group: str = ""


def encode_number(name: str, matrix: CSR, warm: IntArray) -> list[Block]:
    """Return the two encodings of a quantity: its standardised value, and its bins.

    Parameters
    ----------
    name
        What the columns are called after.
    matrix
        CSR float32, (entities, 1); a value that is not stored is unknown.
    warm
        The entities whose known values decide mean, spread and bins.
    """
    known = matrix[warm].data.astype(np.float64)
    value = Block(_standardise(matrix, known), (name,), NumericEncoding.VALUE.value)
    centres = place_centres(known)
    if len(centres) < 2:
        return [value]
    names = tuple(f"{name}~{_written(centre)}" for centre in centres)
    return [value, Block(share_among_bins(matrix, centres), names, NumericEncoding.CATEGORY.value)]


def _standardise(matrix: CSR, known: DoubleArray) -> CSR:
    """Return the values moved and scaled by the known ones; a missing value takes the mean, 0."""
    mean, spread = (known.mean(), known.std()) if len(known) else (0.0, 0.0)
    moved = csr_matrix(matrix, dtype=np.float32, copy=True)
    moved.data = ((moved.data - mean) / (spread or 1.0)).astype(np.float32)
    return moved


def place_centres(known: DoubleArray) -> DoubleArray:
    """Return the centres of the bins, ascending: the distinct values, or quantiles of many.

    Each centre is a known value, so that whole years are centres of whole years.
    """
    distinct = np.unique(known)
    if len(distinct) <= BINS:
        return distinct
    shares = np.linspace(0, 1, BINS)
    return np.unique(np.quantile(known, shares, method="inverted_cdf"))


def share_among_bins(matrix: CSR, centres: DoubleArray) -> CSR:
    """Return CSR float32, (entities, bins): weights that add up to 1 for a known value.

    A value shares its weight between the centres on either side of it, more to the nearer one; one
    beyond the outermost centre is in that bin alone, as one at a centre is in its own.
    """
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    place = np.interp(matrix.data.astype(np.float64), centres, np.arange(len(centres)))
    lower = np.minimum(place.astype(np.int64), len(centres) - 2)
    upper_share = place - lower
    shares = csr_matrix(
        (
            np.concatenate([1 - upper_share, upper_share]).astype(np.float32),
            (np.tile(rows, 2), np.concatenate([lower, lower + 1])),
        ),
        (matrix.shape[0], len(centres)),
    )
    shares.eliminate_zeros()
    shares.sort_indices()
    return shares


def _written(number: float) -> str:
    """Return the number in as few digits as tell it from other float32 numbers."""
    return str(np.format_float_positional(np.float32(number), trim="-"))
