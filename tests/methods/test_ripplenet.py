from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import NotApplicableError
from coldbench.datasets.world import Query
from coldbench.methods.graph.graph_links import keep_shared_links, link_both_ways
from coldbench.methods.graph.ripplenet import ripple_sets as _ripple_sets
from coldbench.methods.graph.ripplenet import scores as _ripplenet_scores
from coldbench.methods.graph.ripplenet.batches import ClickBatches
from coldbench.methods.graph.ripplenet.method import RippleNet
from coldbench.methods.graph.ripplenet.ripple_sets import build_ripple_sampler
from coldbench.methods.training.weights import to_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from .planted import PlantedGraphSuite

METHOD, SETTINGS = RippleNet, {"epochs": 8}


class TestPlanted(PlantedGraphSuite):
    variants = ({"dim": 8},)


COLD = "new_item/cold/k=0"


def told(net, links, row):
    """Return a cold item's vector by the definition, one edge at a time."""
    arrays = to_arrays(net)
    mine = links.rows == row
    seen = [
        arrays["relations"][r] @ arrays["nodes.weight"][node]
        for r, node in zip(links.relations[mine], links.nodes[mine], strict=True)
    ]
    return np.mean(seen, axis=0) if seen else np.zeros(arrays["nodes.weight"].shape[1])


def paper_score(net, graph, sets, item, without=-1):
    """Return one user's score of one item by the paper's equations, triple by triple."""
    arrays = to_arrays(net)
    rows, total = arrays["nodes.weight"], 0
    for hop in sets:
        triples = [t for t in hop if t >= 0 and graph.heads[t] != without]
        answer = np.zeros_like(item)
        if triples:
            interest = np.exp(
                [
                    float(item @ arrays["relations"][graph.relations[t]] @ rows[graph.heads[t]])
                    for t in triples
                ]
            )
            answer = interest / interest.sum() @ rows[graph.tails[triples]]
        total = total + answer
        item = arrays["transform.weight"] @ (item + answer)
    return float(item @ total)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_ripple_sets_follow_the_history_and_nothing_else(split, seed, memory):
    graph, rng = split.train.graph, np.random.default_rng(seed)
    drawn = build_ripple_sampler(graph, 2, memory, 0)
    history = split.train.users.history[rng.permutation(240)[:6]]
    sets = drawn.sets(history)
    assert np.array_equal(sets[::-1], drawn.sets(history[::-1]))
    assert np.array_equal(sets[2:3], drawn.sets(history[2:3]))
    for user in range(6):
        front = set(history[user].indices.tolist())
        for hop in range(2):
            chosen = sets[user, hop][sets[user, hop] >= 0]
            reach = np.isin(drawn.heads, list(front)).sum()
            assert len(set(chosen.tolist())) == len(chosen) == min(memory, reach)
            assert set(drawn.heads[chosen].tolist()) <= front
            front = set(drawn.tails[chosen].tolist())


def test_ripple_sets_in_blocks_and_by_seed(split, monkeypatch):
    graph, history = split.train.graph, split.train.users.history
    whole = build_ripple_sampler(graph, 2, 8, 0).sets(history)
    monkeypatch.setattr(_ripple_sets, "_USERS", 7)
    assert np.array_equal(whole, build_ripple_sampler(graph, 2, 8, 0).sets(history))
    assert not np.array_equal(whole, build_ripple_sampler(graph, 2, 8, 1).sets(history))


def test_an_empty_history_has_an_empty_set(split):
    drawn = build_ripple_sampler(split.train.graph, 3, 4, 0)
    sets = drawn.sets(csr_matrix((2, split.train.interactions.n_items), dtype=np.float32))
    assert sets.shape == (2, 3, 4) and (sets == -1).all()


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_block_scores_are_the_papers_one_by_one(split, monkeypatch, hops):
    method = RippleNet(epochs=1, hops=hops, dim=5, memory=6).fit(split.train)
    monkeypatch.setattr(_ripplenet_scores, "_CANDIDATES", 5)
    monkeypatch.setattr(_ripplenet_scores, "_NUMBERS", 100)
    query = split.test["new_item/all/k=0"].query
    users, items = query.users.take(slice(0, 4)), query.items.take(slice(150, None))
    items = items.take(slice(0, 12)) if len(items) > 12 else items
    rows, sets = to_arrays(method.net_)["nodes.weight"], method.ripples_.sets(users.history)
    found = method.score(Query(users, items))
    for at, known in enumerate(items.known):
        own = rows[known] if known >= 0 else told(method.net_, items.links, at)
        expected = [paper_score(method.net_, method.ripples_, s, own) for s in sets]
        assert np.allclose(found[:, at], expected, rtol=1e-4, atol=1e-5)
    assert (items.known < 0).any() and (items.known >= 0).any()


def test_loss_is_the_papers_without_the_chosen_items_edges(split):
    method = RippleNet(epochs=1, dim=4, kge_weight=0.3, l2=0.01).fit(split.train)
    net, graph = method.net_, method.ripples_
    batch = next(ClickBatches(split.train.interactions, len(graph.heads), 0.5, 20, 0)(0))
    arrays, sets = to_arrays(net), graph.sets(split.train.users.history)
    shared = keep_shared_links(link_both_ways(split.train.graph), split.train.graph.n_nodes)
    losses = []
    for at, user in enumerate(batch.users.tolist()):
        chosen = int(batch.items[at, 0])
        for item, own, sign in zip(
            batch.items[at].tolist(), batch.with_embedding[at].tolist(), (1, -1), strict=True
        ):
            vector = arrays["nodes.weight"][item] if own else told(net, shared, item)
            score = paper_score(net, graph, sets[user], vector, without=chosen)
            losses.append(np.log1p(np.exp(-sign * score)))
    plausible = [
        1 / (1 + np.exp(-(rows[h] @ arrays["relations"][r] @ rows[t])))
        for rows in [arrays["nodes.weight"]]
        for h, r, t in zip(
            *(p[batch.triples] for p in (graph.heads, graph.relations, graph.tails)), strict=True
        )
    ]
    expected = np.mean(losses) - 0.3 * np.mean(plausible)  # the norms are the optimiser's
    assert float(net.loss(batch).detach()) == pytest.approx(expected, rel=1e-4)


def test_batches_hold_every_pair_once_with_items_not_chosen(split):
    train, keys = split.train.interactions, []
    for batch in ClickBatches(train, 50, 0.5, 300, 1)(0):
        users = batch.users.numpy().copy()
        chosen, other = batch.items.numpy().copy().T
        keys.append(users * train.n_items + chosen)
        assert not (train.csr.toarray()[users, other]).any()
        assert int(batch.triples.min()) >= 0 and int(batch.triples.max()) < 50
    pairs = train.users.astype(np.int64) * train.n_items + train.items
    assert np.array_equal(np.sort(np.concatenate(keys)), np.sort(pairs))


def test_a_user_without_history_gets_the_mean_answer(split):
    method = RippleNet(epochs=1, everyone=10**6).fit(split.train)
    asked = split.test["new_user/warm/k=0"].query
    assert asked.users.history.nnz == 0
    everybody = method.score(Query(split.train.users, asked.items)).mean(axis=0)
    found = method.score(asked)
    assert np.allclose(found, everybody[None], rtol=1e-4, atol=1e-6)
    assert found.std() > 0


def test_a_graph_without_triples_is_refused(split):
    empty = split.train.graph.take(np.zeros(len(split.train.graph.heads), dtype=bool))
    with pytest.raises(NotApplicableError, match="one without a triple"):
        RippleNet().fit(replace(split.train, graph=empty))


def test_weighted_norms_stay_short(split):
    def length(l2):
        net = RippleNet(epochs=3, l2=l2).fit(split.train).net_
        return sum(float((array**2).sum()) for array in to_arrays(net).values())

    assert length(0.1) < 0.8 * length(0.0)
