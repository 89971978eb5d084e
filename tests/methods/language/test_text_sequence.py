from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.world import Query
from scipy.sparse import csr_matrix

torch = pytest.importorskip("torch")

from coldbench.methods.language.histories import (  # noqa: E402
    NOTHING,
    HistoryOrder,
    rank_by_time,
)
from coldbench.methods.language.text_sequence.batches import SequenceBatches  # noqa: E402
from coldbench.methods.language.text_sequence.method import TextSequence  # noqa: E402
from coldbench.methods.language.text_sequence.network import (  # noqa: E402
    SequenceNetwork,
    chance_loss,
    predict,
)
from coldbench.methods.language.text_sequence.transferred import Tuned, drop_words  # noqa: E402

from .killing import Killed, dying  # noqa: E402

QUICK = {
    "width": 16,
    "experts": 2,
    "layers": 1,
    "hidden": 32,
    "dropout": 0.1,
    "adaptor_dropout": 0.0,
    "batch_size": 16,
    "length": 10,
    "learning_rate": 5e-3,
    "max_steps": 160,
    "min_steps": 0,
    "patience_steps": 1000,
    "validate_every_steps": 20,
}


def fit(train, settings, **more):
    return TextSequence(**settings | QUICK | more).fit(train)


@pytest.fixture
def world(make_world):
    return make_world()


def test_it_learns_what_texts_tell_and_nothing_of_shuffled_ones(make_world, settings):
    told, shuffled = make_world(), make_world(shuffled=True)
    assert told.precision(fit(told.train, settings)) > 0.6
    assert shuffled.precision(fit(shuffled.train, settings)) < 0.4  # chance is 0.25


def test_it_reports_before_and_after_and_survives_saving(world, settings, tmp_path):
    fitted = fit(world.train, settings, max_steps=40)
    facts = fitted.report()
    assert facts["model"] == "tiny" and facts["validation_after"] >= facts["validation_before"]
    assert "validation_pretrained" not in facts
    assert facts["training"]["adequacy"]["steps"] == 40
    own, total = fitted.parameter_counts()
    assert total == own + facts["model_parameters"]
    fitted.save(tmp_path / "state.npz")
    again = TextSequence(**settings | QUICK).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), fitted.score(world.query))
    assert again.report() == facts


def test_a_new_user_is_the_sequence_joined_by_an_empty_one(world, settings):
    items, users = world.query.items, world.query.users
    fitted = fit(world.train, settings, max_steps=20, prior_weight=3.0)
    strangers = replace(users, known=np.full(len(users), -1, dtype=np.int32))
    empty = replace(strangers, history=csr_matrix(users.history.shape, dtype=np.float32))
    sequence, joined = fitted.user_factors(users), fitted.user_factors(strangers)
    nothing = fitted.user_factors(empty)
    assert np.ptp(nothing, axis=0).max() < 1e-6
    fitted.prior_choice_["prior_weight"] = 0.0
    alone = fitted.user_factors(strangers)
    np.testing.assert_allclose(sequence, alone, atol=1e-6)  # without times the order is the same
    shots = np.diff(users.history.indptr)[:, None]
    mixed = alone + 3.0 / shots * nothing
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    np.testing.assert_allclose(joined, mixed, atol=1e-5)
    assert fitted.score(Query(empty, items)).shape == (len(users), len(items))


def test_the_width_is_divided_among_the_heads(world, settings):
    with pytest.raises(ColdbenchError, match="width = 16 cannot be divided among heads = 3"):
        fit(world.train, settings, heads=3)


@pytest.mark.parametrize("died", [3, 7])
def test_a_killed_training_goes_on_to_the_last_bit(make_world, settings, died, tmp_path):
    """Killed in pre-training or after it."""
    world, short = make_world(), {"max_steps": 40, "pretrain_steps": 40, "validate_every_steps": 8}
    train = replace(world.train, source=make_world(seed=1).train)
    whole = fit(train, settings, **short)
    with pytest.raises(Killed):
        fit(dying(train, tmp_path / "run", died), settings, **short)
    resumed = fit(dying(train, tmp_path / "run", 99), settings, **short)
    assert resumed.log_["losses"] == whole.log_["losses"]
    assert np.array_equal(resumed.score(world.query), whole.score(world.query))


def few(world, users):
    """Return the training data of a world with the interactions of its first users alone."""
    train = world.train
    pairs = train.interactions.take(train.interactions.users < users)
    history = pairs.csr
    return replace(
        train,
        interactions=pairs,
        users=replace(train.users, history=history),
        items=replace(train.items, history=history.T.tocsr()),
    )


@pytest.mark.slow
def test_pre_training_helps_where_little_is_known_and_not_on_shuffled_texts(make_world, settings):
    """Both worlds have the rule that topic words decide; they share no item and no user."""
    target, rich = make_world(seed=2), {"n_users": 160, "n_items": 120}
    assert set(target.text).isdisjoint(make_world(seed=1, **rich).text)
    poor = few(target, 4)

    def rank(source, **more):
        train = poor if source is None else replace(poor, source=source.train)
        fitted = fit(train, settings, max_steps=30, pretrain_steps=300, **more)
        return target.precision(fitted), fitted.report()

    alone, _ = rank(None)
    helped, facts = rank(make_world(seed=1, **rich))
    misled, _ = rank(make_world(seed=1, shuffled=True, **rich))
    assert helped > alone + 0.15 and misled < helped - 0.15 and misled < alone + 0.1
    assert facts["validation_pretrained"] > facts["validation_before"] + 0.1
    assert facts["validation_after"] >= facts["validation_pretrained"]
    tuned, _ = rank(make_world(seed=1, **rich), tuned=Tuned.ADAPTOR)
    assert tuned > alone + 0.15


def test_the_adaptor_alone_is_tuned(make_world, settings):
    train = replace(make_world().train, source=make_world(seed=1).train)
    options = {"tuned": Tuned.ADAPTOR, "pretrain_steps": 20, "min_steps": 40}
    still = fit(train, settings, **options, max_steps=1, learning_rate=0.0)
    fitted = fit(train, settings, **options, max_steps=40)
    before = fit(train, settings, **options, max_steps=1, epochs=1)
    trainable = {name for name, one in fitted.net_.named_parameters() if one.requires_grad}
    assert trainable == {f"adaptor.{name}" for name in ("shift", "project", "gate", "noise")}
    assert fitted.parameter_counts()[0] < still.parameter_counts()[1]
    for name, weight in fitted.net_.named_parameters():
        if name not in trainable:
            assert torch.equal(weight, dict(before.net_.named_parameters())[name]), name


def test_without_steps_the_source_is_not_looked_at(make_world, settings):
    world = make_world()
    train = replace(world.train, source=make_world(seed=1).train)
    options = {"max_steps": 20, "pretrain_steps": 0}
    with_source, without = (fit(one, settings, **options) for one in (train, world.train))
    assert np.array_equal(with_source.score(world.query), without.score(world.query))


# Histories and batches

PAIRS = Interactions(
    np.array([0, 0, 0, 1, 1], dtype=np.int32),
    np.array([0, 1, 2, 0, 2], dtype=np.int32),
    np.ones(5, dtype=np.float32),
    np.array([30, 10, 20, 5, 4]),
    2,
    3,
)


def test_a_warm_history_is_in_order_of_time_and_keeps_its_end():
    order = HistoryOrder(PAIRS.csr, rank_by_time(PAIRS), seed=0)
    known = np.array([0, 1], dtype=np.int32)
    assert order.arrange(PAIRS.csr, known, 9).tolist() == [[1, 2, 0], [2, 0, NOTHING]]
    assert order.arrange(PAIRS.csr, known, 2).tolist() == [[2, 0], [2, 0]]
    assert order.arrange(PAIRS.csr[[1]], known[1:], 9).tolist() == [[2, 0]]


def test_a_history_without_times_is_in_one_seeded_order():
    full = csr_matrix(np.ones((1, 40), dtype=np.float32))
    known = np.array([-1], dtype=np.int32)
    training = csr_matrix((2, 40), dtype=np.float32)
    one, same, other = (
        HistoryOrder(training, None, seed).arrange(full, known, 40)[0] for seed in (0, 0, 1)
    )
    assert sorted(one) == list(range(40)) and list(one) == list(same) != list(other)
    half = csr_matrix((np.arange(40) % 2 == 0).astype(np.float32)[None])
    again = HistoryOrder(training, None, 0).arrange(half, known, 40)[0]
    assert list(again) == [item for item in one if item % 2 == 0]


def test_no_time_where_one_is_missing():
    assert rank_by_time(replace(PAIRS, timestamps=None)) is None


def sequences(shuffled, epoch=0, **more):
    rng = np.random.default_rng(0)
    matrix = csr_matrix((rng.random((9, 30)) < 0.5).astype(np.float32))
    ranks = np.concatenate([rng.permutation(n) for n in np.diff(matrix.indptr)])
    vectors = rng.random((30, 4), dtype=np.float32)
    batches = SequenceBatches(matrix, ranks, vectors, 2, 4, shuffled, seed=3, **more)
    return matrix, ranks, vectors, list(batches(epoch))


@pytest.mark.parametrize("shuffled", [0.0, 1.0])
def test_each_pair_is_predicted_once_in_an_epoch(shuffled):
    matrix, _, vectors, batches = sequences(shuffled)
    found = []
    for batch in batches:
        entries = batch["entries"].numpy()
        assert entries.shape[1] <= 4
        text = batch["text"].numpy()[entries[entries != NOTHING]]
        found += [int(np.flatnonzero((vectors == row).all(axis=1))[0]) for row in text]
    assert sorted(found) == sorted(matrix.indices.tolist())


def test_sequences_follow_the_times_unless_they_are_shuffled():
    def falling(shuffled):
        matrix, _, vectors, _ = sequences(shuffled)
        late_first = np.concatenate([np.arange(n)[::-1] for n in np.diff(matrix.indptr)])
        batches = SequenceBatches(matrix, late_first, vectors, 2, 4, shuffled, seed=3)
        lines = [row[row >= 0] for batch in batches(0) for row in batch["entries"].numpy()]
        return np.mean([(np.diff(line) < 0).all() for line in lines])

    assert falling(0.0) == 1.0 and falling(1.0) < 0.6


def test_an_epoch_is_decided_by_its_number():
    one, same, other = (sequences(1.0, epoch)[3][0]["entries"].tolist() for epoch in (0, 0, 1))
    assert one == same != other


def test_a_second_form_lacks_items_or_words():
    _, _, _, batches = sequences(1.0, dropped=0.5, other_vectors=np.zeros((30, 4), np.float32))
    lost = 0
    for batch in batches:
        entries, other = batch["entries"].numpy(), batch["other_entries"].numpy()
        assert not batch["other_text"].any()
        for by_words, row, second in zip(batch["by_words"], entries, other, strict=True):
            kept = [at for at in second if at != NOTHING]
            if by_words:
                assert second.tolist() == row.tolist()
            else:
                assert kept == [at for at in row if at in kept]
                lost += int((row != NOTHING).sum()) - len(kept)
    assert lost > 0


def test_some_words_are_dropped_and_one_stays():
    texts = ["one two three four five six seven eight"] * 50 + ["alone", ""]
    found = drop_words(texts, 0.5, seed=0)
    assert found == drop_words(texts, 0.5, seed=0) and found[-2:] == ["alone", ""]
    assert 0.3 < np.mean([len(text.split()) for text in found[:50]]) / 8 < 0.7


# The network


def network(**more):
    torch.manual_seed(0)
    return SequenceNetwork(4, 8, 2, 2, 2, 16, 0.0, 0.0, 6, 0.07, **more).eval()


def test_a_place_sees_what_came_before_alone():
    net, items = network(), torch.randn(5, 8)
    one = net.states(items, torch.tensor([[0, 1, 2, 3]]))
    other = net.states(items, torch.tensor([[0, 1, 4, NOTHING]]))
    assert torch.allclose(one[:, :3], other[:, :3], atol=1e-6)
    assert not torch.allclose(one[:, 3], other[:, 3], atol=1e-3)
    short = net.users(items, torch.tensor([[0, 1]]))
    assert torch.allclose(net.users(items, torch.tensor([[0, 1, NOTHING]])), short, atol=1e-6)
    swapped = net.users(items, torch.tensor([[1, 0]]))
    assert not torch.allclose(short, swapped, atol=1e-4)


def test_the_adaptor_is_the_papers():
    """Experts (x - b) W, mixed by softmax(x W2); the noise is for training alone."""
    net, text = network(), torch.randn(3, 4)
    adaptor = net.adaptor
    torch.nn.init.normal_(adaptor.gate)
    torch.nn.init.normal_(adaptor.shift)
    shares = (text @ adaptor.gate).softmax(dim=1)
    expected = sum(
        shares[:, [k]] * ((text - adaptor.shift[k]) @ adaptor.project[k]) for k in range(2)
    )
    assert torch.allclose(adaptor(text), expected, atol=1e-5)
    adaptor.train()
    assert not torch.equal(adaptor(text), adaptor(text))


def test_the_loss_leaves_out_the_users_other_items_and_corrects_by_frequency():
    batch = {
        "entries": torch.tensor([[0, 2]]),
        "liked": torch.tensor([[True, False, True]]),
        "log_frequency": torch.tensor([-0.1, -1.0, -0.5]),
        "text": torch.zeros(3, 4),
    }
    logits = torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])

    def against(logit, frequency, other):
        own = logit - frequency
        return -(own - np.logaddexp(own, other + 1.0))

    expected = (against(1.0, -0.1, 2.0) + against(-1.0, -0.5, 0.0)) / 2
    assert float(predict(logits, batch)) == pytest.approx(expected, rel=1e-5)
    chance = (against(0.0, -0.1, 0.0) + against(0.0, -0.5, 0.0)) / 2
    assert chance_loss(batch) == pytest.approx(chance, rel=1e-5)


def test_two_forms_of_a_sequence_are_told_from_others():
    _, _, _, batches = sequences(1.0, dropped=0.3)
    batch = batches[0]
    plain, weighed = (float(network(contrast=weight).loss(batch).detach()) for weight in (0.0, 0.5))
    assert weighed > plain
    same = {
        **batch,
        "other_entries": batch["entries"],
        "by_words": torch.zeros(2, dtype=torch.bool),
    }
    other = {**same, "other_entries": batch["entries"].flip(0)}
    near, far = (network(contrast=0.5).loss(one).detach() for one in (same, other))
    assert float(near) < float(far)
