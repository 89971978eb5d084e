import itertools
from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.world import Query
from scipy.sparse import csr_matrix

torch = pytest.importorskip("torch")

from coldbench.methods.language.histories import NOTHING  # noqa: E402
from coldbench.methods.language.semantic_ids.batches import (  # noqa: E402
    CodeBatches,
    spell,
    take_end,
)
from coldbench.methods.language.semantic_ids.identifiers import Identifier  # noqa: E402
from coldbench.methods.language.semantic_ids.method import SemanticIds  # noqa: E402
from coldbench.methods.language.semantic_ids.names import Unseen  # noqa: E402
from coldbench.methods.language.semantic_ids.network import CodeNetwork, chance_loss  # noqa: E402
from coldbench.methods.language.semantic_ids.quantiser import QuantiserKind  # noqa: E402
from coldbench.methods.language.semantic_ids.scoring import score_trie  # noqa: E402
from coldbench.methods.language.semantic_ids.trie import END, build_trie  # noqa: E402

from .killing import Killed, dying  # noqa: E402

QUICK = {
    "levels": 3,
    "codes": 4,
    "latent": 8,
    "quantiser_hidden": 32,
    "quantiser_batch_size": 48,
    "quantiser_steps": 150,
    "title_words": 3,
    "width": 32,
    "hidden": 64,
    "length": 8,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "max_steps": 200,
    "min_steps": 0,
    "patience_steps": 1000,
    "validate_every_steps": 40,
}


def fit(train, settings, **more):
    return SemanticIds(**settings | QUICK | more).fit(train)


@pytest.fixture
def world(make_world):
    return make_world()


# What it learns


@pytest.mark.parametrize("quantiser", list(QuantiserKind))
def test_cold_items_are_found_by_what_texts_tell_and_not_by_shuffled_ones(
    make_taste, settings, quantiser
):
    told, shuffled = make_taste(), make_taste(shuffled=True)
    more = {"quantiser": quantiser, "levels": 2, "codes": 6, "quantiser_steps": 400}
    fitted = fit(told.train, settings, **more)
    assert told.precision(fitted) > 0.6
    assert shuffled.precision(fit(shuffled.train, settings, **more)) < 0.35  # chance is 0.25
    warm = Query(told.query.users, told.train.items)
    same_topic = np.arange(30, 60)[:, None] % 4 == np.arange(48)[None] % 4
    best = np.argsort(-fitted.score(warm), axis=1)[:, :5]
    assert np.take_along_axis(same_topic, best, axis=1).mean() > 0.6


def test_atomic_identifiers_serve_warm_items_and_leave_cold_ones_at_chance(world, settings):
    fitted = fit(world.train, settings, identifier=Identifier.ATOMIC)
    assert np.ptp(fitted.score(world.query)) == 0.0
    warm = fitted.score(Query(world.query.users, world.train.items))
    same_topic = np.arange(60)[:, None] % 4 == np.arange(48)[None] % 4
    best = np.argsort(-warm, axis=1)[:, :5]
    assert np.take_along_axis(same_topic, best, axis=1).mean() > 0.6
    np.testing.assert_allclose(np.exp(warm).sum(axis=1), 1.0, rtol=1e-4)


def test_words_of_titles_find_cold_items_and_shuffled_ones_do_not(make_taste, settings):
    told, shuffled = make_taste(), make_taste(shuffled=True)
    words = {"identifier": Identifier.TEXTUAL, "title_words": 2}
    fitted = fit(told.train, settings, **words)
    assert told.precision(fitted) > 0.6
    assert shuffled.precision(fit(shuffled.train, settings, **words)) < 0.35  # chance is 0.25
    assert fitted.report()["identifiers"]["kind"] == "textual"


def test_nothing_is_trained_on_the_codes_of_cold_items(make_world, settings, monkeypatch):
    worlds, seen = (make_world(), make_world(seed=5)), []
    whole = SemanticIds.fit_quantiser

    def watch(method, vectors, *more):
        seen.append(vectors)
        return whole(method, vectors, *more)

    monkeypatch.setattr(SemanticIds, "fit_quantiser", watch)
    fitted = []
    for other in worlds:  # the same training data, and other cold items are asked about

        def validate(method, query=other.query):
            assert np.isfinite(method.score(query)).all()
            return 0.5

        train = replace(worlds[0].train, validate=validate)
        fitted.append(fit(train, settings, max_steps=40))
    assert [rows.shape for rows in seen] == [(48, 24)] * 2
    one, other = (each.state() for each in fitted)
    assert one["log"]["losses"] == other["log"]["losses"]
    for name, weight in one["weights"].items():
        np.testing.assert_array_equal(weight, other["weights"][name])
    assert one["new_names"] != other["new_names"]


# Scores


def test_scores_are_those_of_teacher_forcing_whoever_else_is_asked_about(world, settings):
    fitted = fit(world.train, settings, max_steps=40)
    users = world.query.users
    for items in (world.query.items, world.train.items):
        called = fitted.name_items(items)
        entries = fitted.order_.arrange(users.history, users.known, fitted.length - 1)
        history = spell(fitted.names_.tokens, take_end(entries, (entries != NOTHING).sum(axis=1)))
        targets, choices = torch.from_numpy(called.tokens), torch.from_numpy(called.choices)
        many = len(users)
        with torch.no_grad():
            naive = fitted.net_.log_likelihood(
                torch.from_numpy(history), targets.expand(many, -1, -1), choices.expand(many, -1)
            )
        expected = naive.numpy() + called.log_share
        np.testing.assert_allclose(fitted.score(Query(users, items)), expected, atol=1e-5)
    order = np.random.default_rng(0).permutation(len(world.query.items))[:10]
    some = world.query.items.take(order)
    whole = fitted.score(world.query)[:, order]
    np.testing.assert_allclose(fitted.score(Query(users, some)), whole, atol=1e-5)
    one = fitted.score(Query(users.take(np.array([3])), some))
    np.testing.assert_allclose(one, whole[[3]], atol=1e-5)


def join(items, others, make_entities):
    """Return the training items and then the cold ones, as candidates of one query."""
    known, text = np.concatenate([items.known, others.known]), [*items.text, *others.text]
    return make_entities(items.side, known, np.zeros((len(known), items.history.shape[1])), text)


@pytest.mark.parametrize("unseen", list(Unseen))
@pytest.mark.parametrize("steps", [1, 60])
def test_a_cold_item_has_the_mean_of_the_warm_items_of_its_codes(
    world, settings, make_entities, unseen, steps
):
    fitted = fit(world.train, settings, levels=1, codes=6, max_steps=steps, unseen=unseen)
    both = join(world.train.items, world.query.items, make_entities)
    odds = np.exp(fitted.score(Query(world.query.users, both)).astype(np.float64))
    codes = fitted.name_items(both).tokens[:, 0]
    compared = 0
    for code in np.unique(codes[:48]):
        warm = odds[:, :48][:, codes[:48] == code]
        for cold in odds[:, 48:][:, codes[48:] == code].T:
            np.testing.assert_allclose(cold, warm.mean(axis=1), rtol=1e-4)
            compared += 1
    assert compared == 32
    assert fitted.report()["identifiers"]["codes_used"] == [6]  # so that no tuple is nobody's
    np.testing.assert_allclose(odds[:, :48].sum(axis=1), 1.0, rtol=1e-4)


def test_a_twin_of_a_warm_item_is_as_likely_where_nobody_is_preferred(
    world, settings, make_entities
):
    """An untrained network; with any, the twins of all warm items get what these get, in sum."""
    fitted = fit(world.train, settings, levels=3, codes=6, max_steps=1)
    items = world.train.items
    twins = make_entities(items.side, [-1] * 48, np.zeros((48, 60)), items.text)
    both = join(items, twins, make_entities)
    odds = np.exp(fitted.score(Query(world.query.users, both)).astype(np.float64))
    np.testing.assert_allclose(odds[:, 48:].sum(axis=1), odds[:, :48].sum(axis=1), rtol=1e-4)
    shifts = np.log(odds[:, 48:]) - np.log(odds[:, :48])
    assert abs(shifts.mean()) < 0.05


def network(ranges, **more):
    torch.manual_seed(0)
    net = CodeNetwork(ranges, 4, **{"width": 8, "layers": 2, "heads": 2, "hidden": 16} | more)
    for weight in net.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.5)
    return net.eval()


RANGES = [(0, 3), (3, 7), (7, 9)]
COMPLETE = np.array(list(itertools.product(range(3), range(3, 7), range(7, 9))))
ONE_CHOICE = COMPLETE[:, 0] == 1
CHOICES = np.where(ONE_CHOICE, 1, 2)
HISTORY = torch.tensor([[[END] * 3, [0, 4, 8]], [[1, 3, END], [2, 6, 7]], [[END] * 3, [END] * 3]])


def test_the_probabilities_of_a_complete_trie_sum_to_one():
    net = network(RANGES, dropout=0.3)
    items = np.flatnonzero(~ONE_CHOICE | (COMPLETE[:, 2] == 7))  # one item under half the codes
    tokens, choices = COMPLETE[items], CHOICES[items]
    with torch.no_grad():
        scores = score_trie(net, net.encode(HISTORY), build_trie(tokens, choices))
        naive = net.log_likelihood(
            HISTORY,
            torch.from_numpy(tokens).expand(3, -1, -1),
            torch.from_numpy(choices).expand(3, -1),
        )
        codes = np.where(np.arange(3) < 2, tokens, END)  # without the last token
        alone = score_trie(net, net.encode(HISTORY), build_trie(codes, choices))
    assert torch.allclose(scores, naive, atol=1e-5)
    assert torch.allclose(scores.exp().sum(dim=1), torch.ones(3), atol=1e-5)
    only = torch.from_numpy(ONE_CHOICE[items])
    assert torch.allclose(scores[:, only], alone[:, only], atol=1e-6)
    assert (scores[:, ~only] < alone[:, ~only]).all()
    assert (scores[0] - scores[2]).abs().max() > 1e-3  # an empty history is another one


def test_a_history_is_read_the_same_next_to_longer_ones():
    net = network(RANGES, dropout=0.0)
    trie = build_trie(COMPLETE, np.full(24, 2))
    with torch.no_grad():
        padded = score_trie(net, net.encode(HISTORY), trie)
        alone = score_trie(net, net.encode(HISTORY[:1, 1:]), trie)
        empty = score_trie(net, net.encode(HISTORY[2:, :0]), trie)
    assert torch.allclose(padded[:1], alone, atol=1e-5)
    assert torch.allclose(padded[2:], empty, atol=1e-5)


def test_logits_in_small_pieces_are_the_same(monkeypatch):
    net, trie = network(RANGES, dropout=0.0), build_trie(COMPLETE, np.full(24, 2))
    with torch.no_grad():
        whole = score_trie(net, net.encode(HISTORY), trie)
        monkeypatch.setattr("coldbench.methods.language.semantic_ids.scoring._LOGITS", 20)
        pieces = score_trie(net, net.encode(HISTORY), trie)
    assert torch.allclose(whole, pieces, atol=1e-6)


def test_chance_is_the_loss_of_a_network_that_tells_nothing_apart():
    net = network(RANGES, dropout=0.0)
    torch.nn.init.zeros_(net.out.weight)
    torch.nn.init.zeros_(net.out.bias)
    targets = torch.tensor([[[0, 3, 7], [1, 4, END]], [[2, 6, 7], [END] * 3], [[0, 3, 8]] * 2])
    choices = torch.tensor([[2, 1], [1, 1], [2, 2]])
    batch = {"history": HISTORY, "targets": targets, "choices": choices}
    expected = (5 * np.log(3 * 4) + 3 * np.log(2)) / 5
    assert chance_loss(batch, RANGES) == pytest.approx(expected, rel=1e-5)
    assert float(net.loss(batch).detach()) == pytest.approx(expected, rel=1e-5)


# Users


def test_a_new_user_is_joined_by_an_empty_history(world, settings):
    users, items = world.query.users, world.query.items
    fitted = fit(world.train, settings, max_steps=20, prior_weight=0.0)
    strangers = replace(users, known=np.full(len(users), -1, dtype=np.int32))
    empty = replace(strangers, history=csr_matrix(users.history.shape, dtype=np.float32))
    alone, nothing = (fitted.score(Query(who, items)) for who in (strangers, empty))
    np.testing.assert_allclose(alone, fitted.score(world.query), atol=1e-5)
    assert np.ptp(nothing, axis=0).max() < 1e-5
    fitted.prior_choice_["prior_weight"] = 3.0
    shots = np.diff(users.history.indptr)[:, None]
    expected = (shots * alone + 3.0 * nothing) / (shots + 3.0)
    np.testing.assert_allclose(fitted.score(Query(strangers, items)), expected, atol=1e-5)
    np.testing.assert_allclose(fitted.score(world.query), alone, atol=1e-5)


def test_histories_are_divided_and_what_follows_is_to_be_generated():
    rng = np.random.default_rng(0)
    matrix = csr_matrix((rng.random((9, 30)) < 0.4).astype(np.float32))
    ranks = np.concatenate([np.arange(n) for n in np.diff(matrix.indptr)])
    tokens = np.arange(30)[:, None]
    batches = CodeBatches(matrix, ranks, tokens, np.full(30, 30), 6, 0.0, 2, 4, seed=3)
    empty = 0
    for batch in batches(0):
        for before, after in zip(batch["history"][..., 0], batch["targets"][..., 0], strict=True):
            line = [int(at) for at in (*before, *after) if at != END]
            assert line == sorted(set(line)) and 1 <= int((after != END).sum()) <= 2
            assert any(matrix[user, line].nnz == len(line) for user in range(9))
            shown = before[before != END]
            assert before[len(before) - len(shown) :].tolist() == shown.tolist()
            empty += len(shown) == 0
    assert empty > 0
    one, same, other = (next(iter(batches(epoch)))["targets"].tolist() for epoch in (0, 0, 1))
    assert one == same != other


# The method


@pytest.mark.parametrize("identifier", list(Identifier))
def test_it_reports_its_identifiers_and_survives_saving(world, settings, identifier, tmp_path):
    fitted = fit(world.train, settings, max_steps=40, identifier=identifier)
    facts = fitted.report()
    assert facts["identifiers"]["kind"] == identifier.value
    assert facts["identifiers"]["cold"]["items"] == 32
    assert facts["training"]["adequacy"]["steps"] == 40
    fitted.save(tmp_path / "state.npz")
    again = SemanticIds(**settings | QUICK | {"identifier": identifier})
    again.load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), fitted.score(world.query))
    assert again.report() == facts


def test_a_killed_training_goes_on_to_the_last_bit(world, settings, tmp_path):
    short = {"max_steps": 40, "validate_every_steps": 8}
    whole = fit(world.train, settings, **short)
    with pytest.raises(Killed):
        fit(dying(world.train, tmp_path / "run", 3), settings, **short)
    resumed = fit(dying(world.train, tmp_path / "run", 99), settings, **short)
    assert resumed.log_["losses"] == whole.log_["losses"]
    assert np.array_equal(resumed.score(world.query), whole.score(world.query))


def test_the_width_is_divided_among_the_heads(world, settings):
    with pytest.raises(ColdbenchError, match="width = 32 cannot be divided among heads = 3"):
        fit(world.train, settings, heads=3)
