from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.graph import Graph
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.protocol.views.graph_view import view_graph
from coldbench.datasets.side_information import Provenance, Track

# Items 0..3, entities 4 drama, 5 Kurosawa, 6 Japan, 7 a place nobody links to.
TRIPLES = [
    (0, 0, 4),  # genre
    (1, 0, 4),
    (2, 1, 5),  # item 2 is directed by 5
    (5, 2, 6),  # who is from 6
    (2, 3, 0),  # item 2 cites item 0
    (1, 3, 2),  # item 1 cites item 2
    (4, 4, 3),  # a genre lists item 3, written by users
    (0, 3, 1),
]
NAMES = ("genre", "director", "from", "cites", "lists")


def world():
    heads, relations, tails = (np.array(c, dtype=np.int32) for c in zip(*TRIPLES, strict=True))
    provenance = (Provenance.INTRINSIC,) * 4 + (Provenance.USER_GENERATED,)
    return Graph(heads, relations, tails, 4, 8, NAMES, provenance)


def rows_of(*arrays):
    return zip(*(array.tolist() for array in arrays), strict=True)


def edges(graph):
    return set(rows_of(graph.heads, graph.relations, graph.tails))


def of(links):
    return sorted(rows_of(links.rows, links.relations, links.nodes))


def rows(*indices):
    return np.array(indices, dtype=np.int32)


def test_inductive_keeps_what_warm_items_reach():
    view = view_graph(world(), Track.STRICT, rows(0, 1), transductive=False)
    # Nodes: items 0 and 1, then drama. Kurosawa and Japan hang on the cold item 2.
    assert (view.graph.n_items, view.graph.n_nodes) == (2, 3)
    # Relations: genre and cites; director and from are known of item 2 alone.
    assert edges(view.graph) == {(0, 0, 2), (1, 0, 2), (0, 1, 1)}
    assert view.graph.relation_names == ("genre", "cites")


def test_transductive_keeps_the_entities_of_everybody_but_no_cold_item():
    view = view_graph(world(), Track.STRICT, rows(0, 1), transductive=True)
    assert (view.graph.n_items, view.graph.n_nodes) == (2, 6)
    assert edges(view.graph) == {(0, 0, 2), (1, 0, 2), (0, 3, 1), (3, 2, 4)}
    assert view.graph.relation_names == NAMES[:4]


def test_links_of_a_cold_item_fold_both_directions():
    view = view_graph(world(), Track.STRICT, rows(0, 1), transductive=False)
    # Item 2 cites item 0 (node 0); item 1 (node 1) cites it: 1 + 2 relation names. Its director
    # is a relation that training does not know.
    assert of(view.links(rows(2))) == [(0, 1, 0), (0, 3, 1)]
    view = view_graph(world(), Track.STRICT, rows(0, 1), transductive=True)
    assert of(view.links(rows(2))) == [(0, 1, 3), (0, 3, 0), (0, 7, 1)]
    assert of(view.links(rows(3))) == []


def test_links_of_warm_items_follow_the_order_of_the_rows():
    view = view_graph(world(), Track.STRICT, rows(0, 1), transductive=False)
    assert of(view.links(rows(1, 0))) == [(0, 0, 2), (0, 3, 0), (1, 0, 2), (1, 1, 1)]
    assert of(view.links(rows(0, 1))) == [(0, 0, 2), (0, 1, 1), (1, 0, 2), (1, 3, 0)]


def test_the_open_track_admits_what_users_wrote():
    view = view_graph(world(), Track.OPEN, rows(0, 1, 3), transductive=False)
    assert view.graph.relation_names == ("genre", "cites", "lists")
    assert of(view.links(rows(3))) == [(0, 2 + 3, 3)]
    strict = view_graph(world(), Track.STRICT, rows(0, 1, 3), transductive=False)
    assert strict.graph.relation_names == ("genre", "cites")
    assert of(strict.links(rows(3))) == []


def test_a_relation_of_cold_items_alone_is_unknown_when_inductive():
    graph = world()
    more = Graph(
        np.append(graph.heads, rows(3)),
        np.append(graph.relations, rows(5)),
        np.append(graph.tails, rows(4)),
        4,
        8,
        (*NAMES, "sequel"),
        (*graph.provenance, Provenance.INTRINSIC),
    )
    for there, seen in ((False, ("genre", "cites")), (True, (*NAMES[:4], "sequel"))):
        view = view_graph(more, Track.STRICT, rows(0, 1), transductive=there)
        assert view.graph.relation_names == seen
        assert len(view.graph.provenance) == len(seen)
        assert of(view.links(rows(3))) == ([(0, 4, 2)] if there else [])


def test_warm_items_are_numbered_as_in_training():
    view = view_graph(world(), Track.STRICT, rows(1, 2), transductive=False)
    # Nodes: item 1, item 2, drama, Kurosawa, Japan.
    assert edges(view.graph) == {(0, 0, 2), (1, 1, 3), (3, 2, 4), (0, 3, 1)}
    assert of(view.links(rows(0))) == [(0, 0, 2), (0, 3, 0), (0, 7, 1)]


@pytest.mark.parametrize("mode", ["inductive", "transductive"])
def test_a_split_shows_only_warm_items_as_nodes(data, mode):
    split = Grid(side_information=mode).split(data, 4)
    graph = split.train.graph
    assert graph.n_items == len(split.items)
    ends = np.concatenate([graph.heads, graph.tails])
    assert ends.max() < graph.n_nodes
    # Each item has one private entity; private entities of cold items stay out when inductive.
    own = graph.relations == 1
    np.testing.assert_array_equal(graph.heads[own], np.arange(len(split.items)))
    n_private = graph.n_nodes - graph.n_items - 6
    assert n_private == (2 * len(split.items) if mode == "inductive" else 2 * 80)
    if mode == "inductive":
        assert len(set(ends.tolist())) == graph.n_nodes
    cold = split.test["new_item/cold/k=0"].query.items
    assert set(cold.links.rows.tolist()) == set(range(len(cold)))
    assert cold.links.nodes.max() < graph.n_nodes
    assert split.test["new_user/warm/k=0"].query.users.links is None


@pytest.mark.parametrize("transductive", [False, True])
def test_entities_that_only_other_provenances_name_are_not_there(transductive):
    plain = world()
    extra = np.array([[0, 8, 1], [4, 4, 4], [8, 9, 9]], dtype=np.int32)  # (head, lists, tail)
    more = Graph(
        np.append(plain.heads, extra[0]).astype(np.int32),
        np.append(plain.relations, extra[1]).astype(np.int32),
        np.append(plain.tails, extra[2]).astype(np.int32),
        4,
        10,
        NAMES,
        plain.provenance,
    )
    views = [
        view_graph(g, Track.STRICT, rows(0, 1), transductive=transductive) for g in (plain, more)
    ]
    assert edges(views[0].graph) == edges(views[1].graph)
    assert views[0].graph.n_nodes == views[1].graph.n_nodes


def test_a_track_that_admits_no_relation_leaves_no_graph(data):
    only = replace(data, graph=replace(data.graph, provenance=(Provenance.USER_GENERATED,) * 5))
    assert Grid().split(only, 0).train.graph is None
    assert Grid().split(only, 0).train.items.links is None
    assert Grid(track="open").split(only, 0).train.graph is not None
