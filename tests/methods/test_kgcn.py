import numpy as np
import pytest
import torch
from coldbench.datasets.graph import Links
from coldbench.methods.graph.graph_links import keep_shared_links, link_both_ways
from coldbench.methods.graph.interaction_batches import (
    InteractionBatch,
    InteractionBatches,
    encode_pairs,
    sample_negatives,
)
from coldbench.methods.graph.kgcn import scores as _kgcn_scores
from coldbench.methods.graph.kgcn.method import KGCN, Aggregator
from coldbench.methods.graph.kgcn.network import KGCNModule
from coldbench.methods.graph.kgcn.scores import KGCNCandidates
from coldbench.methods.graph.receptive_fields import (
    ReceptiveFields,
    choose_receptive_fields,
    find_trained_nodes,
)
from coldbench.methods.training.seeding import seeded
from coldbench.methods.training.weights import to_arrays
from hypothesis import given, settings
from hypothesis import strategies as st

from .planted import PlantedGraphSuite

METHOD, SETTINGS = KGCN, {"epochs": 8, "learning_rate": 0.01}


class TestPlanted(PlantedGraphSuite):
    falls_to = 0.7
    variants = ({"depth": 1, "dim": 8}, {"depth": 2, "dim": 8})


def random_links(rng, n_rows, n_nodes, n_edges, n_relations=4):
    parts = (
        rng.integers(0, high, n_edges).astype(np.int32) for high in (n_rows, n_relations, n_nodes)
    )
    return Links(*parts)


def edges(field, row):
    there = field.present[row]
    return sorted(zip(field.relations[row][there], field.nodes[row][there], strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_a_field_depends_on_the_nodes_own_edges_alone(seed, size):
    rng = np.random.default_rng(seed)
    links = random_links(rng, 6, 20, 40)
    field = choose_receptive_fields(links, 6, size, seed)
    order = rng.permutation(40)
    back = Links(5 - links.rows[order], links.relations[order], links.nodes[order])
    turned = choose_receptive_fields(back, 6, size, seed)
    for row in range(6):
        mine = links.rows == row
        own = sorted(zip(links.relations[mine], links.nodes[mine], strict=True))
        alone = Links(np.zeros(mine.sum(), np.int32), links.relations[mine], links.nodes[mine])
        assert edges(field, row) == edges(turned, 5 - row)
        assert edges(field, row) == edges(choose_receptive_fields(alone, 1, size, seed), 0)
        assert len(edges(field, row)) == min(size, len(own))
        assert len(own) > size or edges(field, row) == own


def test_fields_choose_evenly_and_by_seed():
    rows = np.repeat(np.arange(2000, dtype=np.int32), 6)
    nodes = np.tile(np.arange(6, dtype=np.int32), 2000)
    nodes[5::6] = np.arange(2000) + 6  # an edge of its own tells the rows apart
    links = Links(rows, np.zeros_like(rows), nodes)
    field = choose_receptive_fields(links, 2000, 2, seed=0)
    counts = np.bincount(field.nodes[field.present], minlength=6)[:5]
    assert np.abs(counts - 4000 / 6).max() < 100
    assert not np.array_equal(field.nodes, choose_receptive_fields(links, 2000, 2, seed=1).nodes)


def test_a_training_item_has_one_field_in_training_and_in_a_query(split):
    graph, items = split.train.graph, split.train.items
    trained = choose_receptive_fields(link_both_ways(graph), graph.n_nodes, 3, 7)
    asked = choose_receptive_fields(items.links, len(items), 3, 7)
    assert all(edges(trained, row) == edges(asked, row) for row in range(len(items)))


def test_nodes_that_may_not_be_chosen_change_no_other_choice():
    rng = np.random.default_rng(0)
    links = random_links(rng, 10, 30, 100)
    free = choose_receptive_fields(links, 10, 3, 0)
    chosen = np.isin(np.arange(30), free.nodes[free.present])
    among = choose_receptive_fields(links, 10, 3, 0, chosen)
    assert all(edges(free, row) == edges(among, row) for row in range(10))
    few = choose_receptive_fields(links, 10, 3, 0, np.arange(30) < 5)
    assert few.present.any() and few.nodes[few.present].max() < 5


def test_trained_nodes_are_what_the_items_lead_to():
    links = Links(*(np.array(p, np.int32) for p in ([0, 1, 2, 3], [0] * 4, [2, 3, 4, 5])))
    field = choose_receptive_fields(links, 7, 2, 0)
    assert find_trained_nodes(field, 2, 1).tolist() == [True] * 4 + [False] * 3
    assert find_trained_nodes(field, 2, 2).tolist() == [True] * 6 + [False]


def test_shared_links_leave_out_what_one_node_alone_leads_to():
    links = Links(*(np.array(p, np.int32) for p in ([0, 0, 1, 1, 1], [0] * 5, [5, 6, 6, 7, 7])))
    kept = keep_shared_links(links, 8)
    assert kept.rows.tolist() == [0, 1] and kept.nodes.tolist() == [6, 6]


def test_other_items_are_never_chosen_ones(split):
    matrix, rng = split.train.interactions.csr, np.random.default_rng(0)
    users = rng.integers(0, matrix.shape[0], 20_000)
    items = sample_negatives(users, encode_pairs(matrix), matrix.shape[1], rng)
    assert not np.asarray(matrix[users, items]).any()
    assert items.min() >= 0 and items.max() < matrix.shape[1]


def test_batches_hold_every_pair_once_with_honest_histories(split):
    train = split.train.interactions
    batches = InteractionBatches(train, dropout=0.5, support=3, size=500, seed=1)
    keys = []
    for batch in batches(0):
        users, chosen = batch.users.numpy(), batch.items[:, 0].numpy()
        keys.append(users * train.n_items + chosen)
        for row in range(0, len(users), 50):
            at = int(batch.history[row])
            shown = batch.entries[batch.offsets[at] : batch.offsets[at + 1]].numpy()
            liked = train.csr[users[row]].indices
            assert set(shown) <= set(liked)
            assert len(shown) == len(liked) if batch.with_embedding[row] else len(shown) <= 3
            assert bool(batch.shown[row]) == (chosen[row] in shown)
    assert np.array_equal(np.sort(np.concatenate(keys)), encode_pairs(train.csr))
    assert 0.4 < float(batch.with_embedding.float().mean()) < 0.6


def dense_scores(net, users, own, fields, node_fields):
    """Return (users, items) by the paper's equations, one pair and one neighbour at a time."""
    arrays = to_arrays(net)
    rows, relations = arrays["nodes.weight"], arrays["relations.weight"]

    def vector(user, self_vector, field, depth):
        if depth == 0:
            return self_vector
        layer = net.layers[depth - 1]
        near = [
            (relation, vector(user, rows[node], (node_fields, node), depth - 1))
            for relation, node in edges(*field)
        ]
        before = vector(user, self_vector, field, depth - 1)
        interest = np.exp([float(user @ relations[r]) for r, _ in near])
        mean = sum(
            (w * v for w, (_, v) in zip(interest / interest.sum(), near, strict=True)), 0 * before
        )
        joined = {
            "sum": lambda: before + mean,
            "concat": lambda: np.concatenate((before, mean)),
            "neighbor": lambda: mean,
        }[layer.aggregator]()
        name = f"layers.{depth - 1}.linear"
        total = arrays[f"{name}.weight"] @ joined + arrays[f"{name}.bias"]
        return np.tanh(total) if layer.last else np.maximum(total, 0)

    depth = len(net.layers)
    return np.array(
        [[u @ vector(u, v, (fields, row), depth) for row, v in enumerate(own)] for u in users]
    )


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("aggregator", list(Aggregator))
def test_block_and_pair_scores_equal_the_paper_one_by_one(monkeypatch, depth, aggregator):
    monkeypatch.setattr(_kgcn_scores, "_CANDIDATES", 3)
    monkeypatch.setattr(_kgcn_scores, "_NUMBERS", 100)
    rng = np.random.default_rng(depth)
    node_fields = choose_receptive_fields(random_links(rng, 14, 14, 30), 14, 3, 0)
    with seeded(0), torch.no_grad():
        net = KGCNModule((4, 14, 4), 5, depth, aggregator.value, 5.0)
        for weights in net.parameters():
            weights.copy_(torch.randn(weights.shape))
        known = np.array([0, 1, 2, 3, -1, -1, 6])
        links = random_links(rng, 7, 14, 12)
        fields = choose_receptive_fields(links, 7, 3, 0)
        own = net.nodes.weight.numpy()[known] * (known >= 0)[:, None]
        users = torch.randn(6, 5)
        expected = dense_scores(net, users.numpy(), own, fields, node_fields)
        blocks = KGCNCandidates(net, known, fields, node_fields).scores(users).numpy()
        assert np.allclose(blocks, expected, rtol=1e-4, atol=1e-5)
        nothing = ReceptiveFields(*(np.zeros_like(part) for part in vars(node_fields).values()))
        net.set_fields(node_fields, nothing, 0.0)
        vectors = net.nodes.weight[:4].detach()
        pairs = net.pair_scores(users[:4], vectors, 2 * torch.arange(4)).numpy()
    expected = dense_scores(net, users[:4].numpy(), vectors.numpy(), node_fields, node_fields)
    assert np.allclose(pairs, np.diag(expected), rtol=1e-4, atol=1e-5)


def test_the_chosen_item_does_not_tell_on_itself():
    with seeded(0), torch.no_grad():
        net = KGCNModule((2, 6, 2), 4, 1, "sum", 5.0)
        batch = InteractionBatch(
            *map(torch.tensor, ([1, 1, 0], [True, False, False], [0, 2, 3, 2], [0, 3, 4])),
            *map(torch.tensor, ([0, 0, 1], [True, False, True])),
            *map(torch.tensor, ([[2, 5], [1, 5], [2, 5]], [[True, True]] * 3)),
        )
        rows, vectors = net.nodes.weight, net.batch_users(batch)
        expected = torch.stack(
            (
                net.users.weight[1] + (rows[0] + rows[3]) / 2,
                (rows[0] + rows[2] + rows[3]) / (3 + 5),
                torch.zeros(4),  # its only history is the chosen item: as with no support
            )
        )
    assert torch.allclose(vectors, expected + net.shared_user, atol=1e-6)
