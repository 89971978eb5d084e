from dataclasses import replace

import numpy as np
import pytest
import torch
from coldbench.datasets.world import Query
from coldbench.methods.graph.cfkg.batches import TripleBatches
from coldbench.methods.graph.cfkg.method import CFKG, RankingLoss
from coldbench.methods.graph.graph_links import keep_shared_links, link_both_ways
from coldbench.methods.graph.interaction_batches import InteractionBatches
from coldbench.methods.training.weights import to_arrays

from .planted import PlantedGraphSuite

METHOD, SETTINGS = CFKG, {"epochs": 12, "learning_rate": 0.01}


class TestPlanted(PlantedGraphSuite):
    falls_to = 0.5
    variants = tuple({"dim": 8, "ranking": ranking} for ranking in RankingLoss)


COLD = "new_item/cold/k=0"


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
    mean = arrays["users.weight"].mean(axis=0)
    seen = [mean] * 5 + [arrays["nodes.weight"][item] - arrays["likes"] for item in history]
    return np.mean(seen, axis=0)  # the mean user counts as five items


def test_scores_are_the_definition_one_by_one(method, split):
    query = split.test["new_user_new_item/cold/k=5"].query
    users, items = query.users.take(slice(0, 6)), query.items.take(slice(0, 8))
    bare = replace(users, history=users.history.multiply(0).tocsr())
    bare.history.eliminate_zeros()
    net = method.for_group("both").net_
    for asking in (users, bare):
        found = method.score(Query(asking, items))
        for u in range(6):
            aim = told_user(net, asking.history[u].indices) + to_arrays(net)["likes"]
            for i in range(8):
                gap = aim - told_item(net, items.links, i)
                assert found[u, i] == pytest.approx(-float(gap @ gap), rel=1e-4, abs=1e-4)


def test_warm_rows_are_their_own(method, split):
    query = split.test["warm/warm/k=0"].query
    users, items = query.users.take(slice(3, 9)), query.items.take(slice(2, 7))
    arrays = to_arrays(method.for_group("warm").net_)
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


def test_a_graph_without_triples_leaves_the_likes(split):
    empty = split.train.graph.take(np.zeros(len(split.train.graph.heads), dtype=bool))
    method = CFKG(epochs=2).fit(replace(split.train, graph=empty))
    losses = method.report()["training"]["losses"]
    assert losses[1] < losses[0]


def test_weighted_norms_stay_short(split):
    def length(l2):
        net = CFKG(epochs=3, l2=l2, learning_rate=0.01).fit(split.train).net_
        return sum(float((array**2).sum()) for array in to_arrays(net).values())

    assert length(0.1) < 0.8 * length(0.0)
