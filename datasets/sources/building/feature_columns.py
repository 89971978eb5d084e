"""From what is written about users and items to coded columns."""

from collections.abc import Sequence

import numpy as np

from ...arrays import make_read_only
from ...side_information import FeatureColumn, Provenance


def make_categorical(
    name: str, provenance: Provenance, cells: Sequence[Sequence[str]], minimum_count: int = 1
) -> FeatureColumn:
    """Return a 0/1 column per distinct value, rare ones included.

    Parameters
    ----------
    name, provenance, minimum_count
        As in ``FeatureColumn``; the split leaves the rare values out.
    cells
        The values of each entity, in any number; a repeated value counts once.
    """
    from scipy.sparse import csr_matrix

    flat = [value for cell in cells for value in cell]
    values = sorted(set(flat))
    place = {value: index for index, value in enumerate(values)}
    rows = np.repeat(np.arange(len(cells)), [len(cell) for cell in cells])
    at = np.fromiter((place[value] for value in flat), dtype=np.int32, count=len(flat))
    ones = np.ones(len(flat), dtype=np.float32)
    matrix = csr_matrix((ones, (rows, at)), (len(cells), len(values)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return FeatureColumn(
        name, provenance, make_read_only(matrix), tuple(values), minimum_count=minimum_count
    )


def make_numeric(
    name: str, provenance: Provenance, numbers: Sequence[float | None], *, dated: bool = False
) -> FeatureColumn:
    """Return one column of quantities.

    Parameters
    ----------
    name, provenance, dated
        As in ``FeatureColumn``.
    numbers
        One finite number per entity, or None where it is not known: such a value is not stored,
        whereas a zero is.
    """
    from scipy.sparse import csr_matrix

    rows = [row for row, number in enumerate(numbers) if number is not None]
    data = np.array([number for number in numbers if number is not None], dtype=np.float32)
    indptr = np.searchsorted(rows, np.arange(len(numbers) + 1))
    matrix = csr_matrix((data, np.zeros(len(rows), dtype=np.int32), indptr), (len(numbers), 1))
    return FeatureColumn(name, provenance, make_read_only(matrix), ("",), numeric=True, dated=dated)
