import numpy as np
import pytest
import torch
from coldbench.methods.training.bag_sums import sum_bags


@pytest.mark.parametrize("sizes", [[3, 0, 2, 5], [0, 0], [1]])
def test_sums_and_gradient_are_those_of_torch(sizes):
    rng = np.random.default_rng(0)
    offsets = torch.tensor([0, *np.cumsum(sizes)])
    entries = torch.from_numpy(rng.integers(0, 7, sum(sizes)))
    side = torch.from_numpy(rng.normal(size=(len(sizes), 4))).float()
    ours, theirs = (torch.randn(7, 4, generator=torch.Generator().manual_seed(0)) for _ in "ab")
    sums = sum_bags(ours.requires_grad_(), entries, offsets)
    expected = torch.nn.functional.embedding_bag(
        entries, theirs.requires_grad_(), offsets, mode="sum", include_last_offset=True
    )
    torch.testing.assert_close(sums, expected)
    (sums * side).sum().backward()
    (expected * side).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_row_that_a_bag_holds_twice_counts_twice():
    rows = torch.ones(2, 1, requires_grad=True)
    sum_bags(rows, torch.tensor([1, 1, 0]), torch.tensor([0, 2, 3])).sum().backward()
    assert rows.grad.tolist() == [[1.0], [2.0]]
