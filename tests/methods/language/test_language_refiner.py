"""A language model refines simulated users: what it reads decides, and nothing else."""

import numpy as np
import pytest
from coldbench.methods.language.simulated_interactions.funnel import Filter
from coldbench.methods.language.simulated_interactions.method import (
    Refine,
    SimulatedInteractions,
)

from .matching_models import HISTORY, build_reader  # type: ignore[import-not-found]
from .test_simulated_interactions import SMALL, share_of_topic  # type: ignore[import-not-found]

ASKED = {
    "refine": Refine.LANGUAGE_MODEL,
    "filter": Filter.RANDOM,  # so that what it says decides alone
    "width": 4,
    "held_out": 0.5,
    "asked_model": "matcher",
    "asked_length": 128,
    "template": "short",
    "history_length": HISTORY,
    "tuning_rate": 5e-3,
    "tuning_steps": 60,
}


@pytest.fixture
def fit(settings, matcher):
    def fit(train, **more):
        asked = ASKED | {"asked_path": str(matcher)}
        return SimulatedInteractions(**settings | SMALL | asked | more).fit(train)

    return fit


def test_tuned_it_finds_the_users_whom_random_ones_hide(fit, make_taste):
    world = make_taste()
    cold = world.query.items
    tuned, published = fit(world.train), fit(world.train, pairs=0)
    edges = tuned.simulate(cold)
    told, untold = (share_of_topic(world, one) for one in (edges, published.simulate(cold)))
    assert told > 0.8 > untold + 0.2, (told, untold)
    assert np.diff(edges.indptr).max() <= 10
    facts = tuned.report()["refiner"]
    assert facts["judged_auc"] > 0.8 > published.report()["refiner"]["judged_auc"]
    assert facts["tuning"]["losses"][-1] < facts["tuning"]["adequacy"]["chance_loss"]
    assert facts["model"] == "matcher" and facts["pairs"] > 50
    assert tuned.parameter_counts()[0] > published.parameter_counts()[0]
    assert world.precision(tuned) > world.precision(published) + 0.2


def test_texts_dealt_anew_leave_it_at_chance(fit, make_taste):
    world = make_taste(shuffled=True)
    tuned = fit(world.train)
    assert share_of_topic(world, tuned.simulate(world.query.items)) < 0.4


def test_no_item_it_learns_from_is_in_the_history_it_reads(fit, make_taste, monkeypatch):
    from coldbench.methods.language.yes_no.labelled_prompts import LabelledPrompts

    asked, whole = [], LabelledPrompts.encode

    def watch(self, pairs):
        for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True):
            asked.append(item in self._history(user, item))
        return whole(self, pairs)

    monkeypatch.setattr(LabelledPrompts, "encode", watch)
    fit(make_taste().train, tuning_steps=2)
    assert asked and not any(asked)


def test_it_is_repeated_to_the_last_bit_and_survives_saving(fit, make_taste, settings, tmp_path):
    world = make_taste()
    first, second = (fit(world.train, tuning_steps=10) for _ in range(2))
    scores = first.score(world.query)
    np.testing.assert_array_equal(scores, second.score(world.query))
    first.save(tmp_path / "state.npz")
    known = {name: getattr(first, name) for name in (*ASKED, "asked_path")}
    again = SimulatedInteractions(**settings | SMALL | known).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), scores)
    assert again.report() == first.report()
    assert again.parameter_counts() == first.parameter_counts()


def test_an_encoder_decoder_can_be_asked(fit, make_taste, tmp_path):
    world = make_taste()
    folder = build_reader(tmp_path / "reader", steps=0)
    made = fit(world.train, asked_model="reader", asked_path=str(folder), pairs=0)
    assert made.simulate(world.query.items).nnz > 0
    assert made.report()["refiner"]["model"] == "reader"
