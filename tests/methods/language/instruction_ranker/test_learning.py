"""Tuning learns a planted taste from texts, and nothing from texts that were dealt anew."""

from dataclasses import replace

import numpy as np
from coldbench.methods.language.instruction_ranker.settings import Mode

CHANCE = 0.25


def test_tuning_learns_what_users_like(fit, make_taste):
    world = make_taste()
    asked, tuned = fit(world.train, mode=Mode.ZERO_SHOT), fit(world.train)
    before, after = world.precision(asked), world.precision(tuned)
    facts = tuned.report()
    assert after > 0.8 > before + 0.3, (before, after)
    assert facts["validation_after"] > facts["validation_before"] + 0.3
    assert facts["validation_after"] > 2 * CHANCE
    assert facts["training"]["losses"][-1] < 0.5 < facts["training"]["adequacy"]["chance_loss"]
    assert facts["calibration"]["auc"] > 0.8 and asked.report()["calibration"]["auc"] < 0.8


def test_an_encoder_decoder_learns_it_as_well(fit, make_taste, reader):
    world, model = make_taste(), {"model": "reader", "model_path": str(reader)}
    asked, tuned = fit(world.train, mode=Mode.ZERO_SHOT, **model), fit(world.train, **model)
    before, after = world.precision(asked), world.precision(tuned)
    assert after > 0.8 > before + 0.3, (before, after)
    shuffled = make_taste(shuffled=True)
    assert shuffled.precision(fit(shuffled.train, **model)) < CHANCE + 0.15
    kept = replace(tuned)
    kept.restore(tuned.state())
    np.testing.assert_array_equal(kept.score(world.query), tuned.score(world.query))


def test_texts_dealt_anew_bring_chance(fit, make_taste):
    found = []
    for seed in range(2):
        shuffled = make_taste(seed=seed, shuffled=True)
        found.append(shuffled.precision(fit(shuffled.train)))
    assert np.mean(found) < CHANCE + 0.1, found


def test_permuted_texts_of_candidates_bring_chance(fit, make_taste):
    world = make_taste()
    tuned = fit(world.train)
    items = world.query.items
    own = world.precision(tuned)
    rng, moved = np.random.default_rng(1), []
    for _ in range(5):
        text = items.text[rng.permutation(len(items))]
        moved.append(world.precision(tuned, replace(items, text=text)))
    assert own > 0.8 and abs(np.mean(moved) - CHANCE) < 0.08, (own, moved)
