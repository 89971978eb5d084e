import numpy as np
import pytest
from coldbench.benchmarks.cli.main import main
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.datasets.errors import ColdbenchError
from coldbench.methods.collaborative.ials import IALS
from omegaconf import OmegaConf

from .conftest import taste_pairs


def papers_loss(pairs, users, items, method):
    """Return the loss as the paper writes it, over every pair of a dense matrix."""
    users, items, weight = users.astype(float), items.astype(float), method.unobserved
    scores = users @ items.T
    fit = (pairs * (scores - 1) ** 2).sum() + weight * (scores**2).sum()
    of_users = (pairs.sum(axis=1) + weight * pairs.shape[1]) ** method.exponent
    of_items = (pairs.sum(axis=0) + weight * pairs.shape[0]) ** method.exponent
    norms = of_users @ (users**2).sum(axis=1) + of_items @ (items**2).sum(axis=1)
    return fit + method.regularization * norms


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_users_minimise_the_loss_of_the_paper(world, exponent):
    pairs = taste_pairs()
    method = IALS(factors=5, regularization=0.02, exponent=exponent, unobserved=0.3, epochs=3)
    method.fit(world.train(pairs))
    best = papers_loss(pairs, method.user_factors_, method.item_factors_, method)
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = 0.01 * rng.standard_normal(method.user_factors_.shape)
        assert papers_loss(pairs, method.user_factors_ + step, method.item_factors_, method) > best


def test_every_sweep_lowers_the_loss(world):
    pairs, losses = taste_pairs(), []
    for epochs in (1, 2, 4, 16):
        method = IALS(factors=4, epochs=epochs).fit(world.train(pairs))
        losses.append(papers_loss(pairs, method.user_factors_, method.item_factors_, method))
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.9 * losses[0]


def test_the_first_factors_have_the_length_of_the_paper(world, monkeypatch):
    seen = []
    solve = IALS._solve

    def watched(self, history, across):
        seen.append(across)
        return solve(self, history, across)

    monkeypatch.setattr(IALS, "_solve", watched)
    IALS(factors=50, spread=0.1).fit(world.train(taste_pairs()))
    assert seen[0].std() == pytest.approx(0.1 / np.sqrt(50), rel=0.05)
    assert len(seen) == 2 * 16 + 1


def test_users_and_new_items_are_the_solve_of_what_tells_of_them(world):
    pairs = taste_pairs()
    method = IALS(factors=6, regularization=0.01, unobserved=0.2).fit(world.train(pairs))

    def solve(across, row):
        across = across.astype(float)
        norm = 0.01 * (row.sum() + 0.2 * len(across))
        left = 0.2 * across.T @ across + across.T @ np.diag(row) @ across + norm * np.eye(6)
        return np.linalg.solve(left, across.T @ row)

    expected = [solve(method.item_factors_, row) for row in pairs]
    np.testing.assert_allclose(method.user_factors_, expected, rtol=1e-4, atol=1e-6)
    support = np.zeros((1, 60))
    support[0, [1, 3, 59]] = 1
    new = method.item_factors(world.items([-1], support))
    np.testing.assert_allclose(new, [solve(method.user_factors_, support[0])], rtol=1e-4, atol=1e-6)
    assert (method.item_factors(world.items([-1], 0 * support)) == 0).all()


def test_it_learns_the_taste(world):
    pairs = taste_pairs()
    train = world.train(pairs)
    scores = IALS(factors=4).fit(train).score(world.query(train.users, train.items))
    same = np.add.outer(np.arange(60), np.arange(40)) % 2 == 0
    assert scores[same & (pairs == 0)].mean() > 5 * scores[~same & (pairs == 0)].mean()


def test_same_seed_same_bits_and_another_seed_other_ones(world):
    pairs = taste_pairs()
    one, same, other = (IALS().fit(world.train(pairs, seed=seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.user_factors_, same.user_factors_)
    assert (one.user_factors_ != other.user_factors_).any()


def test_the_preset_is_the_paper_s_dimension_and_the_rest_its_settings():
    method = compose_run(["method=ials_2022"]).method
    assert method == IALS(
        factors=256, regularization=0.003, exponent=1.0, unobserved=0.1, epochs=16, spread=0.1
    )
    assert compose_run(["method=ials_2022", "method.factors=2048"]).method.factors == 2048
    with pytest.raises(ColdbenchError, match="did you mean ials_2022"):
        compose_run(["method=ials_202"])


def test_the_preset_composes_on_the_command_line(capsys):
    assert main(["run", "method=ials_2022", "--cfg", "job"]) == 0
    shown = OmegaConf.create(capsys.readouterr().out)
    assert dict(shown.method) == {
        "factors": 256, "regularization": 0.003, "exponent": 1.0, "unobserved": 0.1,
        "epochs": 16, "spread": 0.1, "prior_strength": None,
    }  # fmt: skip
