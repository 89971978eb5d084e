from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError
from coldbench.datasets.side_information import Side
from coldbench.methods.collaborative.implicit_als import ImplicitALS
from coldbench.methods.hybrid.attribute_map import maps as _attribute_maps
from coldbench.methods.hybrid.attribute_map.maps import LinearMap, NearestMap
from coldbench.methods.hybrid.attribute_map.method import AttributeMap, MappingKind
from coldbench.methods.hybrid.attribute_map.network import (
    MappingNetwork,
    NetworkMap,
    make_factor_batches,
)
from coldbench.methods.training.pretrained_factors import fit_pretrained_als
from scipy.sparse import csr_matrix

from .planted import PlantedSuite

PRETRAINED = {"factors": 16, "regularization": 150.0, "alpha": 40.0}
METHOD, SETTINGS = AttributeMap, PRETRAINED
KINDS = list(MappingKind)


@pytest.fixture(scope="module")
def methods(fit):
    return {kind: fit(mapping=kind) for kind in KINDS}


@pytest.fixture(scope="module", params=KINDS)
def method(methods, request):
    return methods[request.param]


class TestPlanted(PlantedSuite):
    variants = tuple(PRETRAINED | {"mapping": kind} for kind in KINDS)
    quick: ClassVar = {"epochs": 2}

    def test_save_and_load_keep_the_report(self, method, tmp_path):
        method.save(tmp_path / "state.npz")
        again = AttributeMap(mapping=method.mapping).load(tmp_path / "state.npz")
        assert again.report() == method.report()


def sparse(dense):
    return csr_matrix(np.asarray(dense, dtype=np.float32))


def shuffled(entities, rng):
    return replace(entities, features=entities.features[rng.permutation(len(entities))])


@pytest.mark.parametrize("shape", [(40, 7), (7, 40)])
def test_the_linear_map_is_the_ridge_solution(shape):
    rng = np.random.default_rng(0)
    features = rng.standard_normal(shape) * (rng.random(shape) < 0.5)
    factors = rng.standard_normal((shape[0], 3)).astype(np.float32) + 2
    learned = LinearMap.of(sparse(features), factors, 0.7)
    rows = np.hstack([features, np.ones((shape[0], 1))])
    penalty = np.diag([0.7] * shape[1] + [0.0])
    solution = np.linalg.solve(rows.T @ rows + penalty, rows.T @ factors)
    np.testing.assert_allclose(learned.weights, solution[:-1], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(learned.intercept, solution[-1], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(learned(sparse(features)), rows @ solution, rtol=1e-3, atol=1e-5)


def test_the_linear_map_refuses_what_it_cannot_solve(monkeypatch):
    monkeypatch.setattr(_attribute_maps, "_LARGEST", 5)
    with pytest.raises(NotApplicableError, match=r"6 entities and 8 feature columns, at most 5"):
        LinearMap.of(sparse(np.ones((6, 8))), np.ones((6, 2), np.float32), 1.0)
    LinearMap.of(sparse(np.ones((6, 5))), np.ones((6, 2), np.float32), 1.0)


@pytest.mark.parametrize("rows", [1024, 3])
def test_the_neighbours_map_equals_brute_force(monkeypatch, rows):
    monkeypatch.setattr(_attribute_maps, "_ROWS", rows)
    rng = np.random.default_rng(0)
    features = rng.standard_normal((30, 6)) * (rng.random((30, 6)) < 0.6)
    features[:, 0] = 1
    factors = rng.standard_normal((30, 4)).astype(np.float32)
    asked = np.vstack([rng.standard_normal((9, 6)), np.zeros((1, 6)), -np.eye(6)[:1]])
    mapped = NearestMap.of(sparse(features), factors, 5)(sparse(asked))
    for row, found in zip(asked[:9], mapped, strict=False):
        cosines = features @ row / np.linalg.norm(features, axis=1) / np.linalg.norm(row)
        near = np.argsort(-cosines)[:5]
        weights = np.maximum(cosines[near], 0)
        expected = weights @ factors[near] / weights.sum()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mapped[9], factors.mean(axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(mapped[10], factors.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_an_untrained_network_gives_the_mean_factor_at_loss_one():
    import torch

    rng = np.random.default_rng(0)
    factors = rng.standard_normal((50, 4)).astype(np.float32) * 0.01 + 3
    features = sparse(rng.random((50, 6)))
    learned = NetworkMap.of(6, [8], factors)
    np.testing.assert_allclose(learned(features), np.tile(factors.mean(axis=0), (50, 1)), rtol=1e-5)
    [batch] = make_factor_batches(features, factors, 50, 0)(0)
    assert float(learned.net.loss(batch).detach()) == pytest.approx(1, rel=1e-3)
    assert isinstance(learned.net, MappingNetwork) and torch.is_tensor(batch[0])


def test_batches_hold_every_entity_once_in_an_order_that_the_epoch_decides():
    features, factors = sparse(np.eye(10)), np.arange(10, dtype=np.float32)[:, None]
    batches = make_factor_batches(features, factors, 4, 3)
    seen = [[(x.argmax(1).tolist(), y[:, 0].tolist()) for x, y in batches(e)] for e in (0, 1, 0)]
    assert seen[0] == seen[2] != seen[1]
    for epoch in seen:
        assert [at for at, _ in epoch] == [values for _, values in epoch]
        assert sorted(row for at, _ in epoch for row in at) == list(range(10))


def test_the_loss_of_both_networks_falls(methods):
    report = methods[MappingKind.MLP].report()
    prior = {"prior_strength", "fold_in_weight"}
    assert set(report) == {"training_items", "training_users", "training"} | prior
    steps = [report[name]["steps"] for name in ("training_items", "training_users")]
    assert report["training"]["adequacy"]["steps"] == sum(steps)
    for log in (report["training_items"], report["training_users"]):
        assert log["losses"][-1] < 0.9 * log["losses"][0]
    assert methods[MappingKind.LINEAR].report().keys() == prior


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("task", "side"), [("new_item/cold/k=0", "items"), ("new_user/warm/k=0", "users")]
)
def test_ranks_the_planted_world_and_permuted_features_do_not(
    split, ndcg, methods, kind, task, side
):
    """On the user side the mean factor is the metric: it already ranks by popularity."""
    query, rng = split.test[task].query, np.random.default_rng(0)
    honest = ndcg(methods[kind], task)
    fooled = [
        ndcg(methods[kind], task, replace(query, **{side: shuffled(getattr(query, side), rng)}))
        for _ in range(8)
    ]
    entities = getattr(query, side)
    bare = replace(entities, features=csr_matrix(entities.features.shape, dtype=np.float32))
    ignorant = ndcg(methods[MappingKind.KNN], task, replace(query, **{side: bare}))
    assert honest > 1.2 * ignorant
    assert np.mean(fooled) - ignorant < 0.35 * (honest - ignorant)


@pytest.mark.parametrize("kind", KINDS)
def test_warm_entities_have_the_pretrained_factors_and_support_joins_the_mapped_ones(
    split, methods, kind
):
    pretrained = ImplicitALS(**PRETRAINED).fit(split.train)
    method = methods[kind]
    warm = split.train
    np.testing.assert_array_equal(method.item_factors(warm.items), pretrained.item_factors_)
    shown = split.test["new_user/warm/k=5"].query.users
    centres = method.maps_["users"](shown.features)
    prior, across = pretrained.prior(Side.USER), pretrained.item_factors_
    chosen = method.prior_choice_
    joined = prior.join(shown.history, across, centres, chosen["prior_strength"])
    joined += chosen["fold_in_weight"] * 5 * pretrained.solve(shown.history, across)
    np.testing.assert_allclose(method.user_factors(shown), joined, rtol=1e-5, atol=1e-7)
    assert np.abs(joined - centres).max() > 1e-3
    blank = split.test["new_user/warm/k=0"].query.users
    mapped = method.maps_["users"](blank.features)
    np.testing.assert_array_equal(method.user_factors(blank), mapped)
    assert mapped.std(axis=0).min() > 0


def test_pretrained_factors_are_fitted_once_per_world(split, methods, monkeypatch):
    def refuse(*_):
        raise AssertionError("fitted again")

    monkeypatch.setattr(ImplicitALS, "fit", refuse)
    found = fit_pretrained_als(split.train, **PRETRAINED)
    np.testing.assert_array_equal(
        found.user_factors_, methods[MappingKind.KNN].pretrained_.user_factors_
    )
    for change in ({"factors": 17}, {"alpha": 1.0}, {"regularization": 1.0}):
        with pytest.raises(AssertionError, match="fitted again"):
            fit_pretrained_als(split.train, **PRETRAINED | change)
    with pytest.raises(AssertionError, match="fitted again"):
        fit_pretrained_als(replace(split.train, seed=1), **PRETRAINED)


@pytest.mark.parametrize("kind", KINDS)
def test_a_side_without_attributes_gets_the_mean_factor(split, kind):
    nothing = csr_matrix((len(split.train.users), 0), dtype=np.float32)
    users = replace(split.train.users, features=nothing)
    train = replace(split.train, users=users, validate=lambda method: 0.0)
    method = AttributeMap(**PRETRAINED, mapping=kind, epochs=2).fit(train)
    asked = split.test["new_user/warm/k=0"].query.users
    asked = replace(asked, features=nothing[: len(asked)])
    mean = method.pretrained_.user_factors_.mean(axis=0)
    np.testing.assert_allclose(method.user_factors(asked), np.tile(mean, (len(asked), 1)), 1e-4)
