import numpy as np
import pytest
from coldbench.benchmarks.config import compose_run
from coldbench.methods.hybrid.light_fm import LightFM, Loss

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


def accuracy(scores, likes):
    """Return the mean probability that a liked candidate beats another; 0.5 is chance."""
    better = scores[:, :, None] > scores[:, None, :]
    equal = scores[:, :, None] == scores[:, None, :]
    pairs = likes[:, :, None] & ~likes[:, None, :]
    return ((better + 0.5 * equal) * pairs).sum() / pairs.sum()


@pytest.mark.parametrize("loss", list(Loss))
def test_scores_equal_the_library_on_warm_pairs(world, loss):
    from lightfm import LightFM as Library

    train, _, _, _ = attribute_world(world)
    method = LightFM(components=8, epochs=3, loss=loss).fit(train)
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
