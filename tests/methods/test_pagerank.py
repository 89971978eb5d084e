import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError
from coldbench.methods.graph import pagerank
from coldbench.methods.graph.pagerank import PersonalisedPageRank

N_USERS, N_ITEMS, N_NODES = 12, 8, 13  # 5 entities, the last without an edge


def small(world, seed=0):
    """Return the dense pairs, the triples and the training data."""
    rng = np.random.default_rng(seed)
    pairs = (rng.random((N_USERS, N_ITEMS)) < 0.35).astype(int)
    pairs[np.arange(N_USERS), np.arange(N_USERS) % N_ITEMS] = 1
    heads = np.array([0, 1, 2, 3, 4, 5, 0, 6, 8, 1])
    tails = np.array([8, 8, 9, 9, 10, 10, 9, 11, 11, 2])
    triples = (heads, np.arange(10) % 2, tails, N_NODES)
    return pairs, triples, world.train(pairs, graph=triples)


def dense_transitions(pairs, triples, knowledge, appended=None):
    """Return (nodes, nodes) step probabilities in the order items, entities, users, appended.

    ``appended`` is (link nodes, support users) of one more node.
    """
    n_users, n_items = pairs.shape
    nodes = triples[3]
    size = nodes + n_users + (appended is not None)
    knows, visits = np.zeros((size, size)), np.zeros((size, size))
    np.add.at(knows, (triples[0], triples[2]), 1)
    visits[nodes : nodes + n_users, :n_items] = pairs
    if appended is not None:
        np.add.at(knows[-1], appended[0], 1)
        visits[-1, [nodes + user for user in appended[1]]] = 1
    knows, visits = knows + knows.T, visits + visits.T
    both = (knows.sum(axis=1) > 0) & (visits.sum(axis=1) > 0)
    share = np.where(both, knowledge, knows.sum(axis=1) > 0)[:, None]
    parts = [m / np.maximum(m.sum(axis=1, keepdims=True), 1) for m in (knows, visits)]
    return share * parts[0] + (1 - share) * parts[1]


def dense_walk(transitions, restart, damping, steps):
    at = restart.copy()
    for _ in range(steps):
        at = damping * transitions.T @ at + (1 - damping) * restart
    return at


def restarts(histories, size):
    full = np.zeros((len(histories), size))
    full[:, : histories.shape[1]] = histories / histories.sum(axis=1, keepdims=True)
    return full


@pytest.mark.parametrize("knowledge", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kept", [True, False])
def test_equals_a_dense_power_iteration(world, monkeypatch, knowledge, kept):
    if not kept:
        monkeypatch.setattr(pagerank, "_BYTES_KEPT", 0)
    monkeypatch.setattr(pagerank, "_COLUMNS", 3)
    pairs, triples, train = small(world)
    method = PersonalisedPageRank(knowledge=knowledge, steps=6, damping=0.8).fit(train)
    scores = method.score(world.query(train.users, train.items))
    step = dense_transitions(pairs, triples, knowledge)
    expected = [dense_walk(step, row, 0.8, 6)[:N_ITEMS] for row in restarts(pairs, len(step))]
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=2e-5, atol=1e-8)


def test_converges_to_scikit_network(world):
    from scipy.sparse import csr_matrix
    from sknetwork.ranking import PageRank

    pairs, triples, train = small(world)
    method = PersonalisedPageRank(steps=150).fit(train)
    scores = method.score(world.query(train.users, train.items))
    step = dense_transitions(pairs, triples, 0.5)
    step = np.delete(np.delete(step, N_NODES - 1, axis=0), N_NODES - 1, axis=1)  # the lone entity
    library = PageRank(damping_factor=0.85, solver="bicgstab", tol=1e-12)
    for user, history in enumerate(pairs):
        weights = restarts(history[None], len(step))[0]
        expected = library.fit_predict(csr_matrix(step), weights)
        np.testing.assert_allclose(scores[user], expected[:N_ITEMS], rtol=1e-4)


def test_a_user_without_history_gets_plain_pagerank(world):
    pairs, triples, train = small(world)
    method = PersonalisedPageRank(steps=6).fit(train)
    nobody = world.users([-1, -1], np.zeros((2, N_ITEMS)))
    scores = method.score(world.query(nobody, train.items))
    step = dense_transitions(pairs, triples, 0.5)
    expected = dense_walk(step, restarts(np.ones((1, N_ITEMS)), len(step))[0], 0.85, 6)
    np.testing.assert_allclose(scores, [expected[:N_ITEMS]] * 2, rtol=2e-5)


@pytest.mark.parametrize("kept", [True, False])
def test_a_cold_item_is_one_step_from_its_neighbours(world, monkeypatch, kept):
    if not kept:
        monkeypatch.setattr(pagerank, "_BYTES_KEPT", 0)
    pairs, triples, train = small(world)
    method = PersonalisedPageRank(steps=6, knowledge=0.4).fit(train)
    linked = [[8, 8, 2], [], [11], [5]]
    support = [[], [0, 3], [1], []]
    history = np.zeros((5, N_USERS))
    for row, users in enumerate(support):
        history[row, users] = 1
    history[4] = pairs[:, 6]
    rows = np.repeat(np.arange(4), [len(one) for one in linked])
    links = (rows, np.zeros(len(rows)), np.concatenate(linked))
    items = world.items([-1, -1, -1, -1, 6], history, links=links)
    scores = method.score(world.query(train.users, items))
    walks = [
        dense_walk(dense_transitions(pairs, triples, 0.4), row, 0.85, 6)
        for row in restarts(pairs, N_NODES + N_USERS)
    ]
    for candidate in range(4):
        appended = (linked[candidate], support[candidate])
        into = dense_transitions(pairs, triples, 0.4, appended)[:-1, -1]
        expected = 0.85 * np.array(walks) @ into
        np.testing.assert_allclose(scores[:, candidate], expected, rtol=2e-5, atol=1e-8)
    np.testing.assert_allclose(scores[:, 4], [walk[6] for walk in walks], rtol=2e-5)


def test_by_hand(world):
    """One user, two items, one genre of both; a cold item has the genre."""
    train = world.train([[1, 0], [1, 1]], graph=([0, 1], [0, 0], [2, 2], 3))
    method = PersonalisedPageRank(steps=1, damping=0.5, knowledge=0.5).fit(train)
    items = world.items([0, 1, -1], [[1, 1], [0, 1], [0, 0]], links=([2], [0], [2]))
    scores = method.score(world.query(world.users([0], [[1, 0]]), items))
    # one step from item 0: half stays by restart, a quarter at the genre, an eighth at each user;
    # the appended item makes the genre's third neighbour
    np.testing.assert_allclose(scores, [[0.5, 0, 0.5 * 0.25 / 3]], rtol=1e-6)


def test_links_rank_cold_items_and_permuted_links_do_not(world):
    topics = np.arange(48) % 4
    rng = np.random.default_rng(0)
    likes = np.equal.outer(np.arange(40) % 4, topics)
    pairs = (rng.random((40, 48)) < np.where(likes, 0.5, 0.02)).astype(int)
    pairs[np.arange(48) % 40, np.arange(48)] = 1
    train = world.train(pairs, graph=(np.arange(48), [0] * 48, 48 + topics, 52))
    method = PersonalisedPageRank().fit(train)
    cold = np.arange(24) % 4
    wanted = np.equal.outer(np.arange(40) % 4, cold)

    def share_of_wanted_on_top(shown):
        items = world.items(
            [-1] * 24, np.zeros((24, 40)), links=(np.arange(24), [0] * 24, 48 + shown)
        )
        top = np.argsort(-method.score(world.query(train.users, items)), axis=1)[:, :6]
        return np.take_along_axis(wanted, top, axis=1).mean()

    assert share_of_wanted_on_top(cold) > 0.95
    shuffled = [share_of_wanted_on_top(rng.permutation(cold)) for _ in range(20)]
    assert np.mean(shuffled) == pytest.approx(0.25, abs=0.06)


def test_survives_saving_and_empty_queries(world, tmp_path):
    _, _, train = small(world)
    method = PersonalisedPageRank().fit(train)
    items = world.items([-1, 2], np.zeros((2, N_USERS)), links=([0], [0], [9]))
    scores = method.score(world.query(train.users, items))
    method.save(tmp_path / "state.npz")
    again = PersonalisedPageRank().load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query(train.users, items)), scores)
    none = items.take(slice(0, 0))
    assert method.score(world.query(train.users, none)).shape == (N_USERS, 0)
    assert method.score(world.query(train.users.take(slice(0, 0)), items)).shape == (0, 2)


def test_without_a_graph_it_refuses(world):
    with pytest.raises(NotApplicableError, match="needs a graph"):
        PersonalisedPageRank().fit(world.train(np.eye(3)))


@pytest.mark.parametrize("kept", [True, False])
def test_what_would_not_end_is_refused_before_it_begins(world, monkeypatch, kept):
    if not kept:
        monkeypatch.setattr(pagerank, "_BYTES_KEPT", 0)
    _, _, train = small(world)
    walks = N_ITEMS if kept else N_USERS
    edges = 2 * (len(train.interactions) + len(train.graph.heads))
    hours = 5e-10 * 20 * edges * walks / 3600
    PersonalisedPageRank(max_hours=1.01 * hours).fit(train)
    whose = f"{walks} training {'items' if kept else 'users'}"
    monkeypatch.setattr(pagerank, "build_joint_graph", lambda *_: pytest.fail("it began"))
    with pytest.raises(NotApplicableError, match=f"{edges} directed .* each of {whose}.*raise me"):
        PersonalisedPageRank(max_hours=0.99 * hours).fit(train)


def test_walks_in_smaller_blocks_are_the_same(world, monkeypatch):
    monkeypatch.setattr(pagerank, "_BYTES_KEPT", 0)
    _, _, train = small(world)
    query = world.query(train.users, train.items)
    whole = PersonalisedPageRank().fit(train).score(query)
    monkeypatch.setattr(pagerank, "_ENTRIES", 1)
    np.testing.assert_array_equal(PersonalisedPageRank().fit(train).score(query), whole)
