"""Reading both together learns a planted taste, and nothing from texts that were dealt anew."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.world import Query
from coldbench.methods.language.candidate_generators import Generator, fit_generator
from coldbench.methods.language.cross_encoder.settings import Loss, Tuning
from scipy.sparse import csr_matrix

CHANCE = 0.25


@pytest.fixture(scope="module")
def well():
    return {"max_steps": 120, "learning_rate": 5e-3, "history_length": 3}


def test_it_learns_what_the_generator_does_not_know(fit, make_taste, well):
    world = make_taste()
    before = world.precision(fit_generator(Generator.POPULARITY, world.train))
    ranker = fit(world.train, **well)
    after, facts = world.precision(ranker), ranker.report()
    assert after > 0.8 > 0.4 > before, (before, after)
    assert facts["validation_after"] > facts["validation_before"] + 0.4
    assert facts["training"]["losses"][-1] < 0.5 < facts["training"]["adequacy"]["chance_loss"]
    assert facts["calibration"]["auc"] > 0.8
    items, rng = world.query.items, np.random.default_rng(1)
    moved = [
        world.precision(ranker, replace(items, text=items.text[rng.permutation(len(items))]))
        for _ in range(5)
    ]
    assert abs(np.mean(moved) - CHANCE) < 0.08, moved


def test_texts_dealt_anew_bring_chance(fit, make_taste, well):
    world = make_taste(shuffled=True)
    assert world.precision(fit(world.train, **well)) < CHANCE + 0.12


@pytest.mark.parametrize(
    "different",
    [
        {"loss": Loss.SOFTMAX},
        {"tuning": Tuning.TOP_LAYERS, "top_layers": 2},
        {"tuning": Tuning.LORA, "lora_rank": 16, "lora_alpha": 64.0},
    ],
)
def test_other_losses_and_parts_learn_too(fit, make_taste, well, different):
    world = make_taste()
    facts = fit(world.train, **well | different).report()
    assert facts["validation_after"] > facts["validation_before"] + 0.1, facts["training"]


def test_a_head_alone_leaves_the_encoder(fit, make_taste):
    ranker = fit(make_taste().train, tuning=Tuning.HEAD, max_steps=4, validate_every_steps=2)
    trained = [at for at, one in ranker.net_.named_parameters() if one.requires_grad]
    assert trained == ["head.weight", "head.bias"]


@pytest.mark.parametrize("popular", [0, 3])
def test_users_without_history_get_what_is_known_of_everyone(fit, make_taste, well, popular):
    world = make_taste()
    rows = [*range(popular, 60, 4), 1, 2]  # nearly all like that topic
    pairs = world.train.interactions.csr[rows]
    users, items = (one.astype(np.int32) for one in pairs.nonzero())
    ones = np.ones(len(users), dtype=np.float32)
    known = np.arange(len(rows), dtype=np.int32)
    nobody = world.query.users.take(slice(0, 2))
    nobody = replace(nobody, history=csr_matrix(nobody.history.shape, dtype=np.float32))

    def share_popular(method):
        best = np.argsort(-method.score(Query(nobody, world.query.items))[0])[:6]
        return float(np.mean(best % 4 == popular))

    train = replace(
        world.train,
        interactions=Interactions(users, items, ones, None, len(rows), 48),
        users=replace(world.train.users.take(rows), known=known),
        items=replace(world.train.items, history=world.train.items.history[:, rows]),
        validate=share_popular,
    )
    ranker = fit(train, **well | {"thinning": 1.0, "batch_size": 16})
    assert share_popular(ranker) >= 5 / 6
