import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError, NotFittedError
from coldbench.methods.graph.graph_knn import GraphKNN, NodeWeighting

PLAIN = NodeWeighting.NONE
# papers 0 to 5; 0 cites 2 and 3, 1 cites 2 and 3, 4 cites 0 and 5
CITATIONS = ([0, 0, 1, 1, 4, 4], [0] * 6, [2, 3, 2, 3, 0, 5], 6)


def looped(graph, n_items, links, history, k, weighted):
    """Return the scores of cold candidates with ``links`` by sets and plain loops."""
    heads, _, tails, n_nodes = graph
    around = [{item} for item in range(n_items)]
    for head, tail in zip(heads, tails, strict=True):
        if head < n_items:
            around[head].add(tail)
        if tail < n_items:
            around[tail].add(head)
    weight = np.ones(n_nodes)
    if weighted:
        df = np.array([sum(node in one for one in around) for node in range(n_nodes)])
        weight = np.log((1 + n_items) / (1 + df)) + 1

    def length(nodes):
        return np.sqrt(sum(weight[node] ** 2 for node in nodes))

    scores = np.zeros((len(history), len(links)))
    for user, row in enumerate(history):
        for candidate, linked in enumerate(map(set, links)):
            found = [0.0]
            for item in np.flatnonzero(row):
                shared = sum(weight[node] ** 2 for node in linked & around[item])
                if shared:
                    found.append(shared / length(linked) / length(around[item]))
            scores[user, candidate] = sum(sorted(found)[::-1][:k])
    return scores


def cold(world, links, n_users):
    rows = np.repeat(np.arange(len(links)), [len(one) for one in links])
    nodes = np.concatenate([np.array(one, dtype=int) for one in links])
    known = [-1] * len(links)
    return world.items(known, np.zeros((len(links), n_users)), links=(rows, rows * 0, nodes))


@pytest.mark.parametrize("weighting", list(NodeWeighting))
@pytest.mark.parametrize("k", [1, 2, 50])
def test_equals_plain_loops(world, weighting, k):
    rng = np.random.default_rng(0)
    history = (rng.random((9, 12)) < 0.3).astype(int)
    history[3] = 0
    # of 20 nodes 12 are items; edges between items, between both, and between entities
    graph = (rng.integers(0, 20, 40), rng.integers(0, 3, 40), rng.integers(0, 20, 40), 20)
    links = [[int(node) for node in rng.integers(0, 20, size)] for size in (1, 3, 6, 0, 2, 9)]
    train = world.train(history, graph=graph)
    method = GraphKNN(prior_weight=0, neighbours=k, weighting=weighting).fit(train)
    scores = method.score(world.query(train.users, cold(world, links, 9)))
    expected = looped(graph, 12, links, history, k, weighting is NodeWeighting.TFIDF)
    assert scores.dtype == np.float32
    assert (expected > 0).mean() > 0.3
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    assert (scores[3] == 0).all()
    assert (scores[:, 3] == 0).all()


def test_citation_coupling_and_co_citation_by_hand(world):
    """One user who likes paper 0, whose neighbourhood is 0, 2, 3 and 4."""
    train = world.train([[1, 0, 0, 0, 0, 0]], graph=CITATIONS)
    method = GraphKNN(prior_weight=0, weighting=PLAIN).fit(train)
    links = [
        [0],  # cites what the user likes
        [2, 3],  # cites what it cites
        [4],  # is cited by what cites it
        [0, 2, 3],  # cites it and what it cites
        [2, 1],  # shares one reference of two
        [5],  # shares nothing
    ]
    scores = method.score(world.query(train.users, cold(world, links, 1)))
    expected = [1 / 2, 2 / np.sqrt(8), 1 / 2, 3 / np.sqrt(12), 1 / np.sqrt(8), 0]
    np.testing.assert_allclose(scores, [expected], rtol=1e-6)
    order = np.argsort(-scores[0], kind="stable")
    np.testing.assert_array_equal(order, [3, 1, 0, 2, 4, 5])


def test_warm_items_keep_their_own_node_whatever_their_links(world):
    train = world.train([[1, 0, 0, 0, 0, 0]], graph=CITATIONS)
    items = world.items([5, 1, 0, -1], np.zeros((4, 1)), links=([3, 0], [0, 0], [0, 0]))
    scores = (
        GraphKNN(prior_weight=0, weighting=PLAIN).fit(train).score(world.query(train.users, items))
    )
    # 5 = {5, 4} is co-cited, 1 = {1, 2, 3} is coupled
    np.testing.assert_allclose(scores, [[1 / np.sqrt(8), 2 / np.sqrt(12), 1, 1 / 2]], rtol=1e-6)


def test_relations_directions_and_repeated_edges_do_not_count(world):
    heads, _, tails, n_nodes = CITATIONS
    other = (tails * 2, [1, 0, 2, 0, 1, 0] * 2, heads * 2, n_nodes)
    pairs = np.eye(6, dtype=int)
    links = [[0, 2], [4, 4, 4]]
    scores = []
    for graph in (CITATIONS, other):
        train = world.train(pairs, graph=graph)
        candidates = cold(world, links, 6)
        scores.append(
            GraphKNN(prior_weight=0).fit(train).score(world.query(train.users, candidates))
        )
    np.testing.assert_array_equal(*scores)
    once = cold(world, [[0, 2], [4]], 6)
    again = GraphKNN(prior_weight=0).fit(train).score(world.query(train.users, once))
    np.testing.assert_array_equal(again, scores[0])


def test_a_rare_node_counts_more_than_a_common_one(world):
    """Items 0 to 3 have node 4, item 0 alone has node 5 and item 1 alone node 6."""
    graph = ([0, 1, 2, 3, 0, 1], [0] * 6, [4, 4, 4, 4, 5, 6], 7)
    train = world.train([[1, 0, 0, 0]], graph=graph)
    query = world.query(train.users, cold(world, [[4], [5]], 1))
    common, rare = GraphKNN(prior_weight=0).fit(train).score(query)[0]
    idf = np.log(5 / np.array([2, 5, 2])) + 1  # node 0, 4, 5
    np.testing.assert_allclose([common, rare], idf[1:] / np.linalg.norm(idf), rtol=1e-6)
    assert rare > common
    plain = GraphKNN(prior_weight=0, weighting=PLAIN).fit(train).score(query)[0]
    np.testing.assert_allclose(plain, 1 / np.sqrt(3), rtol=1e-6)


def test_one_candidate_alone_scores_the_same(world):
    train = world.train(np.eye(6, dtype=int), graph=CITATIONS)
    items = cold(world, [[0, 2], [3, 1, 5], []], 6)
    method = GraphKNN(prior_weight=0).fit(train)
    whole = method.score(world.query(train.users, items))
    for at in range(3):
        alone = method.score(world.query(train.users, items.take(slice(at, at + 1))))
        np.testing.assert_array_equal(alone, whole[:, at : at + 1])


def test_survives_saving_and_empty_queries(world, tmp_path):
    train = world.train(np.eye(6, dtype=int), graph=CITATIONS)
    items = cold(world, [[0, 2], [3]], 6)
    method = GraphKNN(prior_weight=0, neighbours=2).fit(train)
    scores = method.score(world.query(train.users, items))
    method.save(tmp_path / "state.npz")
    again = GraphKNN(prior_weight=0, neighbours=2).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query(train.users, items)), scores)
    none = items.take(slice(0, 0))
    assert method.score(world.query(train.users, none)).shape == (6, 0)
    assert method.score(world.query(train.users.take(slice(0, 0)), items)).shape == (0, 2)
    unlinked = world.items([-1], np.zeros((1, 6)))
    assert (method.score(world.query(train.users, unlinked)) == 0).all()
    with pytest.raises(NotFittedError):
        GraphKNN(prior_weight=0).score(world.query(train.users, items))


def test_without_a_graph_it_refuses(world):
    with pytest.raises(NotApplicableError, match="needs a knowledge graph"):
        GraphKNN(prior_weight=0).fit(world.train(np.eye(3)))
