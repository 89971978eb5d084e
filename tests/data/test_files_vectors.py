"""Embeddings come as a list column of floats and reach a method as ``Entities.vectors``."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from coldbench.benchmarks.conformance.audits.cold_content import replace_content
from coldbench.benchmarks.conformance.audits.resplit import audit_scenario
from coldbench.datasets.dataset import Dataset, check_dataset
from coldbench.datasets.errors import DataError
from coldbench.datasets.protocol.scenarios import NewItem
from coldbench.datasets.side_information import SideInformation, Track, VectorColumn
from coldbench.datasets.sources.own_files.source import Files

VECTORS = {"i0": [1.0, 2.0], "i1": [0.5, -1.0], "i2": None}


def source(folder: Path, vectors: list[object], kind: object = None, **settings: object) -> Files:
    folder.mkdir(exist_ok=True)
    (folder / "i.csv").write_text("user,item\n" + "".join(f"u,{one}\n" for one in VECTORS))
    series = pl.Series("embedding", vectors, dtype=kind)  # type: ignore[arg-type]
    frame = pl.DataFrame({"item": list(VECTORS)}).with_columns(series, pl.lit("A").alias("genre"))
    frame.write_parquet(folder / "items.parquet")
    return Files(
        interactions=str(folder / "i.csv"),
        items=str(folder / "items.parquet"),
        **settings,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "kind", [pl.List(pl.Float64), pl.List(pl.Float32), pl.Array(pl.Float32, 2)]
)
def test_a_list_of_floats_is_a_vector(kind: object, tmp_path: Path) -> None:
    files = source(tmp_path / "f", list(VECTORS.values()), kind)
    files.provenance = {"embedding": "editorial"}
    data = files.load()
    (vectors,) = data.items.vectors
    assert (vectors.name, vectors.provenance.value) == ("embedding", "editorial")
    assert vectors.values.dtype == np.float32 and not vectors.values.flags.writeable
    assert vectors.values.tolist() == [[1, 2], [0.5, -1], [0, 0]]
    assert [column.name for column in data.items.columns] == ["genre"]


def test_a_list_of_words_is_categories_and_so_are_floats_when_told(tmp_path: Path) -> None:
    words = source(tmp_path / "f", [["a", "b"], ["b"], None]).load().items.columns[0]
    assert words.values == ("a", "b") and words.matrix.toarray().tolist() == [
        [1, 1],
        [0, 1],
        [0, 0],
    ]
    told = source(tmp_path / "f", list(VECTORS.values()), categorical=["embedding"]).load()
    assert told.items.columns[0].values == ("-1.0", "0.5", "1.0", "2.0") and not told.items.vectors


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        ([[1.0], [1.0, 2.0], None], r"vectors of 1, 2 numbers"),
        ([[1.0, 2.0], [1.0, float("nan")], None], r"row 2: .* not finite"),
        ([None, None, None], r"vectors of 0 numbers"),
    ],
)
def test_vectors_that_cannot_be_used(vectors: list[object], says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"items\.parquet, column 'embedding': {says}"):
        source(tmp_path / "f", vectors, pl.List(pl.Float64)).load()


def world(**sides: SideInformation) -> Dataset:
    """A dataset of 40 users and 40 items with the given side information."""
    from coldbench.datasets.sources.planted.source import Planted

    data = Planted(n_users=60, n_items=40).load()
    return replace(data, **sides)


def embedded(provenance: str = "intrinsic") -> Dataset:
    from coldbench.datasets.side_information import Provenance

    plain = world()
    values = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    column = VectorColumn("picture", Provenance(provenance), values)
    return replace(plain, items=replace(plain.items, vectors=(column, replace(column, name="b"))))


def test_vectors_are_part_of_the_fingerprint() -> None:
    plain, data = world(), embedded()
    (column, _) = data.items.vectors
    moved = replace(column, values=column.values + np.float32(1e-6))
    hashes = {
        plain.sha256,
        data.sha256,
        embedded("editorial").sha256,
        replace(data, items=replace(data.items, vectors=(moved, *data.items.vectors[1:]))).sha256,
    }
    assert len(hashes) == 4
    short = replace(column, values=column.values[:-1])
    with pytest.raises(DataError, match="40 items, but 39 rows of vectors 'picture'"):
        check_dataset(replace(data, items=replace(data.items, vectors=(short,))))


def test_a_method_sees_the_vectors_of_warm_and_cold_items() -> None:
    data = embedded()
    split = NewItem().split(data, 0)
    given = np.hstack([one.values for one in data.items.vectors])
    warm = split.train.items.vectors
    assert warm is not None and (warm == given[split.items]).all() and warm.shape[1] == 6
    for task in split.test.values():
        seen = task.query.items.vectors
        assert seen is not None and (seen == given[task.items]).all()
        assert seen.dtype == np.float32 and not seen.flags.writeable
        some = task.query.items.take(np.array([2, 0, 2])).vectors
        assert some is not None and (some == seen[[2, 0, 2]]).all()
        assert task.query.users.vectors is None


def test_the_strict_track_leaves_users_vectors_out() -> None:
    data = embedded("user_generated")
    assert NewItem().split(data, 0).train.items.vectors is None
    assert NewItem(track=Track.OPEN).split(data, 0).train.items.vectors is not None


def test_vectors_of_cold_items_do_not_move_the_training_world() -> None:
    data, scenario = embedded(), NewItem()
    assert audit_scenario(scenario, data, 0) == []
    cold = np.zeros(40, dtype=bool)
    cold[3] = True
    other = replace_content(data, np.zeros(60, dtype=bool), cold).items.vectors[0].values
    changed = (other != data.items.vectors[0].values).any(axis=1)
    assert np.flatnonzero(changed).tolist() == [3]
