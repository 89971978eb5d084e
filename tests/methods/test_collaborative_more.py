import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError
from coldbench.methods import item_weights, linear_algebra
from coldbench.methods.collaborative import user_knn
from coldbench.methods.collaborative.ease import EASE
from coldbench.methods.collaborative.implicit_bpr import ImplicitBPR
from coldbench.methods.collaborative.user_knn import UserKNN

from .conftest import BPR, dense_neighbours, taste_pairs

# EASE


@pytest.mark.parametrize("regularization", [0.5, 500.0])
def test_ease_is_the_closed_form(world, monkeypatch, regularization):
    monkeypatch.setattr(item_weights, "_ROWS", 16)
    monkeypatch.setattr(linear_algebra, "_ROWS", 16)  # 40 items: two whole blocks and a part of one
    pairs = taste_pairs()
    fitted = EASE(regularization=regularization).fit(world.train(pairs))
    inverse = np.linalg.inv(pairs.T @ pairs + regularization * np.eye(40))
    expected = np.eye(40) - inverse / np.diag(inverse)[None, :]
    assert fitted.weights_.dtype == np.float32
    assert (np.diag(fitted.weights_) == 0).all()
    np.testing.assert_allclose(fitted.weights_, expected, rtol=1e-5, atol=1e-7)
    shots = np.zeros((1, 40))
    shots[0, [4, 6]] = 1
    users = world.users([1, -1], np.vstack([pairs[[1]], shots]))
    support = np.zeros((4, 60))
    support[1, [0, 2]] = 1
    scores = fitted.score(world.query(users, world.items([7, -1, 0, 39], support)))
    wanted = np.vstack([pairs[[1]], shots]) @ expected[:, [7, 0, 39]]
    np.testing.assert_allclose(scores[:, [0, 2, 3]], wanted, rtol=1e-4, atol=1e-6)
    assert (scores[:, 1] == 0).all(), "a cold item scores 0, whatever its support"


def test_ease_is_at_the_minimum_with_a_zero_diagonal(world):
    pairs = taste_pairs()
    best = EASE(regularization=3.0).fit(world.train(pairs)).weights_.astype(float)

    def loss(weights):
        return ((pairs - pairs @ weights) ** 2).sum() + 3.0 * (weights**2).sum()

    rng = np.random.default_rng(0)
    for _ in range(20):
        step = 0.01 * rng.standard_normal(best.shape)
        np.fill_diagonal(step, 0)
        assert loss(best + step) > loss(best)


def test_ease_refuses_too_many_items(world):
    with pytest.raises(
        NotApplicableError, match=r"^EASE .* 40 training items exceed max_items = 39"
    ):
        EASE(max_items=39).fit(world.train(taste_pairs()))
    EASE(max_items=40).fit(world.train(taste_pairs()))


def test_ease_names_a_singular_matrix(world):
    with pytest.raises(np.linalg.LinAlgError, match=r"raise method\.regularization"):
        EASE(regularization=-10.0).fit(world.train(taste_pairs()))


# user neighbours


@pytest.mark.parametrize(("neighbours", "shrinkage"), [(100, 0.0), (7, 10.0), (1, 2.0)])
def test_user_knn_equals_brute_force(world, monkeypatch, neighbours, shrinkage):
    monkeypatch.setattr(user_knn, "_ROWS", 2)
    pairs = taste_pairs()
    shots = np.zeros((2, 40))
    shots[0, [4, 6]] = 1
    histories, known = np.vstack([pairs[[1, 8, 59]], shots]), np.array([1, 8, 59, -1, -1])
    support = np.zeros((2, 60))
    support[0, [0, 2, 7]] = 1
    takers = np.column_stack([pairs[:, 6], support[0], pairs[:, 39], support[1]])
    fitted = UserKNN(neighbours=neighbours, shrinkage=shrinkage).fit(world.train(pairs))
    items = world.items([6, -1, 39, -1], takers.T)
    scores = fitted.score(world.query(world.users(known, histories), items))
    similar = dense_neighbours(pairs, histories, known, neighbours, shrinkage)
    np.testing.assert_allclose(scores, similar @ takers, rtol=1e-5, atol=1e-6)
    assert (scores[:, 3] == 0).all(), "a cold item without support scores 0"
    assert (scores[4] == 0).all(), "a user without history gets 0"
    assert scores[:3, [0, 2]].any() and scores[3, [0, 2]].any()


def test_user_knn_by_hand(world):
    pairs = [[1, 1, 0], [1, 1, 1], [0, 0, 1]]
    fitted = UserKNN(shrinkage=1.0).fit(world.train(pairs))
    users = world.users([0, -1], [[1, 1, 0], [1, 1, 0]])
    scores = fitted.score(world.query(users, world.items([0, 1, 2], np.transpose(pairs))))
    near = 2 / (np.sqrt(6) + 1)
    twin = 2 / (2 + 1)  # the first training user: a another user's twin, but not its own neighbour
    np.testing.assert_allclose(
        scores, [[near, near, near], [near + twin, near + twin, near]], rtol=1e-6
    )


def test_user_knn_keeps_itself_out_of_its_few_neighbours(world):
    """With one neighbour, a warm user who was its own would hear of nothing but its history."""
    pairs = taste_pairs()
    train = world.train(pairs)
    fitted = UserKNN(neighbours=1, shrinkage=0.0).fit(train)
    scores = fitted.score(world.query(train.users, train.items))
    assert ((scores > 0) & (pairs == 0)).any(axis=1).mean() > 0.95


def test_user_knn_ignores_rating_values(world):
    pairs = taste_pairs()
    ratings = pairs * np.random.default_rng(1).integers(1, 6, pairs.shape)
    plain, rated = world.train(pairs), world.train(pairs, ratings=ratings)
    one = UserKNN().fit(plain).score(world.query(plain.users, plain.items))
    two = UserKNN().fit(rated).score(world.query(rated.users, rated.items))
    np.testing.assert_array_equal(one, two)


# Bayesian personalised ranking


def pair_loss(users, items, pairs):
    """Return the mean of -ln sigmoid(x_ui - x_uj) over items taken i and not taken j."""
    scores = users.astype(float) @ items.astype(float).T
    margins = scores[:, :, None] - scores[:, None, :]
    weights = pairs[:, :, None] * (1 - pairs[:, None, :])
    return (weights * np.logaddexp(0, -margins)).sum() / weights.sum()


def test_bpr_lowers_its_loss_and_ends_in_a_bias(world):
    pairs = taste_pairs()
    pairs[:, 7] = 0  # an item that nobody took
    train = world.train(pairs)
    losses = []
    for iterations in (1, 10, 60):
        fitted = ImplicitBPR(**(BPR | {"iterations": iterations})).fit(train)
        users, items = fitted.user_factors(train.users), fitted.item_factors(train.items)
        losses.append(pair_loss(users, items, pairs))
        assert users.shape == (60, 9) and (users[:, -1] == 1).all()
        assert items.shape == (40, 9) and items[np.arange(40) != 7, -1].all()
        assert (items[7] == 0).all()
    assert losses[0] < 0.694
    assert losses[0] > losses[1] > losses[2] and losses[2] < 0.5


def test_bpr_repeats_to_the_last_bit_and_follows_the_seed(world):
    pairs = taste_pairs()
    query = world.query(world.users([-1, 3], pairs[[5, 3]]), world.train(pairs).items)
    one, same, other = (
        ImplicitBPR(**BPR).fit(world.train(pairs, seed=seed)).score(query) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_bpr_answers_new_users_with_what_the_mean_of_their_history_tells(world):
    pairs = taste_pairs()
    fitted = ImplicitBPR(**BPR).fit(world.train(pairs))
    history = np.zeros((2, 40))
    history[0, [2, 4, 9]] = 5.0  # values do not matter
    users = fitted.user_factors(world.users([-1, -1], history))
    own, across = fitted.user_factors_[:, :-1], fitted.item_factors_[:, :-1]
    means = pairs @ across / pairs.sum(axis=1, keepdims=True)
    apart = means - means.mean(axis=0)
    slope = ((own - own.mean(axis=0)) * apart).sum() / (apart**2).sum()
    told = 3 / 13 * slope * (across[[2, 4, 9]].mean(axis=0) - means.mean(axis=0))
    np.testing.assert_allclose(users, [[*told, 1], [0] * 8 + [1]], rtol=1e-4, atol=1e-5)


def test_bpr_undoes_that_negatives_are_drawn_by_popularity(world):
    """Chances of 2, 10 and 30 in a hundred, nobody has a taste: the best bias is known."""
    shares = np.repeat([0.02, 0.1, 0.3], 10)
    pairs = np.random.default_rng(0).random((1000, 30)) < shares
    train = world.train(pairs)
    stranger = world.query(world.users([-1], np.zeros((1, 30))), train.items)
    raw, fair = (
        ImplicitBPR(factors=2, uniform_negatives=fair, regularization=0.001, iterations=30)
        .fit(train)
        .score(stranger)[0]
        for fair in (False, True)
    )
    np.testing.assert_allclose(fair - raw, np.log(pairs.sum(axis=0)), rtol=1e-5)
    drawn_by_count = np.diff(-np.log(1 - shares[::10]))
    drawn_uniformly = np.diff(np.log(shares[::10] / (1 - shares[::10])))
    assert np.diff(raw.reshape(3, 10).mean(axis=1)) == pytest.approx(drawn_by_count, abs=0.25)
    assert np.diff(fair.reshape(3, 10).mean(axis=1)) == pytest.approx(drawn_uniformly, abs=0.25)


def test_bpr_serves_strangers_as_it_would_have_learned_them(world):
    pairs = taste_pairs()
    train = world.train(pairs)
    fitted = ImplicitBPR(**BPR).fit(train)
    learned = fitted.score(world.query(train.users, train.items))
    np.testing.assert_array_equal(fitted.user_factors(train.users), fitted.user_factors_)
    folded = fitted.score(world.query(world.users([-1] * 60, pairs), train.items))
    likeness = [np.corrcoef(one, two)[0, 1] for one, two in zip(learned, folded, strict=True)]
    assert min(likeness) > 0.8


def test_bpr_without_a_history_is_the_bias_and_with_everything_finite(world):
    pairs = taste_pairs()
    fitted = ImplicitBPR(**BPR).fit(world.train(pairs))
    users = world.users([-1, -1], np.vstack([np.zeros(40), np.ones(40)]))
    scores = fitted.score(world.query(users, world.items(np.arange(40), pairs.T)))
    np.testing.assert_array_equal(scores[0], fitted.item_factors_[:, -1])
    assert np.isfinite(scores).all()


def test_user_knn_refuses_what_would_not_end(world):
    pairs = taste_pairs()
    products = float((pairs.sum(axis=0).astype(float) ** 2).sum())
    hours = (4e-9 * products + 1e-7 * min(products, 60**2)) / 3600
    UserKNN(max_hours=1.01 * hours).fit(world.train(pairs))
    with pytest.raises(
        NotApplicableError, match=r"among 60 training users .* hours .* max_hours = .* raise method"
    ):
        UserKNN(max_hours=0.99 * hours).fit(world.train(pairs))


def test_user_knn_in_smaller_blocks_is_the_same(world, monkeypatch):
    train = world.train(taste_pairs())
    query = world.query(train.users, train.items)
    whole = UserKNN(neighbours=7).fit(train).score(query)
    monkeypatch.setattr(user_knn, "_ENTRIES", 1)
    np.testing.assert_array_equal(UserKNN(neighbours=7).fit(train).score(query), whole)
