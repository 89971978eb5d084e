"""Which columns, texts and nodes a training data shows, by mode and track."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, Warm
from coldbench.datasets.protocol.views.side_view import view_side
from coldbench.datasets.side_information import (
    FeatureColumn,
    Provenance,
    Side,
    SideInformation,
    Track,
)
from scipy.sparse import csr_matrix


@pytest.fixture(scope="module")
def grids(data):
    modes = ("inductive", "transductive")
    return {mode: Grid(side_information=mode).split(data, 3) for mode in modes}


def own_columns(entities):
    return {n for n in entities.feature_names if n.startswith("own=")}


def test_inductive_shows_no_column_of_a_cold_entity(grids, data):
    train = grids["inductive"].train
    for side, entities, rows in (
        ("users", train.users, grids["inductive"].users),
        ("items", train.items, grids["inductive"].items),
    ):
        assert own_columns(entities) == {f"own=o{i}" for i in rows.tolist()}, side
        trained = abs(entities.features).sum(axis=0)
        assert (np.asarray(trained) > 0).all(), side
    assert train.unseen_items is None
    assert train.unseen_users is None


def test_inductive_training_holds_no_text_of_a_cold_entity(grids):
    split = grids["inductive"]
    assert [text.split(".")[0] for text in split.train.items.text] == [
        f"item {i}" for i in split.items
    ]
    cold = split.test["new_item/cold/k=0"]
    titles = [text.split(".")[0] for text in cold.query.items.text]
    assert titles == [f"item {i}" for i in cold.items]
    assert not set(cold.query.items.text) & set(split.train.items.text)


def test_transductive_shows_the_columns_of_everybody_and_the_unseen(grids, data):
    split = grids["transductive"]
    train = split.train
    assert own_columns(train.items) == {f"own=o{i}" for i in range(80)}
    tasks = [*split.validation.items(), *split.test.items()]
    cold = {index for name, task in tasks if "/cold/" in name for index in task.items.tolist()}
    expected = 80 - len(split.items)
    assert len(train.unseen_items) == expected == 16
    assert (train.unseen_items.known == -1).all()
    assert train.unseen_items.history.shape == (16, len(train.users))
    assert train.unseen_items.history.nnz == train.unseen_users.history.nnz == 0
    names = {text.split(".")[0] for text in train.unseen_items.text}
    assert {f"item {i}" for i in cold} == names
    inductive = grids["inductive"].train.interactions
    np.testing.assert_array_equal(train.interactions.users, inductive.users)


def test_a_side_without_cold_entities_has_no_unseen(data):
    train = NewItem(side_information="transductive").split(data, 0).train
    assert train.unseen_users is None
    assert len(train.unseen_items) == 16
    assert Warm(side_information="transductive").split(data, 0).train.unseen_items is None


def test_the_same_columns_answer_for_every_query(grids):
    for split in grids.values():
        for task in (split.validation | split.test).values():
            assert task.query.items.feature_names == split.train.items.feature_names
            assert task.query.users.feature_names == split.train.users.feature_names
            assert task.query.items.features.dtype == np.float32


def test_tracks_decide_by_provenance(data):
    strict = NewUser().split(data, 0).train
    open_ = NewUser(track="open").split(data, 0).train
    assert not [n for n in strict.items.feature_names if n.startswith("tag")]
    assert [n for n in open_.items.feature_names if n.startswith("tag")] == [
        f"tag={v}" for v in "vwxyz"
    ]
    assert not any("so good" in text for text in strict.items.text)
    assert all(text.endswith(". so good") for text in open_.items.text)
    assert strict.graph.relation_names == ("genre", "own", "beyond", "cites")
    assert open_.graph.relation_names == ("genre", "own", "beyond", "cites", "tagged")


def test_texts_are_joined_without_gaps(data):
    text = Warm().split(data, 0).train.items.text
    assert text[0] == "item 0"
    assert text[1] == "item 1. plot 1"


def test_numbers_are_standardised_with_training_rows_only(grids, data):
    split = grids["inductive"]
    at = split.train.items.feature_names.index("year")
    raw = data.items.columns[3].matrix.toarray()[:, 0].astype(np.float64)
    fitted = raw[split.items]
    trained = split.train.items.features[:, [at]].toarray()[:, 0]
    np.testing.assert_allclose(trained.mean(), 0, atol=1e-5)
    np.testing.assert_allclose(trained.std(), 1, atol=1e-5)
    cold = split.test["new_item/cold/k=0"]
    np.testing.assert_allclose(
        cold.query.items.features[:, [at]].toarray()[:, 0],
        (raw[cold.items] - fitted.mean()) / fitted.std(),
        rtol=1e-5,
    )


def test_a_missing_number_takes_the_mean_and_a_stored_zero_is_a_zero():
    matrix = csr_matrix(
        (np.array([0, 2, 4], dtype=np.float32), (np.array([0, 1, 2]), np.zeros(3, int))), (4, 1)
    )
    column = FeatureColumn("age", Provenance.INTRINSIC, matrix, ("",), numeric=True)
    rows = np.arange(4, dtype=np.int32)
    information = SideInformation((column,))
    view = view_side(Side.USER, information, 4, Track.STRICT, rows, rows, None)
    assert view.feature_names == ("age", "age~0", "age~2", "age~4")
    np.testing.assert_allclose(
        view.features.toarray()[:, 0], [-1.2247449, 0, 1.2247449, 0], rtol=1e-6
    )
    np.testing.assert_array_equal(matrix.data, [0, 2, 4])


def test_a_constant_number_becomes_zero():
    matrix = csr_matrix(np.full((3, 1), 7, dtype=np.float32))
    column = FeatureColumn("age", Provenance.INTRINSIC, matrix, ("",), numeric=True)
    rows = np.arange(3, dtype=np.int32)
    view = view_side(Side.USER, SideInformation((column,)), 3, Track.STRICT, rows, rows, None)
    assert not view.features.toarray().any()


def test_a_side_without_information_has_no_columns_and_no_text(data):
    bare = replace(data, users=SideInformation(), items=SideInformation(), graph=None)
    split = Grid().split(bare, 0)
    assert split.train.items.features.shape == (64, 0)
    assert split.train.users.text is None
    assert split.train.graph is None
    assert split.train.items.links is None


def test_a_value_that_is_a_cold_entity_is_left_out_while_training_must_not_see_it(data):
    n = len(data.item_ids)
    ring = csr_matrix((np.ones(n, np.float32), (np.arange(n), np.roll(np.arange(n), 3))), (n, n))
    every = np.arange(n, dtype=np.int32)
    column = FeatureColumn(
        "cites", Provenance.INTRINSIC, ring, tuple(map(str, every)), refers_to=every
    )
    citing = replace(data, items=replace(data.items, columns=(column,)))
    for mode in ("inductive", "transductive"):
        split = Grid(side_information=mode).split(citing, 3)
        cited = {int(name.removeprefix("cites=")) for name in split.train.items.feature_names}
        warm = set(split.items.tolist())
        by_warm = {int(ring[row].indices[0]) for row in warm}
        assert by_warm - warm, "some warm items cite cold ones"
        assert cited == (by_warm & warm if mode == "inductive" else set(every.tolist()))
    assert (
        citing.sha256
        != replace(
            data, items=replace(data.items, columns=(replace(column, refers_to=None),))
        ).sha256
    )
