import numpy as np
import pytest
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.methods.hybrid.light_fm import LightFM, Loss
from coldbench.methods.negative_sampling import sample_unobserved_pairs
from coldbench.methods.training.seeding import numpy_generator
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import coo_matrix, csr_matrix

from .conftest import accuracy

N_USERS, N_ITEMS, TOPICS = 80, 60, 4


def attribute_world(world, permute=False, seed=0, user_features=True, item_features=True):
    """Users and items have a topic; both sides' features name it. 20 users, 20 items are cold."""
    rng = np.random.default_rng(seed)
    own, theirs = np.arange(N_USERS + 20) % TOPICS, np.arange(N_ITEMS + 20) % TOPICS
    columns = [np.eye(TOPICS)[own], np.eye(TOPICS)[theirs]]
    if permute:
        columns = [rng.permutation(one) for one in columns]
    if not user_features:
        columns[0] = np.zeros((len(own), 0))
    if not item_features:
        columns[1] = np.zeros((len(theirs), 0))
    likes = np.equal.outer(own, theirs)
    warm = likes[:N_USERS, :N_ITEMS]
    pairs = (rng.random(warm.shape) < np.where(warm, 0.4, 0.02)).astype(int)
    pairs[np.arange(N_USERS), np.arange(N_USERS) % N_ITEMS] = 1
    train = world.train(pairs, columns[0][:N_USERS], columns[1][:N_ITEMS], seed=seed)
    users = world.users([-1] * 20, np.zeros((20, N_ITEMS)), columns[0][N_USERS:])
    items = world.items([-1] * 20, np.zeros((20, N_USERS)), columns[1][N_ITEMS:])
    return train, users, items, likes


@pytest.mark.parametrize("loss", list(Loss))
def test_scores_equal_the_library_on_warm_pairs(world, loss):
    from lightfm import LightFM as Library

    train, _, _, _ = attribute_world(world)
    method = LightFM(components=8, epochs=3, loss=loss, negatives=0).fit(train)
    rows = [
        np.hstack([side.features.toarray(), np.eye(len(side))]) / 2
        for side in (train.users, train.items)
    ]
    user_rows, item_rows = (world.matrix(one).copy() for one in rows)
    library = Library(no_components=8, loss=loss.value, learning_rate=0.05, random_state=0)
    pairs = train.interactions.csr.copy().tocoo()
    library.fit(pairs, user_features=user_rows, item_features=item_rows, epochs=3, num_threads=1)
    users, items = np.divmod(np.arange(N_USERS * N_ITEMS), N_ITEMS)
    expected = library.predict(users, items, item_rows, user_rows).reshape(N_USERS, N_ITEMS)
    scores = method.score(world.query(train.users, train.items))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_the_logistic_loss_learns_from_unobserved_pairs_drawn_in_every_epoch(world):
    from lightfm import LightFM as Library

    train, _, _, _ = attribute_world(world)
    method = LightFM(components=8, epochs=2, loss=Loss.LOGISTIC, negatives=2).fit(train)
    rows = [
        world.matrix(np.hstack([side.features.toarray(), np.eye(len(side))]) / 2).copy()
        for side in (train.users, train.items)
    ]
    library = Library(no_components=8, loss="logistic", learning_rate=0.05, random_state=0)
    seen = train.interactions.csr.toarray()
    for epoch in range(2):
        drawn = sample_unobserved_pairs(
            train.interactions.csr, 2, numpy_generator(train.seed, epoch)
        )
        assert len(drawn[0]) == 2 * seen.sum() and not seen[drawn].any()
        both = np.concatenate([np.nonzero(seen), drawn], axis=1).astype(np.int32)
        value = np.repeat([1.0, -1.0], [seen.sum(), len(drawn[0])]).astype(np.float32)
        library.fit_partial(
            coo_matrix((value, tuple(both)), seen.shape),
            user_features=rows[0],
            item_features=rows[1],
        )
    np.testing.assert_array_equal(method.item_embeddings_, library.item_embeddings)
    np.testing.assert_array_equal(method.user_biases_, library.user_biases)


@pytest.mark.parametrize("loss", [Loss.WARP, Loss.BPR, Loss.WARP_KOS])
def test_the_losses_that_draw_their_own_negatives_do_not_see_ours(world, loss):
    train, _, _, _ = attribute_world(world)
    few, many = (
        LightFM(components=8, epochs=2, loss=loss, negatives=negatives).fit(train)
        for negatives in (0, 5)
    )
    np.testing.assert_array_equal(few.item_embeddings_, many.item_embeddings_)


def test_with_one_topic_for_all_the_logistic_loss_ranks_who_is_liked_above_who_is_not(world):
    """Positives alone push every score up: here nothing but a negative tells items apart."""
    rng = np.random.default_rng(0)
    share = np.linspace(0.05, 0.7, 40)
    pairs = (rng.random((80, 40)) < share).astype(int)
    pairs[np.arange(80), np.arange(80) % 40] = 1
    train = world.train(pairs, np.zeros((80, 0)), np.zeros((40, 0)))
    method = LightFM(components=4, loss=Loss.LOGISTIC).fit(train)
    scores = method.score(world.query(train.users, train.items))
    assert np.corrcoef(scores.mean(axis=0), share)[0, 1] > 0.9
    assert 0.2 < (1 / (1 + np.exp(-scores))).mean() < 0.6  # half of what it saw was positive


@given(
    taken=arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 9))),
    per_pair=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_unobserved_pairs_are_never_observed(taken, per_pair, seed):
    matrix = csr_matrix(taken.astype(np.float32))
    users, items = sample_unobserved_pairs(matrix, per_pair, np.random.default_rng(seed))
    assert not taken[users, items].any()
    expected = np.where(taken.all(axis=1), 0, taken.sum(axis=1) * per_pair)
    assert np.array_equal(np.bincount(users, minlength=len(taken)), expected)


def test_unobserved_items_are_alike_likely():
    taken = np.zeros((2, 6), dtype=np.float32)
    taken[0, [0, 3]] = taken[1, [1, 2, 5]] = 1
    users, items = sample_unobserved_pairs(csr_matrix(taken), 20_000, np.random.default_rng(0))
    for user, row in enumerate(taken):
        counts = np.bincount(items[users == user], minlength=6)
        free = row == 0
        assert not counts[~free].any()
        np.testing.assert_allclose(counts[free], counts.sum() / free.sum(), rtol=0.05)


@pytest.mark.parametrize("preset", ["lightfm", "lightfm_tags", "lightfm_tags_ids"])
def test_a_cold_entity_has_neither_identity_nor_its_bias(world, preset):
    train, users, items, _ = attribute_world(world)
    few = ["method.components=8", "method.epochs=3"]
    method = compose_run([f"method={preset}", *few]).method.fit(train)
    own = 0 if preset == "lightfm_tags" else N_ITEMS
    assert method.item_embeddings_.shape == (TOPICS + own, 8)
    assert method.item_biases_.shape == (TOPICS + own,)
    warm = method.item_factors(train.items)[:4]
    assert np.array_equal(warm, method.item_factors(items)[:4]) == (own == 0)
    factors = method.item_factors(items)
    np.testing.assert_allclose(factors[:4, :8], method.item_embeddings_[:4], rtol=1e-6)
    np.testing.assert_allclose(factors[:4, 9], method.item_biases_[:4], rtol=1e-6)
    factors = method.user_factors(users)
    np.testing.assert_allclose(factors[:4, :8], method.user_embeddings_[:4], rtol=1e-6)
    np.testing.assert_allclose(factors[:4, 8], method.user_biases_[:4], rtol=1e-6)
    nothing = world.items([-1], np.zeros((1, N_USERS)), np.zeros((1, TOPICS)))
    scores = method.score(world.query(train.users, nothing))[:, 0]
    np.testing.assert_allclose(scores, method.user_factors(train.users)[:, 8])


@pytest.mark.parametrize("loss", [Loss.WARP, Loss.BPR, Loss.LOGISTIC])
def test_both_cold_sides_are_served(world, loss):
    train, users, items, likes = attribute_world(world)
    method = LightFM(components=16, loss=loss).fit(train)
    cold = accuracy(method.score(world.query(train.users, items)), likes[:N_USERS, N_ITEMS:])
    new = accuracy(method.score(world.query(users, train.items)), likes[N_USERS:, :N_ITEMS])
    both = accuracy(method.score(world.query(users, items)), likes[N_USERS:, N_ITEMS:])
    assert min(cold, new, both) > 0.9


def test_permuted_features_bring_chance(world):
    found = []
    for seed in range(4):
        train, users, items, likes = attribute_world(world, permute=True, seed=seed)
        method = LightFM(components=16).fit(train)
        found += [
            accuracy(method.score(world.query(train.users, items)), likes[:N_USERS, N_ITEMS:]),
            accuracy(method.score(world.query(users, items)), likes[N_USERS:, N_ITEMS:]),
        ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_identities_alone_serve_warm_pairs(world):
    train, users, items, likes = attribute_world(world, user_features=False, item_features=False)
    method = LightFM(components=16).fit(train)
    warm = method.score(world.query(train.users, train.items))
    assert accuracy(warm, likes[:N_USERS, :N_ITEMS]) > 0.9
    assert (method.score(world.query(users, items)) == 0).all()


def test_features_alone_give_warm_and_cold_the_same_factor(world):
    train, _, items, _ = attribute_world(world)
    method = LightFM(components=8, epochs=2, identities=False).fit(train)
    assert method.item_embeddings_.shape == (TOPICS, 8)
    np.testing.assert_array_equal(
        method.item_factors(train.items)[:4], method.item_factors(items)[:4]
    )


def test_repeats_follows_the_seed_and_survives_saving(world, tmp_path):
    train, users, items, _ = attribute_world(world)
    query = world.query(users, items)
    one, same = (LightFM(components=8, epochs=2).fit(train) for _ in range(2))
    np.testing.assert_array_equal(one.score(query), same.score(query))
    other = LightFM(components=8, epochs=2).fit(attribute_world(world, seed=1)[0])
    assert (other.score(query) != one.score(query)).any()
    one.save(tmp_path / "state.npz")
    again = LightFM(components=8, epochs=2).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(query), one.score(query))
