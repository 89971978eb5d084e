"""Which validation is kept when validations jump."""

import numpy as np
import pytest
from coldbench.methods.training.smoothing import find_kept, find_waiting
from hypothesis import given
from hypothesis import strategies as st

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([0.3], 0),
        ([0.1, 0.3], 1),
        ([0.1, 0.2, 0.3, 0.4, 0.5], 4),  # it rises to the end: the end
        ([0.5, 0.4, 0.3, 0.2], 0),  # it falls from the start: the start
        ([0.1, 0.9, 0.1, 0.1, 0.5, 0.5, 0.5], 4),  # one jump is luck
        ([0.1, 0.5, 0.9, 0.3], 2),  # a peak that is more than a jump
        ([0.2, 0.2, 0.2, 0.2], 0),
        ([NAN, 0.1, 0.2, 0.3], 3),
        ([NAN, NAN], 0),
    ],
)
def test_the_best_of_the_best_three_neighbours_is_kept(values, kept):
    assert find_kept(values) == kept


def test_it_is_nearer_to_the_peak_of_a_planted_noisy_curve_than_the_highest_value():
    """A rise to a broad peak at step 30 of 100 and a long fall, seen through noise."""
    steps = np.arange(100)
    true = 0.3 - 0.2 * (np.log((steps + 5) / 35)) ** 2
    rng = np.random.default_rng(0)
    lost = {"smoothed": [], "highest": []}
    for _ in range(400):
        seen = true + rng.standard_t(3, 100) * 0.03
        lost["smoothed"].append(true.max() - true[find_kept(seen.tolist())])
        lost["highest"].append(true.max() - true[int(seen.argmax())])
    assert np.mean(lost["smoothed"]) < 0.6 * np.mean(lost["highest"])


@given(st.lists(st.floats(0, 1) | st.just(NAN), min_size=1, max_size=12))
def test_what_is_kept_was_waiting_ever_since(values):
    """Weights that were once thrown away are never wanted again."""
    held = set()
    for at in range(len(values)):
        held = (held | {at}) & find_waiting(values[: at + 1])
        assert find_kept(values[: at + 1]) in held
        assert len(held) <= 3
