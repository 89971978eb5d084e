"""Long learning curves are thinned in a record, short ones are whole."""

from coldbench.benchmarks.runs.curves import MOST_EPOCHS, thin_curves
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(1, 2000))
def test_every_so_many_th_epoch_is_kept(epochs: int) -> None:
    losses = [1 / epoch for epoch in range(1, epochs + 1)]
    report = {"training": {"losses": losses, "best_epoch": 3}, "weight": None}
    found = thin_curves(report)
    every = found["training"].get("losses_every", 1)
    kept = found["training"]["losses"]
    assert len(kept) <= MOST_EPOCHS and len(kept) == epochs // every
    assert kept == [1 / epoch for epoch in range(every, epochs + 1, every)]
    assert found["training"]["best_epoch"] == 3 and found["weight"] is None
    assert (every == 1) == (epochs <= MOST_EPOCHS)
    assert thin_curves(found) == found, "once is enough"
