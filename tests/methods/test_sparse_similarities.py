"""Similarities that are mostly 0 are kept and visited as a sparse matrix, with equal scores."""

import numpy as np
import pytest
from coldbench.methods import neighbours
from coldbench.methods.neighbours import compute_cosines, compute_similarities, keep_nearest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

# Few different values, so that several tie for the last place.
VALUES = np.array([0.0, 0.0, 0.0, 0.25, 0.5, 0.75], dtype=np.float32)


def both(seed, shape=(9, 11)):
    """Return the same similarities dense and sparse."""
    values = np.random.default_rng(seed).choice(VALUES, size=shape)
    dense = compute_similarities(*shape, lambda part: values[part])
    return dense, neighbours.Similarities(
        *shape, lambda part: values[part], sparse=csr_matrix(values)
    )


@hypothesis_settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 13))
def test_sums_are_equal_to_the_last_bit(seed, k):
    dense, sparse = both(seed)
    history = csr_matrix(np.random.default_rng(seed + 1).random((5, 11)) < 0.5, dtype=np.float32)
    np.testing.assert_array_equal(dense.sums(history, k), sparse.sums(history, k))


@hypothesis_settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 13))
def test_the_nearest_are_equal_to_the_last_bit(seed, k):
    dense, sparse = both(seed)
    first, second = keep_nearest(dense, k), keep_nearest(sparse, k)
    np.testing.assert_array_equal(first.toarray(), second.toarray())
    assert first.nnz == second.nnz and second.dtype == np.float32


@pytest.mark.parametrize("limit", [1 << 30, 0], ids=["kept", "made anew"])
def test_some_candidates_have_the_rows_of_all(monkeypatch, limit):
    monkeypatch.setattr(neighbours, "_BYTES_KEPT", limit)
    monkeypatch.setattr(neighbours, "_BYTES_AT_ONCE", 2 * 4 * 11)
    some = np.array([7, 0, 3])
    for whole in both(3):
        part = whole.take(some)
        np.testing.assert_array_equal(
            keep_nearest(part, 2).toarray(), keep_nearest(whole, 2).toarray()[some]
        )


def cosines_of(values):
    rows = csr_matrix(np.asarray(values, dtype=np.float32))
    return compute_cosines(rows, rows)


def test_only_few_positive_values_are_kept_sparse():
    apart = np.eye(40)
    assert cosines_of(apart).sparse is not None and cosines_of(apart).kept is None
    assert cosines_of(np.full((40, 1), 1.0)).sparse is None
    apart[0, 1] = -0.5  # a history of one negative similarity is below one of none
    assert cosines_of(apart).sparse is None


def test_what_is_too_large_even_sparse_is_made_in_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "_BYTES_KEPT", 8 * 39)
    table = cosines_of(np.eye(40))
    assert table.kept is None and table.sparse is None
    history = csr_matrix(np.eye(40, dtype=np.float32)[:3])
    np.testing.assert_array_equal(table.sums(history, 2), np.eye(40)[:3])


def test_products_are_in_the_order_of_the_training_items():
    """Else what is summed over a row is rounded otherwise than over the dense row."""
    rng = np.random.default_rng(4)
    rows = csr_matrix((rng.random((60, 50)) < 0.03).astype(np.float32))
    sparse = compute_cosines(rows, rows).sparse
    assert sparse is not None and sparse.nnz > 60
    steps, first = np.diff(sparse.indices), sparse.indptr[1:-1] - 1
    assert (np.delete(steps, first[first < len(steps)]) > 0).all()
