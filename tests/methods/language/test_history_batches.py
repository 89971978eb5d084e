import numpy as np
import pytest
from coldbench.methods.language.finetuned_encoder.batches import HistoryBatches
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix


def batches(seed=0, size=16, thinning=0.0, history_length=50, n_users=12, n_items=20, **rest):
    rng = np.random.default_rng(seed)
    dense = rng.random((n_users, n_items)) < 0.3
    dense[:, 0] |= ~dense.any(1)
    matrix = csr_matrix(dense, dtype=np.float32)
    rest = {"fresh": 5, "user_text": None, "seed": seed} | rest
    made = HistoryBatches(
        matrix, size=size, thinning=thinning, history_length=history_length, **rest
    )
    return made, dense


def read(batch):
    """Return (target item, set of shown items) of each row."""
    items = batch["items"].numpy()
    targets = items[batch["candidates"].numpy()[batch["target"].numpy()]]
    shown = [set() for _ in targets]
    for row, entry in zip(batch["rows"].tolist(), batch["entries"].tolist(), strict=True):
        shown[row].add(int(items[entry]))
    return targets.tolist(), shown


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 40))
def test_every_pair_once_with_the_users_other_items(seed, size):
    made, dense = batches(seed, size)
    seen = []
    for batch in made(0):
        for target, shown in zip(*read(batch), strict=True):
            (users,) = np.nonzero([set(np.flatnonzero(row)) == shown | {target} for row in dense])
            assert target not in shown and len(users) >= 1
            seen.append(target)
    assert sorted(seen) == sorted(np.nonzero(dense)[1].tolist())


def test_candidates_the_user_likes_are_named_and_the_target_is_not():
    made, _ = batches(size=30)
    for batch in made(0):
        targets, shown = read(batch)
        candidates = batch["items"].numpy()[batch["candidates"].numpy()]
        liked = [set() for _ in targets]
        for row, column in zip(
            batch["liked_rows"].tolist(), batch["liked_columns"].tolist(), strict=True
        ):
            liked[row].add(int(candidates[column]))
        assert liked == [items & set(candidates.tolist()) for items in shown]


def test_fresh_items_are_candidates_and_no_more_than_asked():
    made, _ = batches(size=30)
    for batch in made(0):
        fresh = batch["fresh"].tolist()
        assert len(set(fresh)) == 5 and set(fresh) <= set(batch["candidates"].tolist())


def test_thinned_histories_are_shorter_and_some_are_empty():
    full = sum(len(batch["rows"]) for batch in batches(n_users=300)[0](0))
    made, _ = batches(n_users=300, thinning=1.0)
    sizes = np.concatenate([[len(s) for s in read(batch)[1]] for batch in made(0)])
    assert 0.4 * full < sizes.sum() < 0.6 * full
    assert 0.05 < (sizes == 0).mean() < 0.5
    assert sizes.max() >= 6


def test_long_histories_are_cut_on_average():
    made, dense = batches(n_users=300, n_items=100, history_length=10)
    sizes = np.concatenate([[len(s) for s in read(batch)[1]] for batch in made(0)])
    assert dense.sum(1).mean() > 25 and 9 < sizes.mean() < 11


def test_the_log_frequency_is_the_chance_of_being_among_the_targets():
    made, dense = batches(n_users=6, n_items=5)
    share = dense.sum(0) / dense.sum()
    rng = np.random.default_rng(0)
    draws = rng.choice(5, (200_000, 4), p=share)
    present = [(draws == item).any(1).mean() for item in range(5)]
    np.testing.assert_allclose(np.exp(made._log_frequency(4)), present, atol=5e-3)


def test_an_epoch_repeats_and_another_one_differs():
    made, _ = batches()
    first, again, other = ([b["items"].tolist() for b in made(epoch)] for epoch in (3, 3, 4))
    assert first == again != other


def test_a_users_text_stands_in_the_users_row():
    about = np.arange(12, dtype=np.float32)[:, None]
    made, dense = batches(user_text=about)
    for batch in made(0):
        targets, shown = read(batch)
        for user, target, items in zip(batch["user_text"][:, 0], targets, shown, strict=True):
            assert set(np.flatnonzero(dense[int(user)])) == items | {target}


@pytest.mark.parametrize("dense", [[[1]], [[1, 0], [1, 0]]])
def test_a_single_item_does_not_warn(dense):
    made = HistoryBatches(csr_matrix(dense, dtype=np.float32), 4, 5, 50, 0.5, None, 0)
    (batch,) = made(0)
    assert np.isfinite(batch["log_frequency"].numpy()).all()
