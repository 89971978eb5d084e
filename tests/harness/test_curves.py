"""Long learning curves are thinned in a record, short ones are whole."""

from coldbench.benchmarks.runs.curves import MOST_EPOCHS, MOST_VALIDATIONS, thin_curves
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


@given(st.integers(0, 200))
def test_the_validations_of_the_groups_are_thinned_with_the_mean(count: int) -> None:
    curve = [[epoch, epoch / 1000] for epoch in range(1, count + 1)]
    steps = [10 * epoch for epoch, _ in curve]
    log = {"validation": curve, "validation_steps": steps, "validation_parts": {"warm": curve}}
    found = thin_curves({"maps": [log]})["maps"][0]
    every = found.get("validation_every", 1)
    assert len(found["validation"]) <= MOST_VALIDATIONS and (every == 1) == (
        count <= MOST_VALIDATIONS
    )
    assert found["validation_parts"]["warm"] == found["validation"] == curve[every - 1 :: every]
    assert found["validation_steps"] == steps[every - 1 :: every]
    assert thin_curves(found) == found, "once is enough"
