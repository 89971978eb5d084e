from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.graph import Graph
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
from coldbench.datasets.side_information import SideInformation


def renumbered(data, seed):
    """Return the same dataset with other indices for its users and items."""
    rng = np.random.default_rng(seed)
    users, items = (rng.permutation(len(ids)) for ids in (data.user_ids, data.item_ids))
    pairs = data.interactions
    new_user, new_item = (np.argsort(order).astype(np.int32) for order in (users, items))

    def moved(side, order):
        columns = tuple(replace(c, matrix=c.matrix[order]) for c in side.columns)
        texts = tuple(replace(t, values=[t.values[i] for i in order]) for t in side.texts)
        return replace(side, columns=columns, texts=texts)

    graph = data.graph
    node = np.concatenate([new_item, np.arange(len(items), graph.n_nodes)]).astype(np.int32)
    return replace(
        data,
        interactions=replace(pairs, users=new_user[pairs.users], items=new_item[pairs.items]),
        user_ids=data.user_ids[users],
        item_ids=data.item_ids[items].astype("<U30"),
        users=moved(data.users, users),
        items=moved(data.items, items),
        graph=Graph(
            node[graph.heads],
            graph.relations,
            node[graph.tails],
            graph.n_items,
            graph.n_nodes,
            graph.relation_names,
            graph.provenance,
        ),
    )


SCENARIOS = [Warm(), NewItem(shots=[0, 2]), NewUser(), NewUserNewItem(), Grid()]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_row_order_changes_nothing(data, keep_pairs, scenario):
    one = scenario.split(data, 3)
    order = np.random.default_rng(0).permutation(len(data.interactions))
    two = scenario.split(keep_pairs(data, order), 3)
    assert one.fingerprint == two.fingerprint
    np.testing.assert_array_equal(one.train.interactions.items, two.train.interactions.items)
    np.testing.assert_array_equal(
        one.train.interactions.timestamps, two.train.interactions.timestamps
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
@pytest.mark.parametrize("times", [True, False])
def test_index_order_does_not_decide_who_is_cold(make, scenario, times):
    data = make(times=times)
    assert scenario.split(data, 3).fingerprint == scenario.split(renumbered(data, 1), 3).fingerprint


def test_it_depends_on_seed_scenario_and_content(data, keep_pairs):
    splits = [Grid().split(data, 0), Grid().split(data, 1), NewItem().split(data, 0)]
    splits.append(Grid(shots=[0, 1]).split(data, 0))
    splits.append(Grid(cold_fraction=0.3).split(data, 0))
    splits.append(Grid().split(keep_pairs(data, np.arange(5, len(data.interactions))), 0))
    splits.append(Grid().split(replace(data, user_ids=np.char.add(data.user_ids, "x")), 0))
    assert len({split.fingerprint for split in splits}) == len(splits)


def test_side_information_is_no_part_of_it(data):
    prints = {
        Grid(side_information=mode, track=track).split(data, 0).fingerprint
        for mode in ("inductive", "transductive")
        for track in ("strict", "open")
    }
    assert len(prints) == 1


def test_it_is_the_same_on_any_machine():
    """Written down once: a change of any hash or of the coding needs a new ``version``."""
    users, items = (a.ravel().astype(np.int32) for a in np.mgrid[:40, :30])
    keep = (users * 7 + items * 11) % 5 < 2
    users, items = users[keep], items[keep]
    times = (users * 100 + items % 7).astype(np.int64)
    world = Dataset(
        name="fixed",
        interactions=Interactions(users, items, np.ones(len(users), np.float32), times, 40, 30),
        positive=np.ones(len(users), dtype=bool),
        user_ids=np.array([f"u{i}" for i in range(40)]),
        item_ids=np.array([f"Ä {i}" for i in range(30)]),
        users=SideInformation(),
        items=SideInformation(),
        graph=None,
        merged=0,
        rule="",
    )
    split = Grid(shots=[0, 1], item_shots=[0, 1]).split(world, 12345)
    assert split.fingerprint == "0e60c8d10b6c43818783c2fdb4a9133c3e45e5626462cec3b32de5bb282b4a76"
