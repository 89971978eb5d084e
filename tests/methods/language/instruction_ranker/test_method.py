import json
from dataclasses import fields, replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError, NotFittedError
from coldbench.datasets.world import Query
from coldbench.methods.language.candidate_generators import Generator, fit_generator
from coldbench.methods.language.instruction_ranker.method import InstructionRanker
from coldbench.methods.language.instruction_ranker.settings import Mode
from coldbench.methods.language.reranking.diagnostics import (
    count_shown,
    hide_targets,
    measure_calibration,
)
from coldbench.methods.language.reranking.ranking import FLOOR
from coldbench.methods.language.text_encoder.model_files import QWEN

from ..killing import Killed, dying

FEW = {"max_steps": 4, "validate_every_steps": 2}


@pytest.fixture(scope="module")
def zero():
    return {"mode": Mode.ZERO_SHOT}


def turned(query):
    return Query(query.users.take(slice(None, None, -1)), query.items.take(slice(None, None, -1)))


@pytest.mark.parametrize("mode", list(Mode))
def test_blocks_and_order_do_not_matter(fit, make_taste, mode):
    world = make_taste()
    method = fit(world.train, mode=mode, generator=Generator.WORD_KNN, rerank=6, **FEW)
    whole = method.score(world.query)
    assert whole.dtype == np.float32 and np.isfinite(whole).all()
    np.testing.assert_allclose(method.score(turned(world.query))[::-1, ::-1], whole, atol=1e-5)
    items = method.encode_items(world.query.items)
    for row in (0, 7):
        alone = method.score_block(world.query.users.take(slice(row, row + 1)), items)
        np.testing.assert_allclose(alone, whole[row : row + 1], atol=1e-5)


def test_the_best_of_the_generator_are_ranked_anew_and_the_rest_keep_its_order(
    fit, make_taste, zero
):
    world = make_taste()
    method = fit(world.train, generator=Generator.WORD_KNN, rerank=6, **zero)
    everything = fit(world.train, generator=Generator.WORD_KNN, rerank=0, **zero)
    first = fit_generator(Generator.WORD_KNN, world.train).score(world.query)
    scores, odds = method.score(world.query), everything.score(world.query)
    for row in range(len(scores)):
        chosen = scores[row] > FLOOR
        assert chosen.sum() >= 6
        assert first[row][chosen].min() >= first[row][~chosen].max()
        np.testing.assert_allclose(scores[row][chosen], odds[row][chosen], atol=1e-5)
        order = np.argsort(first[row][~chosen], kind="stable")
        assert (np.diff(scores[row][~chosen][order]) >= 0).all()


def test_items_of_the_history_are_not_ranked_anew(fit, make_taste, zero):
    world = make_taste()
    method = fit(world.train, rerank=10, generator=Generator.WORD_KNN, **zero)
    query = Query(world.train.users, world.train.items)
    scores, seen = method.score(query), world.train.users.history.toarray() > 0
    assert (scores[seen] <= FLOOR).all() and ((scores > FLOOR).sum(axis=1) >= 10).all()


@pytest.mark.parametrize("kind", list(Generator))
def test_every_generator_ranks_as_its_method_does(fit, make_taste, patient, zero, kind):
    world = make_taste()
    encoder = {"encoder": "patient", "encoder_path": str(patient)}
    method = fit(world.train, generator=kind, rerank=3, **encoder, **zero)
    first = method.generator_.score(world.query)
    again = fit_generator(kind, world.train, model="patient", model_path=str(patient))
    np.testing.assert_array_equal(first, again.score(world.query))
    assert method.report()["generator"] == {"method": kind.value, "rerank": 3}


@pytest.mark.parametrize("mode", list(Mode))
def test_save_and_load_keep_the_scores(fit, make_taste, tmp_path, mode, matcher):
    world = make_taste()
    method = fit(world.train, mode=mode, **FEW)
    method.save(tmp_path / "state.npz")
    assert (tmp_path / "state.npz").stat().st_size < 200_000, "the base model is not in it"
    settings = {one.name: getattr(method, one.name) for one in fields(method)}
    again = InstructionRanker(**settings).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), method.score(world.query))
    for group in ("new_item", "warm"):
        one, other = (each.for_group(group).score(world.query) for each in (method, again))
        np.testing.assert_array_equal(one, other)
    assert again.report() == method.report()
    assert again.parameter_counts() == method.parameter_counts()


def test_another_base_model_is_noticed(fit, make_taste, tmp_path, gpt2, zero):
    method = fit(make_taste().train, **zero)
    method.save(tmp_path / "state.npz")
    other = InstructionRanker(model="matcher", model_path=str(gpt2), template="short")
    with pytest.raises(ColdbenchError, match=r"fitted on .* weights .* fit again"):
        other.load(tmp_path / "state.npz")


def test_the_record_tells_model_generator_calibration_and_exposure(fit, make_taste):
    world = make_taste()
    method = fit(world.train, generator=Generator.WORD_KNN, rerank=6, **FEW)
    facts = json.loads(json.dumps(method.report(), allow_nan=False))
    assert facts["model"] == "matcher" and facts["model_source"] == "path"
    assert len(facts["weights_sha256"]) == len(facts["template_sha256"]) == 64
    assert facts["calibration"]["pairs"] == 12 and facts["calibration"]["liked"] == 0.5
    assert 0 <= facts["calibration"]["expected_calibration_error"] <= 1
    assert facts["coverage"]["pairs"] == 6 and 0 < facts["coverage"]["share"] <= 1
    assert "training users set aside" in facts["coverage"]["measured_on"]
    shown = facts["exposure"]
    assert shown["users"] == 6 and 10 <= shown["ranker"] <= shown["items"] == 48
    tuned = sum(one.numel() for at, one in method.net_.named_parameters() if "lora_" in at)
    assert facts["tuned_parameters"] == tuned > 0
    base = facts["model_parameters"]
    assert facts["total_parameters"] == tuned + base + method.generator_.parameter_counts()[1]
    assert facts["training"]["validation_steps"] == [0, 2, 4]


def test_pairs_of_users_set_aside_are_never_trained_on(fit, make_taste, monkeypatch):
    from coldbench.methods.language.instruction_ranker import method as module

    drawn, aside = [], []
    draw, put = module.draw_pairs, module.set_users_aside
    monkeypatch.setattr(module, "draw_pairs", lambda *a: drawn.append(draw(*a)) or drawn[-1])
    monkeypatch.setattr(module, "set_users_aside", lambda *a: aside.append(put(*a)) or aside[-1])
    for mode in (Mode.TUNED, Mode.IN_CONTEXT):
        fit(make_taste().train, mode=mode, pairs=0, history_length=1, **FEW)
    assert len(drawn) >= 2 and all(len(one) for one in aside)
    assert all(not set(one.users.tolist()) & set(aside[0].tolist()) for one in drawn)


def test_few_pairs_stay_and_many_are_drawn_anew(fit, make_taste, monkeypatch):
    from coldbench.methods.language.instruction_ranker import method as module

    draw, world = module.draw_pairs, make_taste()
    drawn = []
    monkeypatch.setattr(module, "draw_pairs", lambda *a: drawn.append(draw(*a)) or drawn[-1])
    for pairs, alike in ((10, True), (0, False)):
        drawn.clear()
        fit(world.train, pairs=pairs, epochs=2, batch_size=256)
        items = [one.items.tolist() for one in drawn]
        assert (items[0] == items[-1]) is alike and (len(drawn[0]) == 10) is alike


def test_nobody_set_aside_leaves_the_measures_out(fit, make_taste, zero):
    facts = fit(make_taste().train, held_out=0, **zero).report()
    assert facts["calibration"]["pairs"] == facts["exposure"]["users"] == 0
    assert facts["coverage"]["share"] is None and facts["calibration"]["auc"] is None


def test_a_killed_training_goes_on_to_the_last_bit(fit, make_taste, tmp_path):
    world = make_taste()
    settings = {"max_steps": 12, "validate_every_steps": 2, "lora_dropout": 0.2}

    folder = tmp_path / "run"
    whole = fit(world.train, **settings)
    with pytest.raises(Killed):
        fit(dying(world.train, folder, 4), **settings)
    resumed = fit(dying(world.train, folder, 99), **settings)
    assert resumed.log_["losses"] == whole.log_["losses"]
    np.testing.assert_array_equal(resumed.score(world.query), whole.score(world.query))


def test_same_seed_same_scores_and_another_seed_others(fit, make_taste):
    world = make_taste()
    one, same = (fit(world.train, **FEW).score(world.query) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    other = fit(replace(world.train, seed=5), **FEW).score(world.query)
    assert not np.array_equal(one, other)


def test_unfitted_it_says_so(make_taste):
    with pytest.raises(NotFittedError):
        InstructionRanker().score(make_taste().query)


def test_the_default_model_is_pinned_and_its_absence_is_a_sentence(make_taste, monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = []

    def refuse(name, **options):
        asked.append((name, options["revision"], options.get("local_files_only", False)))
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ColdbenchError, match=r"Qwen/.* is not on this machine .* as model_path"):
        InstructionRanker().fit(make_taste().train)
    assert asked == [(QWEN.name, QWEN.revision, True), (QWEN.name, QWEN.revision, False)]
    asked.clear()
    with pytest.raises(ColdbenchError, match="is not on this machine"):
        InstructionRanker(revision="main").fit(make_taste().train)
    assert {one[1] for one in asked} == {"main"}


def test_calibration_of_known_answers():
    odds = np.log(np.array([0.85, 0.85, 0.25, 0.25]) / np.array([0.15, 0.15, 0.75, 0.75]))
    facts = measure_calibration(odds.astype(np.float32), np.array([True, False, True, False]))
    assert facts["expected_calibration_error"] == pytest.approx((0.35 + 0.25) / 2)
    assert facts["accuracy"] == 0.5 and facts["auc"] == 0.5
    assert facts["mean_probability"] == pytest.approx(0.55)
    perfect = measure_calibration(np.array([50, -50], np.float32), np.array([True, False]))
    assert perfect["expected_calibration_error"] == pytest.approx(0, abs=1e-9)
    assert perfect["auc"] == 1.0


def test_exposure_counts_distinct_items_that_are_not_seen():
    scores = np.tile(np.arange(30, dtype=np.float32), (3, 1))
    seen = np.zeros(scores.shape, dtype=bool)
    assert count_shown(scores, seen) == 10
    seen[0, 25:] = True
    assert count_shown(scores, seen) == 15
    assert count_shown(scores[:0], seen[:0]) == 0


def test_a_hidden_target_leaves_the_rest_of_the_history(make_taste):
    users = make_taste().train.users
    targets = np.array([users.history[row].indices[0] for row in range(3)])
    hidden = hide_targets(users.take(slice(0, 3)), targets)
    assert (np.diff(hidden.history.indptr) == 5).all()
    assert not hidden.history[np.arange(3), targets].any()
