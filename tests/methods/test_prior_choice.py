"""How much a prior counts is chosen on validation, given, or stated."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.benchmarks.conformance.test_splits import split_planted
from coldbench.datasets.validation_score import ValidationScore, not_attached
from coldbench.methods.collaborative.ials import IALS
from coldbench.methods.collaborative.implicit_als import ImplicitALS
from coldbench.methods.collaborative.implicit_bpr import ImplicitBPR
from coldbench.methods.hybrid.attribute_map.method import AttributeMap
from coldbench.methods.prior_choice import choose_prior

METHODS = [ImplicitALS, IALS, ImplicitBPR, AttributeMap]
SMALL = {ImplicitBPR: {"iterations": 20}}
TASK = "new_user/warm/k=5"


def scored(new_user, new_item=0.0):
    tasks = {"new_user": new_user, "new_item": new_item}
    return ValidationScore(tasks, tasks)


def train_scored_by(score):
    """Return training data whose validation measures a method by ``score(method)``."""
    return replace(split_planted().train, validate=score)


class Shown(dict):
    """A method whose fields are given and that shows what is chosen."""

    strength = weight = None


def choose(train, **given):
    chosen = Shown()
    vars(chosen).update(given)
    tried = [{"strength": s, "weight": w} for s, w in ((1.0, 0.0), (3.0, 0.0), (0.1, 2.0))]
    choose_prior(chosen, train, chosen, tried)
    return chosen


def test_the_best_of_the_new_users_is_kept_whatever_the_others_say():
    train = train_scored_by(lambda c: scored(-abs(c["strength"] - 3), 9.0 * (c["strength"] < 1)))
    assert choose(train) == {"strength": 3.0, "weight": 0.0}
    assert choose(train_scored_by(lambda c: c["weight"])) == {"strength": 0.1, "weight": 2.0}


def test_of_equal_values_the_first_is_kept():
    assert choose(train_scored_by(lambda c: scored(0.5))) == {"strength": 1.0, "weight": 0.0}


def test_what_is_given_is_kept_and_the_rest_chosen():
    seen = []

    def score(chosen):
        seen.append(dict(chosen))
        return scored(chosen["weight"])

    assert choose(train_scored_by(score), strength=7.0) == {"strength": 7.0, "weight": 2.0}
    assert seen == [{"strength": 7.0, "weight": 0.0}, {"strength": 7.0, "weight": 2.0}]
    assert choose(train_scored_by(None), strength=7.0, weight=5.0)["weight"] == 5.0


def test_without_validation_the_first_is_taken():
    assert choose(train_scored_by(not_attached)) == {"strength": 1.0, "weight": 0.0}


def fit(kind, train, **settings):
    return kind(**SMALL.get(kind, {}) | settings).fit(train)


@pytest.mark.parametrize("kind", METHODS)
def test_validation_chooses_the_weakest_prior_where_that_is_best(kind):
    """The validation wants new users whose factors are as far from those without history."""
    query = split_planted().validation[TASK].query
    bare = split_planted().validation["new_user/warm/k=0"].query

    def moved(method):
        apart, alone = (method.user_factors(one.users) for one in (query, bare))
        return scored(float(np.linalg.norm(apart) / np.linalg.norm(alone)))

    near = fit(kind, train_scored_by(lambda method: scored(-moved(method))))
    far = fit(kind, train_scored_by(moved))
    name = next(iter(far.prior_choice_))
    assert far.report()[name] < 1 < near.report()[name]
    assert far.report().get("fold_in_weight", 3.0) == 3.0
    assert near.report().get("fold_in_weight", 0.0) == 0.0


@pytest.mark.parametrize("kind", METHODS)
def test_the_choice_is_saved_and_the_same_again(kind, tmp_path):
    train, query = split_planted().train, split_planted().test[TASK].query
    fitted, again = fit(kind, train), fit(kind, train)
    np.testing.assert_array_equal(fitted.score(query), again.score(query))
    assert fitted.prior_choice_ == again.prior_choice_
    fitted.save(tmp_path / "state.npz")
    loaded = kind(**SMALL.get(kind, {})).load(tmp_path / "state.npz")
    assert loaded.report() == fitted.report()
    np.testing.assert_array_equal(loaded.score(query), fitted.score(query))


@pytest.mark.parametrize("kind", METHODS)
def test_a_given_number_is_reported_and_asks_no_validation(kind):
    def refuse(_):
        raise AssertionError("validated")

    name = "prior_weight" if kind is ImplicitBPR else "prior_strength"
    given = {name: 2.5}
    if kind in (ImplicitALS, AttributeMap):
        given["fold_in_weight"] = 0.7
    fitted = fit(kind, train_scored_by(refuse), **given)
    assert fitted.report() == given


@pytest.mark.parametrize("kind", [ImplicitALS, AttributeMap])
def test_a_large_weight_of_the_fold_in_ranks_as_the_fold_in_alone(kind):
    train, users = split_planted().train, split_planted().test["new_user/warm/k=10"].query.users
    fitted = fit(kind, train, prior_strength=1.0, fold_in_weight=1e6)
    solver = getattr(fitted, "pretrained_", fitted)
    solved = solver.solve(users.history, solver.item_factors_)
    np.testing.assert_allclose(fitted.user_factors(users) / 1e7, solved, rtol=1e-3, atol=1e-5)
