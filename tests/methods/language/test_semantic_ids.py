import itertools
from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.training import CheckpointFolder, TrainerSettings
from coldbench.datasets.world import Query
from scipy.sparse import csr_matrix

torch = pytest.importorskip("torch")

from coldbench.methods.language.histories import NOTHING  # noqa: E402
from coldbench.methods.language.semantic_ids.batches import (  # noqa: E402
    CodeBatches,
    spell,
    take_end,
)
from coldbench.methods.language.semantic_ids.identifiers import (  # noqa: E402
    Identifier,
    SemanticNames,
    TextualNames,
)
from coldbench.methods.language.semantic_ids.method import SemanticIds  # noqa: E402
from coldbench.methods.language.semantic_ids.network import CodeNetwork, chance_loss  # noqa: E402
from coldbench.methods.language.semantic_ids.quantiser import fit_codebooks  # noqa: E402
from coldbench.methods.language.semantic_ids.scoring import score_trie, search_beam  # noqa: E402
from coldbench.methods.language.semantic_ids.trie import END, are_alike, build_trie  # noqa: E402

QUICK = {
    "levels": 3,
    "codes": 4,
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


def test_it_learns_what_texts_tell_and_nothing_of_shuffled_ones(make_world, settings):
    told, shuffled = make_world(), make_world(shuffled=True)
    fitted = fit(told.train, settings)
    assert told.precision(fitted) > 0.45
    assert shuffled.precision(fit(shuffled.train, settings)) < 0.35  # chance is 0.25
    warm = Query(told.query.users, told.train.items)
    same_topic = np.arange(60)[:, None] % 4 == np.arange(48)[None] % 4
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


def test_words_are_identifiers_too(world, settings):
    fitted = fit(world.train, settings, identifier=Identifier.TEXTUAL, max_steps=40)
    scores = fitted.score(world.query)
    assert np.isfinite(scores).all() and np.ptp(scores, axis=1).min() > 0
    assert fitted.report()["identifiers"]["kind"] == "textual"


# Scores


def test_scores_are_those_of_teacher_forcing_whoever_else_is_asked_about(world, settings):
    fitted = fit(world.train, settings, max_steps=40)
    users = world.query.users
    for items in (world.query.items, world.train.items):
        tokens = fitted.name_items(items)
        entries = fitted.order_.arrange(users.history, users.known, fitted.length - 1)
        history = spell(fitted.names_.tokens, take_end(entries, (entries != NOTHING).sum(axis=1)))
        targets = np.broadcast_to(tokens, (len(users), *tokens.shape))
        with torch.no_grad():
            naive = fitted.net_.log_likelihood(
                torch.from_numpy(history), torch.from_numpy(targets.copy())
            )
        np.testing.assert_allclose(fitted.score(Query(users, items)), naive.numpy(), atol=1e-5)
    order = np.random.default_rng(0).permutation(len(world.query.items))[:10]
    some = world.query.items.take(order)
    whole = fitted.score(world.query)[:, order]
    np.testing.assert_allclose(fitted.score(Query(users, some)), whole, atol=1e-5)
    one = fitted.score(Query(users.take(np.array([3])), some))
    np.testing.assert_allclose(one, whole[[3]], atol=1e-5)


def network(ranges, **more):
    torch.manual_seed(0)
    net = CodeNetwork(ranges, 4, **{"width": 8, "layers": 2, "heads": 2, "hidden": 16} | more)
    for weight in net.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.5)
    return net.eval()


RANGES = [(0, 3), (3, 7), (7, 9)]
COMPLETE = np.array(list(itertools.product(range(3), range(3, 7), range(7, 9))))
HISTORY = torch.tensor([[[END] * 3, [0, 4, 8]], [[1, 3, END], [2, 6, 7]], [[END] * 3, [END] * 3]])


def test_the_probabilities_of_a_complete_trie_sum_to_one():
    net = network(RANGES, dropout=0.3)
    with torch.no_grad():
        scores = score_trie(net, net.encode(HISTORY), build_trie(COMPLETE))
        naive = net.log_likelihood(HISTORY, torch.from_numpy(COMPLETE).expand(3, -1, -1))
    assert torch.allclose(scores, naive, atol=1e-5)
    assert torch.allclose(scores.exp().sum(dim=1), torch.ones(3), atol=1e-5)
    assert (scores[0] - scores[2]).abs().max() > 1e-3  # an empty history is another one


def test_a_history_is_read_the_same_next_to_longer_ones():
    net = network(RANGES, dropout=0.0)
    trie = build_trie(COMPLETE)
    with torch.no_grad():
        padded = score_trie(net, net.encode(HISTORY), trie)
        alone = score_trie(net, net.encode(HISTORY[:1, 1:]), trie)
        empty = score_trie(net, net.encode(HISTORY[2:, :0]), trie)
    assert torch.allclose(padded[:1], alone, atol=1e-5)
    assert torch.allclose(padded[2:], empty, atol=1e-5)


def test_a_beam_finds_the_best_candidate_and_none_that_is_not_there():
    net = network(RANGES, dropout=0.0)
    some = COMPLETE[np.random.default_rng(1).permutation(len(COMPLETE))[:14]].copy()
    some[:4, 2] = END
    some = some[np.unique(some, axis=0, return_index=True)[1]]
    trie = build_trie(some)
    with torch.no_grad():
        memory = net.encode(HISTORY)
        scores, beams = score_trie(net, memory, trie), search_beam(net, memory, trie, 12)
    names = {tuple(token for token in row if token != END): at for at, row in enumerate(some)}
    for row, beam in zip(scores.numpy(), beams, strict=True):
        assert [names[tokens] for tokens, _ in beam] == np.argsort(-row)[: len(beam)].tolist()
        np.testing.assert_allclose([s for _, s in beam], np.sort(row)[::-1][:12], atol=1e-5)


def test_logits_in_small_pieces_are_the_same(monkeypatch):
    net, trie = network(RANGES, dropout=0.0), build_trie(COMPLETE)
    with torch.no_grad():
        whole = score_trie(net, net.encode(HISTORY), trie)
        monkeypatch.setattr("coldbench.methods.language.semantic_ids.scoring._LOGITS", 20)
        pieces = score_trie(net, net.encode(HISTORY), trie)
    assert torch.allclose(whole, pieces, atol=1e-6)


def test_chance_is_the_loss_of_a_network_that_tells_nothing_apart():
    net = network(RANGES, dropout=0.0)
    torch.nn.init.zeros_(net.out.weight)
    torch.nn.init.zeros_(net.out.bias)
    targets = torch.tensor([[[0, 3, 7], [1, 4, END]], [[2, 6, 8], [END] * 3], [[0, 3, 8]] * 2])
    batch = {"history": HISTORY, "targets": targets}
    expected = (5 * np.log(3 * 4) + 4 * np.log(2)) / 5
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
    batches = CodeBatches(matrix, ranks, tokens, 6, 0.0, 2, 4, seed=3)
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


# Identifiers


def planted(n_items, seed):
    """Return vectors around 16 sums of one of 4 large and one of 4 small directions."""
    rng = np.random.default_rng(seed)
    directions = np.eye(8) * np.array([4.0] * 4 + [1.0] * 4)[:, None]
    large, small = np.arange(n_items) % 4, np.arange(n_items) // 4 % 4
    vectors = directions[large] + directions[4 + small] + 0.01 * rng.normal(size=(n_items, 8))
    return vectors.astype(np.float32), large, small


def test_the_quantiser_finds_planted_clusters_of_vectors_it_has_not_seen():
    vectors, _, _ = planted(120, 0)
    books = fit_codebooks(vectors, 2, 4, seed=0)
    new, large, small = planted(48, 1)
    codes = books.encode(new)
    pairs = {(one, first) for one, first in zip(large, codes[:, 0], strict=True)}
    assert len(pairs) == 4 == len({first for _, first in pairs})
    assert len({(*row, kind) for row, kind in zip(codes.tolist(), small, strict=True)}) == 16
    assert np.abs(books.decode(codes) - new).max() < 0.1
    again = fit_codebooks(vectors, 2, 4, seed=0)
    assert np.array_equal(again.centres, books.centres)


def test_colliding_items_get_a_token_more_and_cold_ones_their_codes_alone():
    vectors, _, _ = planted(32, 0)
    names = SemanticNames.learn(vectors[:17], 2, 4, seed=0)
    tokens = names.tokens
    assert not are_alike(tokens).any() and are_alike(tokens[:, :2]).sum() == 2
    assert tokens[0, :2].tolist() == tokens[16, :2].tolist()
    assert (tokens[0, 2], tokens[16, 2]) == (8, 9) and (tokens[1:16, 2] == END).all()
    assert names.ranges == [(0, 4), (4, 8), (8, 10)]
    cold = names.name([""] * 15, vectors[17:])
    assert (cold[:, 2] == END).all() and np.array_equal(cold[:, :2], tokens[1:16, :2])
    facts = names.describe()
    assert facts["codebook_use"] == [1.0, 1.0]
    assert facts["collisions"] == round(2 / 17, 4)
    new = names.describe_new(cold)
    assert (new["items"], new["collisions"]) == (15, 0.0)
    assert new["collisions_with_training_items"] == 1.0


def test_words_of_a_title_end_and_may_be_unknown():
    names = TextualNames.learn(["Red sea", "red WAR of it"], 3)
    assert names.words == ["of", "red", "sea", "war"]
    assert names.tokens.tolist() == [[3, 4, 0], [3, 5, 2]]
    none = np.zeros((2, 0), dtype=np.float32)
    assert names.name(["blue sea", ""], none).tolist() == [[1, 4, 0], [0, END, END]]


def test_a_trie_has_each_beginning_once():
    trie = build_trie(np.array([[5, 1], [5, 2], [4, END], [5, 1], [END, END]]))
    first, second = trie.levels
    assert first.tokens.tolist() == [4, 5] and first.going_on.tolist() == [1]
    assert second.tokens.tolist() == [1, 2] and second.parents.tolist() == [0, 0]
    assert trie.last_level.tolist() == [1, 1, 0, 1, -1]
    assert trie.last_node.tolist() == [0, 1, 0, 0, END]


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


class Killed(Exception):
    pass


def dying(train, folder, after):
    """Return the world with checkpoints and a validation that dies when it was asked so often."""
    asked = itertools.count()

    def validate(method):
        if next(asked) == after:
            raise Killed
        return train.validate(method)

    settings = TrainerSettings({}, {}, {}, CheckpointFolder(folder))
    return replace(train, trainer=settings, validate=validate)


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
