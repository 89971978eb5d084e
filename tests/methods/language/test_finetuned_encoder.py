import itertools
import re
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from coldbench.datasets.errors import ColdbenchError, NotFittedError
from coldbench.datasets.parameters import check_parameters
from coldbench.datasets.side_information import Side
from coldbench.datasets.validation_score import ValidationScore
from coldbench.datasets.world import Query
from coldbench.methods.language.finetuned_encoder.method import (
    FineTunedEncoder,
    TrainingPrecision,
    Tuning,
)
from coldbench.methods.language.text_encoder.encoder import find_sentence_encoder
from coldbench.methods.training.weights import to_arrays


def copy(method):
    """Return an unfitted method with the same settings."""
    return FineTunedEncoder(**{one.name: getattr(method, one.name) for one in fields(method)})


def base_weights(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def ever_better(train):
    """Return the world with a validation that keeps the last epoch."""
    numbers = itertools.count()
    return replace(train, validate=lambda method: next(numbers))


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def fit(settings, quick):
    def fit(train, **different):
        return FineTunedEncoder(**settings | quick | different).fit(train)

    return fit


@pytest.fixture
def fitted(fit, world):
    return fit(world.train)


def test_the_loss_falls_and_the_score_rises_over_the_frozen_encoder(fitted, world):
    facts = fitted.report()
    losses = facts["training"]["losses"]
    assert losses[-1] < losses[0] - 0.2
    assert facts["validation_after"] > facts["validation_before"] + 0.02
    # at least: validation chooses the weight of the prior after training
    assert world.precision(fitted) >= facts["validation_after"] > 0.8


def test_the_record_tells_base_model_cut_off_curve_and_what_was_trained(fitted, tiny):
    facts = fitted.report()
    assert facts["model"] == "tiny" and facts["tuning"] == "lora"
    assert len(facts["weights_sha256"]) == 64 and facts["model_data_until"] is None
    curve = facts["training"]["validation"]
    assert [epoch for epoch, _ in curve] == list(range(11))
    assert facts["validation_after"] == max(value for _, value in curve)
    assert facts["trainable_parameters"] == fitted.parameter_counts()[0]


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({}, {"places": 10, "probability": 0.1}),
        ({"encoder_dropout": 0.25}, {"places": 10, "probability": 0.25}),
        ({"encoder_dropout": 0.0}, {"places": 0, "probability": 0.0}),
        ({"tuning": Tuning.FROZEN}, {"places": 0, "probability": 0.0}),
    ],
)
def test_the_record_tells_the_dropout_of_the_encoder(fit, world, different, told):
    method = fit(ever_better(world.train), epochs=1, **different)
    assert method.report()["encoder_dropout"] == told


def test_the_dropout_is_the_models_own_unless_told_otherwise(fit, world):
    own, same, none = (
        fit(ever_better(world.train), epochs=1, encoder_dropout=value).score(world.query)
        for value in (None, 0.1, 0.0)
    )
    np.testing.assert_array_equal(own, same)
    assert not np.array_equal(own, none)


def test_shuffled_texts_bring_cold_items_to_chance(fit, make_world):
    shuffled = make_world(shuffled=True)
    assert shuffled.precision(fit(shuffled.train)) < 0.42  # chance is 0.25, the best of 11 looks


def test_the_scale_of_the_prior_is_for_new_users_alone(fit, world):
    """Validation chooses it for short histories: warm users are scored as they were trained."""
    one, ten = (fit(world.train, epochs=1, prior_scale=scale) for scale in (1.0, 10.0))
    warm = world.train.users.take(slice(0, 5))
    new = replace(warm, known=np.full(5, -1, dtype=np.int32))
    np.testing.assert_allclose(ten.user_factors(warm), one.user_factors(warm), atol=1e-6)
    np.testing.assert_allclose(one.user_factors(new), one.user_factors(warm), atol=1e-6)
    nobody, apart = (
        method.user_factors(
            replace(new, history=type(new.history)(new.history.shape, dtype=np.float32))
        )
        for method in (one, ten)
    )
    np.testing.assert_allclose(nobody, apart, atol=1e-6)
    moved = (ten.user_factors(new) * nobody).sum(axis=1)
    assert (moved > (one.user_factors(new) * nobody).sum(axis=1)).all(), "nearer to nobody's vector"


def test_before_training_it_is_the_frozen_encoder(fit, world, settings):
    method = fit(world.train, epochs=0, prior_scale=1.0)
    query, counts = world.query, world.train.item_counts
    encode = find_sentence_encoder("tiny", settings["model_path"], settings["max_length"]).encode
    trained, candidates = encode(list(world.train.items.text)), encode(list(query.items.text))
    profile = query.users.history @ trained + method.prior * (counts @ trained) / counts.sum()
    profile /= np.linalg.norm(profile, axis=1, keepdims=True)
    np.testing.assert_allclose(method.score(query), profile @ candidates.T, atol=1e-5)


@pytest.mark.parametrize("tuning", [Tuning.PREFIX, Tuning.PROMPT, Tuning.P_TUNING, Tuning.LORA])
def test_before_training_all_texts_are_encoded_alike(fit, world, tuning):
    """Those of histories and of candidates; what stands before a text is not the frozen encoder."""
    method = fit(world.train, tuning=tuning, epochs=0)
    texts = list(world.train.items.text)
    encoder = method.scorer_.model.encoder
    vectors = encoder(texts).detach()
    kept = torch.stack([method.scorer_._seen[text] for text in texts])
    torch.testing.assert_close(kept, vectors, atol=1e-5, rtol=0)
    assert encoder.starts_as_base is (tuning is Tuning.LORA)


@pytest.mark.parametrize("tuning", list(Tuning))
def test_only_the_chosen_part_is_trained(fit, world, tuning, tiny):
    method = fit(ever_better(world.train), tuning=tuning, epochs=2)
    before = base_weights(tiny)
    state = method.state()["trained"][0]["arrays"]["encoder"]
    layer = sum(a.size for name, a in before.items() if name.startswith("encoder.layer.2."))
    towers = sum(array.size for array in method.state()["trained"][0]["arrays"]["towers"].values())
    inside = {name: a for name, a in before.items() if name.startswith("encoder.layer.2.")}
    trained = {
        Tuning.LORA: 4 * 8 * 24,  # A and B of query and value
        Tuning.DORA: 4 * 8 * 24 + 2 * 24,  # and the lengths of the rows
        # Three vectors of each singular value, 12 of every product at first.
        Tuning.ADALORA: 12 * (4 * (24 + 1 + 24) + 2 * (24 + 1 + 32)),
        Tuning.IA3: 2 * 24 + 32,  # of keys, values and inner activations
        Tuning.ADAPTER: 2 * (2 * 8 * 24 + 8 + 24) + 2 * 2 * 24,  # two, and the normalisations
        Tuning.PREFIX: 2 * 8 * 24,  # keys and values
        Tuning.PROMPT: 8 * 24,
        # And the four gates of both directions, with two biases each, and the layer on top.
        Tuning.P_TUNING: 8 * 24 + 2 * 4 * 12 * (24 + 12 + 2) + 24 * 24 + 24,
        Tuning.BITFIT: sum(a.size for name, a in inside.items() if name.endswith("bias")),
        Tuning.SPARSE: round(0.005 * layer),
        Tuning.LAYER_NORM: 2 * 2 * 24,  # weight and bias after attention and after the layer
        Tuning.TOP_LAYERS: layer,
        Tuning.FULL: sum(a.size for n, a in before.items() if not n.startswith("pooler")),
        Tuning.FROZEN: 0,
    }[tuning]
    assert method.parameter_counts()[0] == trained + towers
    places = ("sparse.places",)  # kept with the weights that are there
    assert sum(array.size for name, array in state.items() if name not in places) == trained
    if tuning is Tuning.FROZEN:
        return
    encoder = method.scorer_.model.encoder.body
    around = r"\.base_layer|\.parametrizations|\.original"
    now = {re.sub(around, "", name): array for name, array in to_arrays(encoder).items()}
    for name, array in before.items():
        opened = {
            Tuning.BITFIT: name in inside and name.endswith("bias"),
            Tuning.LAYER_NORM: name in inside and "LayerNorm" in name,
            Tuning.ADAPTER: name in inside and "LayerNorm" in name,
            Tuning.TOP_LAYERS: name in inside,
            Tuning.FULL: True,
        }.get(tuning, False)  # the others train something beside the weights
        if not opened:
            np.testing.assert_array_equal(now[name], array)
    moved = {
        Tuning.BITFIT: "dense.bias",
        Tuning.LAYER_NORM: "LayerNorm.weight",
        Tuning.ADAPTER: "LayerNorm.weight",
        Tuning.TOP_LAYERS: "dense.weight",
        Tuning.FULL: "dense.weight",
    }.get(tuning)
    if moved is not None:
        name = f"encoder.layer.2.output.{moved}"
        assert not np.array_equal(now[name], before[name])


@pytest.mark.parametrize("tuning", [one for one in Tuning if one is not Tuning.FROZEN])
def test_the_encoder_itself_moves_the_vectors(fit, world, tuning, settings):
    # The few numbers of IA3 begin at 1; AdaLoRA's update is a product of three that begin near 0.
    rate = 3e-2 if tuning in (Tuning.IA3, Tuning.ADALORA) else 3e-3
    train = ever_better(world.train)
    method = fit(train, tuning=tuning, epochs=2, encoder_learning_rate=rate)
    texts = list(world.query.items.text)
    encode = find_sentence_encoder("tiny", settings["model_path"], settings["max_length"]).encode
    tuned = method.scorer_._text_vectors(texts).detach().numpy()
    assert np.abs(tuned - encode(texts)).max(1).min() > 1e-4  # rounding is below 1e-6


@pytest.mark.parametrize("tuning", list(Tuning))
def test_saved_and_loaded_it_scores_the_same(fit, world, tuning, tmp_path):
    method = fit(ever_better(world.train), tuning=tuning, epochs=2)
    method.save(tmp_path / "state.npz")
    loaded = copy(method).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(loaded.score(world.query), method.score(world.query))
    assert loaded.report() == method.report()
    assert loaded.parameter_counts() == method.parameter_counts()


def test_a_saved_lora_does_not_hold_the_base_model(fitted, tmp_path, tiny):
    fitted.save(tmp_path / "state.npz")
    state = fitted.state()["trained"][0]["arrays"]["encoder"]
    assert state and all("lora_" in name for name in state)


def test_loading_onto_another_encoder_is_refused(fitted, other_tiny, tmp_path):
    fitted.save(tmp_path / "state.npz")
    other = replace(fitted, model_path=str(other_tiny))
    with pytest.raises(ColdbenchError, match="fit again"):
        other.load(tmp_path / "state.npz")


def test_the_same_seed_gives_the_same_scores_and_another_one_others(fit, world):
    first, again = (fit(ever_better(world.train), epochs=2) for _ in range(2))
    other = fit(ever_better(replace(world.train, seed=1)), epochs=2)
    np.testing.assert_array_equal(first.score(world.query), again.score(world.query))
    assert not np.array_equal(first.score(world.query), other.score(world.query))


def test_a_block_of_one_and_any_order_give_the_same_rows(fitted, world):
    users, items = world.query.users, world.query.items
    scores = fitted.score(world.query)
    assert scores.dtype == np.float32 and np.isfinite(scores).all()
    alone = fitted.score(Query(users.take(slice(4, 5)), items))
    np.testing.assert_allclose(alone[0], scores[4], rtol=1e-5, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(items))
    turned = fitted.score(Query(users.take(slice(None, None, -1)), items.take(order)))
    np.testing.assert_allclose(turned, scores[::-1, order], rtol=1e-5, atol=1e-6)


def test_users_without_history_and_no_candidates_are_served(fitted, world, make_entities):
    nobody = make_entities(Side.USER, [-1, -1], np.zeros((2, len(world.train.items))), None)
    scores = fitted.score(Query(nobody, world.query.items))
    assert np.isfinite(scores).all() and scores.std() > 0
    np.testing.assert_array_equal(scores[0], scores[1])
    none = world.query.items.take(slice(0, 0))
    assert fitted.score(Query(world.query.users, none)).shape == (len(world.query.users), 0)
    assert fitted.score(Query(nobody.take(slice(0, 0)), world.query.items)).shape[0] == 0


def test_a_warm_item_and_a_cold_one_with_its_text_are_the_same(fitted, world, make_entities):
    warm = world.train.items.take(slice(3, 4))
    cold = make_entities(Side.ITEM, [-1], np.zeros((1, 60)), [warm.text[0]])
    np.testing.assert_array_equal(fitted.item_factors(warm), fitted.item_factors(cold))


def test_a_few_items_join_what_is_known_of_everyone(fit, world, make_entities):
    """The first item moves a user the less the more items the prior weighs as much as."""
    shown = np.eye(1, len(world.train.items))
    user = make_entities(Side.USER, [-1], shown, None)
    nobody = make_entities(Side.USER, [-1], 0 * shown, None)
    moved = []
    for prior in (1.0, 4.0, 40.0):
        method = fit(world.train, epochs=0, prior=prior)
        known, unknown = method.user_factors(user)[0], method.user_factors(nobody)[0]
        moved.append(1 - float(known @ unknown))
    assert moved[0] > 2 * moved[1] > 20 * moved[2] > 0


def test_values_of_a_history_do_not_count(fitted, world):
    users = world.query.users
    rated = replace(users, history=users.history * 4)
    np.testing.assert_array_equal(fitted.user_factors(rated), fitted.user_factors(users))


def test_a_users_own_text_helps_who_has_no_history(fit, make_world, make_entities, tmp_path):
    world = make_world(user_text=True)
    method = fit(world.train, thinning=1.0, epochs=12)
    users = world.query.users
    told = make_entities(Side.USER, [-1] * 60, np.zeros((60, len(world.train.items))), users.text)
    alone = replace(told, text=None)
    liked = world.liked

    def precision(entities):
        best = np.argsort(-method.score(Query(entities, world.query.items)), axis=1)[:, :5]
        return np.take_along_axis(liked, best, axis=1).mean()

    assert precision(told) > precision(alone) + 0.2
    method.save(tmp_path / "state.npz")
    loaded = copy(method).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(loaded.user_factors(told), method.user_factors(told))


def test_bf16_training_learns_and_scores_in_fp32(fit, world):
    method = fit(world.train, training_precision=TrainingPrecision.BF16)
    facts = method.report()
    assert facts["validation_after"] > facts["validation_before"]
    assert method.scorer_.item_vectors.dtype == np.float32


def test_fitting_again_forgets_the_first_world(fit, world, make_world):
    other = make_world(seed=5)
    again = fit(world.train, epochs=2).fit(ever_better(other.train))
    expected = fit(ever_better(other.train), epochs=2).score(other.query)
    np.testing.assert_array_equal(again.score(other.query), expected)


def test_too_many_layers_are_refused(fit, world):
    with pytest.raises(ColdbenchError, match="top_layers = 9, but the encoder has 3"):
        fit(world.train, top_layers=9)


def test_the_settings_are_valid_and_small_is_cheaper():
    check_parameters(FineTunedEncoder())
    small = FineTunedEncoder.small()
    check_parameters(small)
    assert small.epochs == 3 and small.fresh < FineTunedEncoder().fresh


def test_unfitted_it_says_so(world):
    with pytest.raises(NotFittedError, match="FineTunedEncoder is not fitted"):
        FineTunedEncoder().score(world.query)


@pytest.fixture
def two_bests(fit, world):
    """A method whose groups are best after the second and after the last of four epochs."""
    values = iter(range(10))

    def validate(method):
        at = next(values)
        early = -abs(at - 1.0)
        return ValidationScore({"a": early, "b": at}, {"new_user": early, "new_item": at})

    return fit(replace(world.train, validate=validate), epochs=4)


def test_each_group_of_tasks_is_answered_by_its_own_weights(two_bests, world):
    early, late = (two_bests.for_group(group) for group in ("new_user", "new_item"))
    kept = two_bests.report()["training"]["adequacy"]["groups"]
    assert kept["new_user"]["step"] < kept["new_item"]["step"]
    first, last = (
        one.score_block(world.query.users, one.encode_items(world.query.items))
        for one in (early, late)
    )
    assert not np.array_equal(first, last)
    # A copy shares what was never trained, and what is kept of the texts.
    ours, theirs = (one.scorer_.model.encoder for one in (early, late))
    assert ours is not theirs and ours._memory is theirs._memory
    frozen = [n for n, p in ours.named_parameters() if not p.requires_grad]
    pairs = [(dict(ours.named_parameters())[n], dict(theirs.named_parameters())[n]) for n in frozen]
    assert pairs and all(one is other for one, other in pairs)


def test_saved_and_loaded_every_group_scores_the_same(two_bests, world, tmp_path):
    two_bests.save(tmp_path / "state.npz")
    loaded = copy(two_bests).load(tmp_path / "state.npz")
    for group in ("new_user", "new_item", "warm"):
        one, other = two_bests.for_group(group), loaded.for_group(group)
        for side in ("user_factors", "item_factors"):
            entities = world.query.users if side == "user_factors" else world.query.items
            np.testing.assert_array_equal(
                getattr(one, side)(entities), getattr(other, side)(entities)
            )
