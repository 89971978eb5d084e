"""Array types shared by every floor, and the one way to make an array read-only."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]
DoubleArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int32]
LongArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
TextArray: TypeAlias = npt.NDArray[np.str_]
# scipy ships no types: a CSR matrix is Any to the checker, and `csr_matrix` float32 to the reader.
CSR: TypeAlias = Any


def make_read_only(array: Any) -> Any:
    """Return ``array`` (numpy or CSR) after forbidding writes to its memory.

    Parameters
    ----------
    array
        A numpy array or a scipy CSR matrix; changed in place, no copy is made.
    """
    parts = (array.data, array.indices, array.indptr) if hasattr(array, "indptr") else (array,)
    for part in parts:
        part.setflags(write=False)
    return array
