"""Both ways to explain a recommendation, where it is planted what decides it."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from coldbench.benchmarks.explain.explain import explain
from coldbench.benchmarks.explain.question import Question
from coldbench.benchmarks.explain.words import find_words
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Query, TrainView
from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder
from coldbench.methods.language.finetuned_encoder.settings import Head, TrainingPrecision, Tuning
from coldbench.methods.language.text_knn import TextKNN
from coldbench.methods.language.text_ridge import TextRidge

TOPIC_WORDS = ("sea0", "war0", "law0", "sun0")
OTHERS = [f"{name}{n}" for name in ("sea", "war", "law", "sun") for n in range(1, 6)]
NOISE = [*OTHERS, "talk0", "talk1", "talk2", "talk3"]
"""As frequent as the topic words: only what users like distinguishes them."""
MASK = 4  # in the vocabulary of the tiny encoder, whose words come after it
N_NOISE, OWN, OTHER = 6, 6, 4
CHANCE_WORD = 1 / (1 + N_NOISE)
CHANCE_ITEM = OWN / (OWN + OTHER)
N_USERS, N_ITEMS, N_COLD = 60, 80, 40
TRAINED = {
    "hidden": 32,
    "batch_size": 64,
    "fresh": 32,
    "epochs": 30,
    "learning_rate": 3e-3,
    "encoder_learning_rate": 3e-3,
    "dropout": 0.1,
    "training_precision": TrainingPrecision.FP32,
    "prior": 1.0,
}


@pytest.fixture(scope="session")
def trained_mask(tiny, tmp_path_factory):
    """Return the tiny encoder with a mask that is no word in particular, as pretraining makes it.

    Of random weights, it would be one more word.
    """
    from transformers import AutoModel

    folder = shutil.copytree(tiny, tmp_path_factory.mktemp("masks") / "tiny")
    model = AutoModel.from_pretrained(folder)
    words = model.embeddings.word_embeddings.weight.data
    words[MASK] = words[MASK + 1 :].mean(dim=0)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture
def settings(settings, trained_mask):
    return settings | {"model_path": str(trained_mask)}


@pytest.fixture
def topics(make_entities):
    """Return the builder of worlds whose texts hold one word of a topic among six others.

    A user has one topic, and likes six items of it and four others. With ``shuffled`` the texts
    of all items are dealt anew, so that no word decides anything.
    """

    def build(seed=0, shuffled=False):
        rng = np.random.default_rng(seed)
        taste, topic = np.arange(N_USERS) % 4, np.arange(N_ITEMS + N_COLD) % 4
        drawn = [[TOPIC_WORDS[one], *rng.choice(NOISE, N_NOISE, replace=False)] for one in topic]
        text = [" ".join(rng.permutation(words)) for words in drawn]
        if shuffled:
            text = [text[at] for at in rng.permutation(len(text))]
        pairs = np.zeros((N_USERS, N_ITEMS))
        for user, one in enumerate(taste):
            same = topic[:N_ITEMS] == one
            pairs[user, rng.choice(np.flatnonzero(same), OWN, replace=False)] = 1
            pairs[user, rng.choice(np.flatnonzero(~same), OTHER, replace=False)] = 1
        users, items = (part.astype(np.int32) for part in np.nonzero(pairs))
        ones = np.ones(len(users), dtype=np.float32)
        warm = make_entities(Side.USER, np.arange(N_USERS), pairs, None)
        seen = make_entities(Side.ITEM, np.arange(N_ITEMS), pairs.T, text[:N_ITEMS])
        cold = make_entities(Side.ITEM, [-1] * N_COLD, np.zeros((N_COLD, N_USERS)), text[N_ITEMS:])
        liked, query = taste[:, None] == topic[None, N_ITEMS:], Query(warm, cold)

        def validate(method):
            best = np.argsort(-method.score(query), axis=1)[:, :5]
            return float(np.take_along_axis(liked, best, axis=1).mean())

        pairs = Interactions(users, items, ones, None, N_USERS, N_ITEMS)
        train = TrainView(pairs, warm, seen, None, None, None, seed, validate)
        return SimpleNamespace(train=train, query=query, topic=topic, validate=validate)

    return build


def ask(world, user):
    """Return the question of one user: all cold items are candidates."""
    return Question(
        task="new_item/cold/k=0",
        user=str(user),
        group="new_item",
        query=Query(world.query.users.take(np.array([user])), world.query.items),
        ids=np.array([f"c{n}" for n in range(N_COLD)]),
        ties=np.arange(N_COLD, dtype=np.uint32),
        seen=world.train.items,
        seen_ids=np.arange(N_ITEMS).astype(str),
    )


def name_parts(method, world, *, best=True):
    """Return what effects and attributions name first, and how they agree.

    Of the words, the share of recommendations whose first is the topic word; of the history, the
    share of items of the recommended topic among as many as there are of it. The recommendations
    are each user's three best, or one of the candidates in turn.
    """
    rows = {"effect": ([], []), "attribution": ([], [])}
    agreement = {"history": [], "words": []}
    explained = [
        one
        for user in range(N_USERS)
        for one in explain(method, ask(world, user), [] if best else [f"c{user % N_COLD}"], 3)
    ]
    for one in explained:
        recommended = world.topic[N_ITEMS + int(one.item[1:])]
        same = {str(n) for n in np.flatnonzero(world.topic[:N_ITEMS] == recommended)}
        own = sum(part.name in same for part in one.history)
        for kind, (words, history) in rows.items():
            if getattr(one.words[0], kind) is None:
                continue
            words.append(order(one.words, kind)[0].name in TOPIC_WORDS)
            if own:
                first = order(one.history, kind)[:own]
                history.append(np.mean([part.name in same for part in first]))
        for name, value in one.agreement().items():
            agreement[name].append(value)
    return SimpleNamespace(
        words={kind: np.mean(words) for kind, (words, _) in rows.items() if words},
        history={kind: np.mean(history) for kind, (_, history) in rows.items() if history},
        agreement={name: np.mean(values) for name, values in agreement.items() if values},
    )


def order(parts, kind):
    """Return the parts with the largest effect or attribution first."""
    return sorted(parts, key=lambda part: -getattr(part, kind))


def test_both_ways_name_the_topic_word_and_the_topic_items(topics, settings):
    world = topics()
    method = FineTunedEncoder(**settings, **TRAINED, tuning=Tuning.FULL).fit(world.train)
    assert world.validate(method) > 0.9
    found = name_parts(method, world)
    for kind in ("effect", "attribution"):
        assert found.words[kind] > 3 * CHANCE_WORD, found
        assert found.history[kind] > 0.9 > CHANCE_ITEM, found
    assert found.agreement["history"] > 0.95 and found.agreement["words"] > 0.4, found


@pytest.mark.slow
def test_shuffled_texts_name_the_topic_word_by_chance(topics, settings):
    """Over two draws: the users of one share a model, which may prefer one word or another."""
    words = []
    for seed in (1, 2):
        world = topics(seed, shuffled=True)
        method = FineTunedEncoder(**settings, **TRAINED, tuning=Tuning.FULL).fit(world.train)
        words.append(name_parts(method, world, best=False).words)
    spread = np.sqrt(CHANCE_WORD * (1 - CHANCE_WORD) / (2 * N_COLD))
    for kind in ("effect", "attribution"):
        assert np.mean([one[kind] for one in words]) < CHANCE_WORD + 2 * spread, words


def test_leaving_out_explains_a_closed_form_on_frozen_vectors(topics, settings):
    world, spread = topics(), np.sqrt(CHANCE_WORD * (1 - CHANCE_WORD) / N_USERS)
    found = name_parts(TextRidge(**settings).fit(world.train), world)
    assert found.words["effect"] > 3 * CHANCE_WORD and found.history["effect"] > 0.68, found
    assert found.agreement == {} and set(found.words) == {"effect"}
    world = topics(1, shuffled=True)
    found = name_parts(TextRidge(**settings).fit(world.train), world, best=False)
    assert found.words["effect"] < CHANCE_WORD + 2 * spread, found


def test_a_sum_over_the_history_loses_what_each_item_gave(topics, settings):
    """text_knn adds one cosine for each item: the effects of all are the whole margin."""
    world = topics()
    method = TextKNN(**settings, neighbours=N_ITEMS, prior_weight=0.0).fit(world.train)
    for one in explain(method, ask(world, 3), [], 5):
        assert sum(part.effect for part in one.history) == pytest.approx(one.margin, rel=1e-4)
        assert one.margin > 0.01


@pytest.fixture
def short():
    """Return settings of a training that is over at once."""
    return TRAINED | {"epochs": 1, "max_steps": 3}


@pytest.mark.parametrize("head", list(Head))
def test_the_gradients_of_the_words_add_up_to_what_the_words_give(
    head, topics, settings, short, monkeypatch
):
    from coldbench.methods.language.finetuned_encoder import gradients

    monkeypatch.setattr(gradients, "STEPS", 200)
    world = topics()
    whole = FineTunedEncoder(**settings, **short, tuning=Tuning.FULL, head=head).fit(world.train)
    question, view = ask(world, 0), whole.for_group("new_item")
    told = view.attribute(question.query, 5)
    scorer = view._fitted.scorer_ if head is Head.MLP else view.scorer_
    text = str(world.query.items.text[5])
    encoder = scorer.model.encoder
    places = encoder.find_pieces(text)
    assert [text[a:b] for a, b in told.spans] == text.split()
    bare = encoder.read(encoder.embed(text, hidden=places[:, 1] > 0)[None])
    vectors = np.concatenate(
        [scorer.item_factors([text]), scorer.model.towers.items(bare).detach().numpy()]
    )
    user = whole.user_factors(question.query.users)
    score, without = view._score(user, vectors)[0] if head is Head.MLP else (user @ vectors.T)[0]
    assert score == pytest.approx(view.score(question.query)[0, 5], abs=1e-5)
    assert told.pieces.sum() == pytest.approx(score - without, rel=0.02)
    assert abs(score - without) > 0.01


@pytest.mark.parametrize("tuning", list(Tuning))
def test_every_tuning_gives_an_account(tuning, topics, settings, short):
    world = topics()
    method = FineTunedEncoder(**settings, **short, tuning=tuning).fit(world.train)
    question = ask(world, 1)
    before = method.score(question.query)
    told, again = (method.attribute(question.query, 7) for _ in range(2))
    assert [tuple(one) for one in told.spans] == [
        one.spans[0] for one in find_words(str(world.query.items.text[7]))
    ]
    assert len(told.history) == OWN + OTHER and np.abs(told.history).min() > 0
    assert np.isfinite(told.pieces).all() and np.abs(told.pieces).max() > 0
    for one, other in zip(vars(told).values(), vars(again).values(), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(method.score(question.query), before)


def test_a_prefix_and_a_cut_belong_to_no_word(topics, settings, short):
    world = topics()
    cut = settings | {"max_length": 8}
    method = FineTunedEncoder(**cut, **short, text_prefix="the . ").fit(world.train)
    text = str(world.query.items.text[7])
    told = method.attribute(ask(world, 1).query, 7)
    assert [text[a:b] for a, b in told.spans] == text.split()[:4]  # 8 less 2 of each: prefix, ends


def test_a_kept_method_gives_the_same_account(topics, settings, short, tmp_path):
    world = topics()
    method = FineTunedEncoder(**settings, **short).fit(world.train)
    method.save(tmp_path / "kept.npz")
    other = FineTunedEncoder(**settings, **short).load(tmp_path / "kept.npz")
    (one,), (again,) = (explain(m, ask(world, 2), ["c3"], 1) for m in (method, other))
    for part, same in zip([*one.history, *one.words], [*again.history, *again.words], strict=True):
        assert (part.name, part.rank_without) == (same.name, same.rank_without)
        assert part.effect == pytest.approx(same.effect, abs=1e-5)
        assert part.attribution == pytest.approx(same.attribution, abs=1e-5)


def test_users_with_a_text_and_without_a_history(make_world, make_entities, settings, short):
    world = make_world(user_text=True)
    method = FineTunedEncoder(**settings, **short).fit(world.train)
    users = world.query.users.take(np.array([0]))
    assert np.abs(method.attribute(Query(users, world.query.items), 0).history).min() > 0
    new = make_entities(Side.USER, [-1], np.zeros((1, len(world.train.items))), ["the sea0"])
    told = method.attribute(Query(new, world.query.items), 0)
    assert told.history.shape == (0,) and len(told.pieces) == len(told.spans) > 0
