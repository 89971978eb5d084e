import numpy as np
from coldbench.methods.sparse_rows import (
    binarise,
    expand_row_indices,
    keep_top_per_row,
    normalise_rows,
    scale_rows,
    sum_rows,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

ROWS = csr_matrix(np.array([[3, 0, 4], [0, 0, 0], [0, -2, 0]], dtype=np.float32))


def test_lengths_and_zero_rows():
    np.testing.assert_allclose(normalise_rows(ROWS).toarray(), [[0.6, 0, 0.8], [0] * 3, [0, -1, 0]])
    np.testing.assert_array_equal(expand_row_indices(ROWS), [0, 0, 2])
    np.testing.assert_array_equal(sum_rows(ROWS, ROWS.data), [7, 0, -2])
    halves = scale_rows(ROWS, np.array([2.0, 0.0, 2.0])).toarray()
    np.testing.assert_array_equal(halves, ROWS.toarray() / 2)
    assert normalise_rows(ROWS).dtype == np.float32


def test_stored_zeros_are_entries():
    stored = csr_matrix((np.zeros(2, np.float32), [0, 2], [0, 1, 2]), shape=(2, 3))
    np.testing.assert_array_equal(binarise(stored).toarray(), [[1, 0, 0], [0, 0, 1]])


def test_largest_entries_stay_and_ties_go_to_the_lower_column():
    rows = csr_matrix(np.array([[1, 3, 3, 3], [0, 0, 2, 1], [0, 0, 0, 0]], dtype=np.float32))
    kept = keep_top_per_row(rows, 2).toarray()
    np.testing.assert_array_equal(kept, [[0, 3, 3, 0], [0, 0, 2, 1], [0, 0, 0, 0]])
    assert keep_top_per_row(rows[:0], 2).shape == (0, 4)
    np.testing.assert_array_equal(keep_top_per_row(rows, 9).toarray(), rows.toarray())


@given(
    dense=arrays(
        np.float32, st.tuples(st.integers(0, 6), st.integers(1, 12)), elements=st.integers(-3, 3)
    ),
    k=st.integers(1, 14),
)
def test_the_largest_entries_are_those_that_sorting_the_whole_row_gives(dense, k):
    kept = keep_top_per_row(csr_matrix(dense), k)
    for row, found in zip(dense, kept.toarray(), strict=True):
        columns = np.flatnonzero(row)
        best = sorted(columns, key=lambda column: (-row[column], column))[:k]
        expected = np.zeros_like(row)
        expected[best] = row[best]
        np.testing.assert_array_equal(found, expected)
