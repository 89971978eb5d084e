"""What a method trains on does not depend on anything a cold entity did."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem

SCENARIOS = [NewItem, NewUser, NewUserNewItem, Grid]


def arrays(train):
    found = {"users": train.interactions.users, "items": train.interactions.items}
    found |= {"values": train.interactions.values, "times": train.interactions.timestamps}
    for entities in (train.users, train.items, train.unseen_users, train.unseen_items):
        if entities is None:
            continue
        side = f"{entities.side.value} {len(found)}"
        found |= {f"{side} known": entities.known, f"{side} text": entities.text}
        for name in ("history", "features"):
            matrix = getattr(entities, name)
            found[f"{side} {name}"] = matrix.toarray()
        found[f"{side} names"] = np.array(entities.feature_names)
        if entities.links is not None:
            found[f"{side} links"] = np.stack(
                [entities.links.rows, entities.links.relations, entities.links.nodes]
            )
    if train.graph is not None:
        found["graph"] = np.stack([train.graph.heads, train.graph.relations, train.graph.tails])
    return found


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("mode", ["inductive", "transductive"])
def test_removing_interactions_of_cold_entities_changes_no_training_input(
    data, keep_pairs, scenario, mode
):
    made = scenario(side_information=mode)
    before = made.split(data, 7)
    warm_users = np.isin(np.arange(len(data.user_ids)), before.users)
    warm_items = np.isin(np.arange(len(data.item_ids)), before.items)
    pairs = data.interactions
    keep = warm_users[pairs.users] & warm_items[pairs.items]
    assert keep.sum() < 0.9 * len(pairs)
    after = made.split(keep_pairs(data, np.flatnonzero(keep)), 7)
    assert_same(arrays(before.train), arrays(after.train))
    np.testing.assert_array_equal(before.users, after.users)
    np.testing.assert_array_equal(before.items, after.items)


def test_inductive_training_does_not_depend_on_side_information_of_cold_entities(data):
    before = Grid().split(data, 7)
    cold = np.setdiff1d(np.arange(len(data.item_ids)), before.items)
    columns = []
    for column in data.items.columns:
        matrix = column.matrix.copy().tolil()
        matrix[cold] = 3
        columns.append(replace(column, matrix=matrix.tocsr().astype(np.float32)))
    texts = []
    for text in data.items.texts:
        values = np.array(list(text.values), dtype=object)
        values[cold] = "another text"
        texts.append(replace(text, values=values.tolist()))
    graph = data.graph
    of_cold = np.isin(graph.heads, cold) | np.isin(graph.tails, cold)
    relations = np.where(of_cold, 0, graph.relations).astype(np.int32)
    changed = replace(
        data,
        items=replace(data.items, columns=tuple(columns), texts=tuple(texts)),
        graph=replace(graph, relations=relations),
    )
    after = Grid().split(changed, 7)
    assert_same(arrays(before.train), arrays(after.train))
    cold_before = before.test["new_item/cold/k=0"].query.items
    cold_after = after.test["new_item/cold/k=0"].query.items
    assert (cold_before.features != cold_after.features).nnz > 0
    assert cold_after.text[0] == "another text. another text"


@pytest.mark.parametrize("mode", ["inductive", "transductive"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_training_is_read_only(data, scenario, mode):
    split = scenario(side_information=mode).split(data, 0)
    for name, array in arrays_in_place(split).items():
        assert not array.flags.writeable, name


def arrays_in_place(split):
    train = split.train
    found = {"users": train.interactions.users, "times": train.interactions.timestamps}
    sides = {"users": train.users, "items": train.items}
    sides |= {"unseen users": train.unseen_users, "unseen items": train.unseen_items}
    for name, task in (split.validation | split.test).items():
        sides |= {f"{name} users": task.query.users, f"{name} items": task.query.items}
        found |= {f"{name} truth": task.truth.data, f"{name} mask": task.masked.indices}
        found |= {f"{name} rows": task.users, f"{name} columns": task.items}
    for name, entities in sides.items():
        if entities is not None:
            found |= {f"{name} known": entities.known, f"{name} text": entities.text}
            found |= {f"{name} history": entities.history.data}
            found |= {f"{name} features": entities.features.indptr}
            if entities.links is not None:
                found |= {f"{name} links": entities.links.nodes}
    found |= {"graph": train.graph.heads}
    return found
