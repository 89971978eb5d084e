import json
from dataclasses import fields, replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError, NotFittedError
from coldbench.datasets.world import Query
from coldbench.methods.language.candidate_generators import Generator, fit_generator
from coldbench.methods.language.cross_encoder.method import CrossEncoder
from coldbench.methods.language.cross_encoder.settings import Tuning
from coldbench.methods.language.reranking.ranking import FLOOR

from ..killing import Killed, dying

FEW = {"max_steps": 4, "validate_every_steps": 2}


@pytest.mark.parametrize("rerank", [0, 6])
def test_blocks_and_order_do_not_matter(fit, make_taste, rerank):
    world = make_taste()
    method = fit(world.train, generator=Generator.WORD_KNN, rerank=rerank, **FEW)
    whole = method.score(world.query)
    assert whole.dtype == np.float32 and np.isfinite(whole).all()
    users, items = world.query.users, world.query.items
    turned = Query(users.take(slice(None, None, -1)), items.take(slice(None, None, -1)))
    np.testing.assert_allclose(method.score(turned)[::-1, ::-1], whole, atol=1e-5)
    encoded = method.encode_items(items)
    for row in (0, 7):
        alone = method.score_block(users.take(slice(row, row + 1)), encoded)
        np.testing.assert_allclose(alone, whole[row : row + 1], atol=1e-5)


def test_long_blocks_are_scored_in_parts(fit, make_taste, monkeypatch):
    from coldbench.methods.language.cross_encoder import method as module

    world = make_taste()
    method = fit(world.train, **FEW)
    whole = method.score(world.query)
    monkeypatch.setattr(module, "TEXTS_AT_ONCE", 1)
    np.testing.assert_allclose(method.score(world.query), whole, atol=1e-5)


def test_the_best_of_the_generator_are_ranked_anew_and_the_rest_keep_its_order(fit, make_taste):
    world = make_taste()
    method = fit(world.train, generator=Generator.WORD_KNN, rerank=6, **FEW)
    first = fit_generator(Generator.WORD_KNN, world.train).score(world.query)
    scores = method.score(world.query)
    for row in range(len(scores)):
        chosen = scores[row] > FLOOR
        assert chosen.sum() >= 6 and first[row][chosen].min() >= first[row][~chosen].max()
        order = np.argsort(first[row][~chosen], kind="stable")
        assert (np.diff(scores[row][~chosen][order]) >= 0).all()
    seen = world.train.users.history.toarray() > 0
    assert (method.score(Query(world.train.users, world.train.items))[seen] <= FLOOR).all()


def test_users_without_history_are_served_alike_by_the_text_of_the_candidate(fit, make_taste):
    world = make_taste()
    method = fit(world.train, **FEW)
    nobody = replace(world.query.users, history=world.query.users.history * 0)
    nobody.history.eliminate_zeros()
    scores = method.score(Query(nobody, world.query.items))
    assert (scores == scores[:1]).all() and len(np.unique(scores[0])) > 5
    assert not np.array_equal(scores, method.score(world.query))


@pytest.mark.parametrize("tuning", list(Tuning))
def test_save_and_load_keep_the_scores(fit, make_taste, tmp_path, tuning):
    world = make_taste()
    method = fit(world.train, tuning=tuning, **FEW)
    method.save(tmp_path / "state.npz")
    settings = {one.name: getattr(method, one.name) for one in fields(method)}
    again = CrossEncoder(**settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), method.score(world.query))
    for group in ("new_item", "warm"):
        one, other = (each.for_group(group).score(world.query) for each in (method, again))
        np.testing.assert_array_equal(one, other)
    assert again.report() == method.report()
    assert again.parameter_counts() == method.parameter_counts()


def test_another_base_model_is_noticed(fit, make_taste, tmp_path, other_tiny):
    method = fit(make_taste().train, **FEW)
    method.save(tmp_path / "state.npz")
    other = CrossEncoder(model="tiny", model_path=str(other_tiny), max_length=32)
    with pytest.raises(ColdbenchError, match=r"fitted on .* weights .* fit again"):
        other.load(tmp_path / "state.npz")


def test_the_record_tells_model_generator_and_what_was_measured(fit, make_taste):
    method = fit(make_taste().train, generator=Generator.WORD_KNN, rerank=6, **FEW)
    facts = json.loads(json.dumps(method.report(), allow_nan=False))
    assert facts["model"] == "tiny" and len(facts["weights_sha256"]) == 64
    assert (facts["tuning"], facts["loss"]) == ("full", "cross_entropy")
    assert facts["generator"] == {"method": "word_knn", "rerank": 6}
    assert facts["calibration"]["pairs"] == 12 and facts["calibration"]["liked"] == 0.5
    assert facts["coverage"]["pairs"] == 6 and 0 < facts["coverage"]["share"] <= 1
    assert 10 <= facts["exposure"]["ranker"] <= facts["exposure"]["items"] == 48
    net = dict(method.net_.named_parameters())
    unread = sum(one.numel() for at, one in net.items() if "pooler" in at)
    every = sum(one.numel() for one in net.values())
    assert facts["tuned_parameters"] == every - unread > 0
    assert facts["total_parameters"] == every + method.generator_.parameter_counts()[1]
    assert facts["training"]["validation_steps"] == [0, 4]


def test_pairs_of_users_set_aside_are_never_trained_on(fit, make_taste, monkeypatch):
    from coldbench.methods.language.cross_encoder import method as module

    drawn, aside = [], []
    draw, put = module.draw_lists, module.set_users_aside
    monkeypatch.setattr(module, "draw_lists", lambda *a: drawn.append(draw(*a)) or drawn[-1])
    monkeypatch.setattr(module, "set_users_aside", lambda *a: aside.append(put(*a)) or aside[-1])
    fit(make_taste().train, **FEW)
    assert drawn and len(aside[0]) == 6
    assert all(not set(one.users.tolist()) & set(aside[0].tolist()) for one in drawn)


def test_a_killed_training_goes_on_to_the_last_bit(fit, make_taste, tmp_path):
    world = make_taste()
    settings = {"max_steps": 24, "validate_every_steps": 2, "dropout": 0.2, "thinning": 0.5}

    folder = tmp_path / "run"
    whole = fit(world.train, **settings)
    with pytest.raises(Killed):
        fit(dying(world.train, folder, 3), **settings)
    resumed = fit(dying(world.train, folder, 99), **settings)
    assert resumed.log_["losses"] == whole.log_["losses"]
    np.testing.assert_array_equal(resumed.score(world.query), whole.score(world.query))


def test_same_seed_same_scores_and_another_seed_others(fit, make_taste):
    world = make_taste()
    settings = FEW | {"thinning": 0.5, "dropout": 0.1}
    one, same = (fit(world.train, **settings).score(world.query) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    other = fit(replace(world.train, seed=5), **settings).score(world.query)
    assert not np.array_equal(one, other)


def test_unfitted_it_says_so(make_taste):
    with pytest.raises(NotFittedError):
        CrossEncoder().score(make_taste().query)
