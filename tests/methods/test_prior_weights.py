"""The weight of the prior is chosen without scoring the histories anew for each value."""

import numpy as np
import pytest
from coldbench.benchmarks.evaluation.validation import split
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.content.content_knn import ContentKNN
from coldbench.methods.content.kernel_ridge import KernelRidge
from coldbench.methods.item_content import popularity_prior, ridge


@pytest.fixture(scope="module")
def made():
    data = Planted(n_users=120, n_items=90, interactions_per_user=20).load()
    return split(data, Grid(cold_fraction=0.2), 0)


def fitted(kind, made, monkeypatch, kept):
    """Return the weights that were chosen, and how many blocks were scored while they were."""
    scored = []

    class Counted(kind):
        def score_history(self, users, items):
            scored.append(len(users))
            return super().score_history(users, items)

    monkeypatch.setattr(popularity_prior, "BYTES_KEPT", kept)
    options = {"regularization": 5.0} if kind is KernelRidge else {}
    method = Counted(**options).fit(made.train)
    return method, len(scored)


@pytest.mark.parametrize("kind", [ContentKNN, KernelRidge])
def test_every_history_is_scored_once_where_it_fits(kind, made, monkeypatch):
    once, few = fitted(kind, made, monkeypatch, 1 << 30)
    again, many = fitted(kind, made, monkeypatch, 0)
    again_few, some = fitted(kind, made, monkeypatch, 20_000)
    # Ridge validates its only lambda not at all, then three weights; so do neighbours.
    assert many == 3 * few and few < some < many
    assert once.prior_weights_ == again.prior_weights_ == again_few.prior_weights_
    assert float(made.train.validate(once)) == float(made.train.validate(again))


def count(method):
    """Return how many products with the inverse are kept."""
    inverse, products = method.products_
    assert inverse is method.inverse_
    return len(products)


def test_new_items_are_multiplied_once_for_two_sets_of_candidates(made, monkeypatch):
    method = KernelRidge(regularization=5.0, prior_weight=1.0).fit(made.train)
    only_new = made.validation["new_item/cold/k=0"].query.items
    all_items = made.validation["new_item/all/k=0"].query.items
    first = method.encode_items(only_new).personal
    assert count(method) == 1
    both = method.encode_items(all_items)
    assert count(method) == 1
    np.testing.assert_array_equal(both.personal[:, all_items.known < 0], first)
    monkeypatch.setattr(ridge, "_PRODUCTS_KEPT", 0)
    method.encode_items(only_new.take(np.arange(3)))
    assert count(method) == 1  # the others are dropped


def test_products_of_another_inverse_are_not_used(made):
    first, second = (KernelRidge(regularization=r, prior_weight=1.0) for r in (0.5, 50.0))
    items = made.validation["new_item/cold/k=0"].query.items
    first.fit(made.train).encode_items(items)
    expected = second.fit(made.train).encode_items(items).personal
    first.restore(second.state())
    np.testing.assert_array_equal(first.encode_items(items).personal, expected)
