"""``dataset=files``: anyone's tables become a dataset without code."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from coldbench.datasets.interactions import NO_TIME
from coldbench.datasets.side_information import Provenance
from coldbench.datasets.sources.own_files.source import Files

INTERACTIONS = """user,item,rating,timestamp
ann,t1,5,30
ann,t2,2,
bob,t1,4,10
bob,t1,1,20
cy,007,3,5
"""
ITEMS = """item,genre,price,code,title,made
t1,Drama|War,3.5,01,The First,yes
t2,Drama,0,02,,no
t9,Comedy,9,03,Never rated,no
"""
USERS = "id,age\nann,30\nbob,\n"
GRAPH = """head,relation,tail
t1,by,Kay
item:t2,by,Kay
Kay,born,1950
t2,like,t1
t2,like,t1
"""


def tables(folder: Path) -> dict[str, str]:
    texts = {"interactions": INTERACTIONS, "items": ITEMS, "users": USERS, "graph": GRAPH}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return {name: str(folder / f"{name}.csv") for name in texts}


def test_everything_together(tmp_path: Path) -> None:
    data = Files(
        **tables(tmp_path),
        name="mine",
        minimum_rating=3.0,
        texts=["title"],
        categorical=["code"],
        provenance={"genre": "editorial", "title": "editorial", "like": "user_generated"},
    ).load()
    assert data.name == "mine" and data.merged == 1
    assert data.user_ids.tolist() == ["ann", "bob", "cy"]
    assert data.item_ids.tolist() == ["007", "t1", "t2"]
    pairs = data.interactions
    assert pairs.users.tolist() == [0, 0, 1, 2] and pairs.items.tolist() == [1, 2, 1, 0]
    assert pairs.values.tolist() == [5, 2, 1, 3]
    assert pairs.timestamps is not None and pairs.timestamps.tolist() == [30, NO_TIME, 20, 5]
    assert data.positive.tolist() == [True, False, False, True]

    columns = {column.name: column for column in data.items.columns}
    assert set(columns) == {"genre", "price", "code", "made"}
    assert columns["genre"].values == ("Drama", "War")
    assert columns["genre"].matrix.toarray().tolist() == [[0, 0], [1, 1], [1, 0]]
    assert columns["genre"].provenance is Provenance.EDITORIAL
    assert columns["price"].numeric and columns["price"].matrix.indptr.tolist() == [0, 0, 1, 2]
    assert columns["price"].matrix.data.tolist() == [3.5, 0.0], "a zero is known, a blank is not"
    assert columns["code"].values == ("01", "02") and not columns["code"].numeric
    assert columns["made"].provenance is Provenance.INTRINSIC
    assert [(t.name, list(t.values)) for t in data.items.texts] == [
        ("title", ["", "The First", ""])
    ]
    assert data.users.columns[0].matrix.indptr.tolist() == [0, 1, 1, 1]

    graph = data.graph
    assert graph is not None and graph.relation_names == ("born", "by", "like")
    assert graph.provenance[2] is Provenance.USER_GENERATED
    found = np.stack([graph.heads, graph.relations, graph.tails], axis=1).tolist()
    assert sorted(found) == [[1, 1, 4], [2, 1, 4], [2, 2, 1], [4, 0, 3]]


def test_parquet_gives_the_same_dataset_as_csv(tmp_path: Path) -> None:
    paths = tables(tmp_path)
    settings = {"texts": ["title"], "categorical": ["code"]}
    plain = Files(**paths, **settings).load()
    schema = {"interactions": {"rating": pl.Int32, "timestamp": pl.Int64}, "items": {}, "users": {}}
    for name, types in schema.items():
        frame = pl.read_csv(paths[name], infer_schema=False).with_columns(
            pl.col(column).cast(kind) for column, kind in types.items()
        )
        frame.write_parquet(tmp_path / f"{name}.parquet")
        paths[name] = str(tmp_path / f"{name}.parquet")
    assert Files(**paths, **settings).load().sha256 == plain.sha256


def test_parquet_keeps_lists_truths_numbers_and_dates(tmp_path: Path) -> None:
    pl.DataFrame(
        {"user": [1, 2], "item": [10, 20], "timestamp": ["1970-01-01T00:01", "1970-01-02T00:00"]}
    ).with_columns(pl.col("timestamp").str.to_datetime()).write_parquet(tmp_path / "i.parquet")
    pl.DataFrame(
        {"id": [10, 20], "genre": [["a", "b"], ["b"]], "new": [True, False], "price": [1.5, None]}
    ).write_parquet(tmp_path / "items.parquet")
    data = Files(
        interactions=str(tmp_path / "i.parquet"), items=str(tmp_path / "items.parquet")
    ).load()
    times = data.interactions.timestamps
    assert times is not None and times.tolist() == [60, 86_400]
    genre, new, price = data.items.columns
    assert genre.values == ("a", "b") and genre.matrix.toarray().tolist() == [[1, 1], [0, 1]]
    assert new.values == ("false", "true") and not new.numeric
    assert price.numeric and price.matrix.nnz == 1


def test_names_of_columns_separators_and_gzip(tmp_path: Path) -> None:
    text = INTERACTIONS.replace(",", ";").replace("user;item;rating", "userId;movieId;stars")
    path = tmp_path / "ratings.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    named = Files(
        interactions=str(path),
        separator=";",
        columns={"user": "userId", "item": "movieId", "rating": "stars"},
        lowest_rating=1.0,
        highest_rating=5.0,
    )
    (tmp_path / "plain.csv").write_text(INTERACTIONS)
    plain = Files(interactions=str(tmp_path / "plain.csv"))
    assert named.load().sha256 == plain.load().sha256


def test_without_ratings_every_pair_counts(tmp_path: Path) -> None:
    (tmp_path / "i.tsv").write_text("user\titem\na\tx\nb\ty\n")
    data = Files(interactions=str(tmp_path / "i.tsv")).load()
    assert data.interactions.values.tolist() == [1, 1] and data.positive.all()
    assert data.interactions.timestamps is None and data.graph is None


def test_the_core_takes_its_items_out_of_the_graph(tmp_path: Path) -> None:
    rows = [f"u{u},i{i}" for u in range(3) for i in range(3)]
    (tmp_path / "i.csv").write_text("\n".join(["user,item", *rows, "u9,i9"]) + "\n")
    (tmp_path / "g.csv").write_text("head,relation,tail\ni0,by,A\ni9,by,B\nitem:i9,by,i1\n")
    data = Files(
        interactions=str(tmp_path / "i.csv"), graph=str(tmp_path / "g.csv"), k_core=3
    ).load()
    assert data.item_ids.tolist() == ["i0", "i1", "i2"] and data.graph is not None
    assert data.graph.heads.tolist() == [0] and data.graph.n_nodes == 4


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    head, *rows = INTERACTIONS.strip().split("\n")
    hashes = set()
    for seed in range(4):
        mixed = [rows[at] for at in np.random.default_rng(seed).permutation(len(rows))]
        (tmp_path / "i.csv").write_text("\n".join([head, *mixed]))
        hashes.add(Files(interactions=str(tmp_path / "i.csv")).load().sha256)
    assert len(hashes) == 1


@pytest.mark.parametrize("change", ["rating", "title", "graph", "provenance"])
def test_whatever_can_move_a_number_moves_the_fingerprint(tmp_path: Path, change: str) -> None:
    settings = {"texts": ["title"], "provenance": {"genre": "editorial"}}
    before = Files(**tables(tmp_path), **settings).load().sha256
    paths = tables(tmp_path)
    if change == "rating":
        (tmp_path / "interactions.csv").write_text(INTERACTIONS.replace("t1,5", "t1,4"))
    if change == "title":
        (tmp_path / "items.csv").write_text(ITEMS.replace("The First", "The Second"))
    if change == "graph":
        (tmp_path / "graph.csv").write_text(GRAPH.replace("t2,like,t1", "t1,like,t2"))
    if change == "provenance":
        settings["provenance"] = {"genre": "user_generated"}
    assert Files(**paths, **settings).load().sha256 != before
