from dataclasses import replace

import numpy as np
import pytest
import torch
from coldbench.benchmarks.evaluation.validation import Validation
from coldbench.benchmarks.evaluation.validation import split as make_split
from coldbench.datasets.errors import NotApplicableError, NotFittedError
from coldbench.datasets.graph import Links
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Query
from coldbench.methods.graph.cfkg.batches import TripleBatches
from coldbench.methods.graph.cfkg.method import CFKG, RankingLoss
from coldbench.methods.graph.graph_links import keep_shared_links, link_both_ways
from coldbench.methods.graph.interaction_batches import InteractionBatches
from coldbench.methods.training.weights import to_arrays

COLD = "new_item/cold/k=0"


@pytest.fixture(scope="module")
def split():
    return make_split(Planted().load(), Grid(), 0)


@pytest.fixture(scope="module")
def method(split):
    return CFKG(epochs=12, learning_rate=0.01).fit(split.train)


def ndcg(method, split, task):
    return Validation({task: split.test[task]}, 0)(method)


def chance(split, task):
    rng = np.random.default_rng(0)
    lots = [
        Validation({task: split.test[task]}, 0)(
            lambda q: rng.random((len(q.users), len(q.items)), dtype=np.float32)
        )
        for _ in range(5)
    ]
    return float(np.mean(lots))


def told_item(net, links, row):
    """Return a cold item's vector by the definition, one edge at a time."""
    arrays, n_relations = to_arrays(net), net.sizes[3]
    nodes, relations = arrays["nodes.weight"], arrays["relations.weight"]
    seen = [
        nodes[node] - relations[r] if r < n_relations else nodes[node] + relations[r - n_relations]
        for r, node in zip(
            links.relations[links.rows == row], links.nodes[links.rows == row], strict=True
        )
    ]
    return np.mean(seen, axis=0) if seen else nodes[: net.n_items].mean(axis=0)


def told_user(net, history):
    arrays = to_arrays(net)
    if not len(history):
        return arrays["users.weight"].mean(axis=0)
    return (arrays["nodes.weight"][history] - arrays["likes"]).mean(axis=0)


def test_scores_are_the_definition_one_by_one(method, split):
    query = split.test["new_user_new_item/cold/k=5"].query
    users, items = query.users.take(slice(0, 6)), query.items.take(slice(0, 8))
    bare = replace(users, history=users.history.multiply(0).tocsr())
    bare.history.eliminate_zeros()
    for asking in (users, bare):
        found = method.score(Query(asking, items))
        for u in range(6):
            aim = (
                told_user(method.net_, asking.history[u].indices) + to_arrays(method.net_)["likes"]
            )
            for i in range(8):
                gap = aim - told_item(method.net_, items.links, i)
                assert found[u, i] == pytest.approx(-float(gap @ gap), rel=1e-4, abs=1e-4)


def test_warm_rows_are_their_own(method, split):
    query = split.test["warm/warm/k=0"].query
    users, items = query.users.take(slice(3, 9)), query.items.take(slice(2, 7))
    arrays = to_arrays(method.net_)
    aims = arrays["users.weight"][users.known] + arrays["likes"]
    gaps = aims[:, None] - arrays["nodes.weight"][items.known][None]
    assert np.allclose(method.score(Query(users, items)), -(gaps**2).sum(2), rtol=1e-4, atol=1e-4)


def test_training_hides_rows_as_a_query_does(split):
    graph = split.train.graph
    method = CFKG(epochs=1).fit(split.train)
    net, shared = method.net_, keep_shared_links(link_both_ways(graph), graph.n_nodes)
    batch = next(InteractionBatches(split.train.interactions, 0.5, 3, 200, 1)(0))
    with torch.no_grad():
        vectors = net.batch_items(
            batch.items.flatten(), batch.with_item_embedding.flatten()
        ).numpy()
        users = net.batch_users(batch).numpy()
    rows = to_arrays(net)["nodes.weight"]
    for at, (item, own) in enumerate(
        zip(
            batch.items.flatten().tolist(),
            batch.with_item_embedding.flatten().tolist(),
            strict=True,
        )
    ):
        expected = rows[item] if own else told_item(net, shared, item)
        assert np.allclose(vectors[at], expected, atol=1e-5)
    for at in range(len(users)):
        bag = int(batch.history[at])
        shown = batch.entries[batch.offsets[bag] : batch.offsets[bag + 1]].numpy()
        others = shown[shown != int(batch.items[at, 0])]
        own = to_arrays(net)["users.weight"][int(batch.users[at])]
        expected = own if batch.with_embedding[at] else told_user(net, others)
        assert np.allclose(users[at], expected, atol=1e-5)


def test_batches_go_through_likes_and_graph(split):
    graph, train = split.train.graph, split.train.interactions
    links = link_both_ways(graph)
    batches = TripleBatches(InteractionBatches(train, 0.5, 3, 100, 0), links, graph.n_nodes)
    true = set(zip(links.rows, links.relations, links.nodes, strict=True))
    seen = []
    for batch in batches(0):
        assert len(batch.starts) == len(batch.pairs.users)
        triples = zip(
            *(p.tolist() for p in (batch.starts, batch.relations, batch.ends)), strict=True
        )
        seen += triples
        assert int(batch.wrong.max()) < graph.n_nodes
    assert set(seen) <= true
    if len(seen) >= len(links.rows):
        assert set(seen) == true


def test_loss_of_one_batch_is_the_papers(split):
    method = CFKG(epochs=1, l2=0.0, margin=0.7, dropout=0.0).fit(split.train)
    net, graph = method.net_, split.train.graph
    pairs = InteractionBatches(split.train.interactions, 0.0, 3, 100, 0)
    batch = next(TripleBatches(pairs, link_both_ways(graph), graph.n_nodes)(0))
    arrays = to_arrays(net)
    rows, likes = arrays["nodes.weight"], arrays["likes"]
    steps = np.concatenate((arrays["relations.weight"], -arrays["relations.weight"]))

    def hinge(aims, right, wrong):
        near, far = ((aims - rows[at]) ** 2 for at in (right, wrong))
        return np.maximum(0, 0.7 + near.sum(1) - far.sum(1)).mean()

    users = arrays["users.weight"][batch.pairs.users] + likes
    expected = hinge(users, *batch.pairs.items.T.numpy())
    expected += hinge(rows[batch.starts] + steps[batch.relations], batch.ends, batch.wrong)
    assert float(net.loss(batch).detach()) == pytest.approx(float(expected), rel=1e-4)


def test_loss_falls(method):
    losses = method.report()["training"]["losses"]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("task", [COLD, "new_user_new_item/cold/k=5"])
def test_ranks_cold_items_of_the_planted_world(method, split, task):
    assert ndcg(method, split, task) > 1.5 * chance(split, task)


def test_support_is_used(method, split):
    assert ndcg(method, split, "new_user/warm/k=10") > 2 * chance(split, "new_user/warm/k=10")


def test_permuted_links_bring_chance(method, split):
    query, honest = split.test[COLD].query, ndcg(method, split, COLD)
    to = np.random.default_rng(0).permutation(len(query.items)).astype(np.int32)
    links = query.items.links
    items = replace(query.items, links=Links(to[links.rows], links.relations, links.nodes))
    lot = replace(split.test[COLD], query=replace(query, items=items))
    level = chance(split, COLD)
    assert abs(Validation({COLD: lot}, 0)(method) - level) < 0.35 * (honest - level)


def test_blocks_and_order_do_not_matter(method, split):
    query = split.test["new_item/all/k=0"].query
    whole = method.score(query)
    back = slice(None, None, -1)
    turned = method.score(Query(query.users.take(back), query.items.take(back)))
    assert np.allclose(whole, turned[::-1, ::-1], rtol=1e-5, atol=1e-5)
    one = method.score_block(query.users.take(np.array([5])), method.encode_items(query.items))
    assert np.allclose(whole[5:6], one, rtol=1e-5, atol=1e-5)
    assert whole.dtype == np.float32


def test_items_without_links_and_empty_queries_are_answered(method, split):
    query = split.test[COLD].query
    bare = method.score(Query(query.users, replace(query.items, links=None)))
    assert np.isfinite(bare).all() and np.allclose(bare, bare[:, :1])
    nobody = Query(query.users.take(slice(0, 0)), query.items)
    nothing = Query(query.users, query.items.take(slice(0, 0)))
    assert method.score(nobody).shape == (0, len(query.items))
    assert method.score(nothing).shape == (len(query.users), 0)


def test_same_seed_same_scores(split):
    query = split.test[COLD].query
    first, second = (CFKG(epochs=2).fit(split.train).score(query) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("ranking", list(RankingLoss))
def test_save_and_load_keep_the_scores(split, tmp_path, ranking):
    method = CFKG(epochs=1, dim=8, ranking=ranking).fit(split.train)
    query = split.test["new_user_new_item/cold/k=1"].query
    method.save(tmp_path / "state.npz")
    again = CFKG(dim=8).load(tmp_path / "state.npz")
    assert np.array_equal(method.score(query), again.score(query))
    assert again.parameter_counts() == method.parameter_counts()


def test_says_what_is_missing(world, split):
    with pytest.raises(NotFittedError):
        CFKG().score(split.test["warm/warm/k=0"].query)
    with pytest.raises(NotApplicableError, match="needs a knowledge graph"):
        CFKG().fit(world.train([[1, 0], [0, 1]]))


def test_a_graph_without_triples_leaves_the_likes(split):
    empty = split.train.graph.take(np.zeros(len(split.train.graph.heads), dtype=bool))
    method = CFKG(epochs=2).fit(replace(split.train, graph=empty))
    losses = method.report()["training"]["losses"]
    assert losses[1] < losses[0]
