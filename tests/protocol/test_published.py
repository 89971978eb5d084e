import gzip
import shutil
from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import DataError, SplitError
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, Warm
from coldbench.datasets.side_information import SideInformation


def bare(users, items, n_users, n_items):
    users, items = np.asarray(users, dtype=np.int32), np.asarray(items, dtype=np.int32)
    ones = np.ones(len(users), dtype=np.float32)
    return Dataset(
        name="citeulike-a",
        interactions=Interactions(users, items, ones, None, n_users, n_items),
        positive=np.ones(len(users), dtype=bool),
        user_ids=np.arange(n_users).astype(str),
        item_ids=np.arange(n_items).astype(str),
        users=SideInformation(),
        items=SideInformation(),
        graph=None,
        merged=0,
        rule="all",
    )


@pytest.fixture(scope="module")
def citeulike(shared_data):
    with gzip.open(shared_data / "citeulike-a" / "users.dat.gz", "rt") as file:
        lists = [line.split()[1:] for line in file]
    users = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    items = np.concatenate([np.array(one, dtype=np.int32) for one in lists])
    return bare(users, items, 5551, 16_980)


def truths(tasks):
    return {name: task.truth.nnz for name, task in tasks.items()}


def test_the_aldi_split_is_read_as_it_is(citeulike, shared_data):
    files = str(shared_data / "citeulike-aldi-split")
    split = NewItem(strategy="published", files=files).split(citeulike, 0)
    assert len(split.train.interactions) == 132_073
    assert truths(split.validation) == {
        "warm/warm/k=0": 16_471,
        "new_item/cold/k=0": 19_802,
        "new_item/all/k=0": 36_273,
    }
    assert truths(split.test) == {
        "warm/warm/k=0": 16_482,
        "new_item/cold/k=0": 20_158,
        "new_item/all/k=0": 36_640,
    }
    assert len(split.test["new_item/cold/k=0"].items) == 1698
    assert len(split.test["new_item/all/k=0"].items) == 13_584 + 1698
    assert split.facts["unused_pairs"] == 0
    known = split.test["warm/warm/k=0"].masked.sum() + 0
    users = split.test["warm/warm/k=0"].users
    train = np.bincount(split.users[split.train.interactions.users], minlength=5551)[users].sum()
    held = split.validation["warm/warm/k=0"]
    own = np.diff(held.truth.indptr)[np.isin(held.users, users)].sum()
    assert known == train + own


def test_the_aldi_split_has_a_warm_control(citeulike, shared_data):
    files = str(shared_data / "citeulike-aldi-split")
    split = Warm(strategy="published", files=files).split(citeulike, 0)
    assert (truths(split.validation), truths(split.test)) == (
        {"warm/warm/k=0": 16_471},
        {"warm/warm/k=0": 16_482},
    )


def test_the_heater_split_is_read_as_it_is(citeulike, shared_data):
    files = str(shared_data / "citeulike-heater-split")
    scenario = NewItem(strategy="published", files=files, format="heater")
    split = scenario.split(citeulike, 0)
    assert len(split.train.interactions) == 164_210
    assert truths(split.validation) == {"new_item/cold/k=0": 13_037, "new_item/all/k=0": 13_037}
    assert truths(split.test) == {"new_item/cold/k=0": 27_739, "new_item/all/k=0": 27_739}
    assert len(split.validation["new_item/cold/k=0"].items) == 1018
    assert len(split.test["new_item/cold/k=0"].items) == 2378
    assert split.facts["test_tasks_without_users"] == 1
    with pytest.raises(SplitError, match="format=heater holds back no pair of a warm item"):
        Warm(strategy="published", files=files, format="heater").split(citeulike, 0)


TINY = {
    "warm_emb.csv": ["0,0", "0,1", "1,0", "1,1", "2,0"],
    "warm_val.csv": ["2,1"],
    "warm_test.csv": ["3,1"],
    "cold_item_val.csv": ["0,2", "1,2"],
    "cold_item_test.csv": ["0,3", "2,3"],
}


@pytest.fixture
def tiny(tmp_path):
    for name, rows in TINY.items():
        (tmp_path / name).write_text("\n".join(["user,item", *rows]) + "\n")
    pairs = [row.split(",") for rows in TINY.values() for row in rows] + [["3", "0"]]
    users, items = zip(*pairs, strict=True)
    return bare([int(u) for u in users], [int(i) for i in items], 4, 4), tmp_path


def split_of(tiny, **settings):
    data, folder = tiny
    return NewItem(strategy="published", files=str(folder), **settings).split(data, 0)


def test_a_tiny_split(tiny):
    split = split_of(tiny)
    assert split.users.tolist() == [0, 1, 2]
    cold = split.test["new_item/cold/k=0"]
    assert (cold.users.tolist(), cold.items.tolist()) == ([0, 2], [3])
    # User 3 has no training pair, so nobody asks for 3,1; and pair 3,0 is in no file.
    assert "warm/warm/k=0" not in split.test
    assert split.facts["unused_pairs"] == 2


def test_files_are_part_of_the_fingerprint(tiny):
    one = split_of(tiny).fingerprint
    assert split_of(tiny).fingerprint == one
    file = tiny[1] / "warm_val.csv"
    file.write_text(file.read_text().rstrip("\n"))
    assert split_of(tiny).fingerprint != one


def test_compression_is_no_part_of_it(tiny):
    one = split_of(tiny).fingerprint
    file = tiny[1] / "warm_emb.csv"
    with file.open("rb") as plain, gzip.open(f"{file}.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    file.unlink()
    assert split_of(tiny).fingerprint == one


def test_more_columns_and_another_order_are_fine(tiny):
    (tiny[1] / "warm_val.csv").write_text("when,item,user\r\n7,1,2\r\n")
    assert split_of(tiny).validation["warm/warm/k=0"].truth.nnz == 1


def lines(*rows):
    return "\n".join(["user,item", *rows]) + "\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("warm_emb.csv", None, r"warm_emb.csv: no such file \(nor with .gz\)"),
        ("warm_val.csv", "", r"warm_val.csv, line 1, column 'user': the header '' has no such"),
        ("warm_val.csv", "user,thing\n2,1\n", r"line 1, column 'item': the header 'user,thing'"),
        ("warm_val.csv", lines("2,1", "2"), r"warm_val.csv, line 3: '2' has 1 fields"),
        ("warm_val.csv", lines("2,1,5"), r"line 2: '2,1,5' has 3 fields, the header has 2"),
        ("warm_val.csv", lines("", "2,1"), r"line 2: '' has 1 fields"),
        ("warm_val.csv", lines("2,1", "9,1"), r"line 3: user '9', item '1': .* names a user"),
        ("warm_val.csv", lines("2,x"), r"line 2: user '2', item 'x': the row names an item"),
        ("warm_val.csv", lines("3,2"), r"line 2: .* is not an interaction of the dataset"),
        ("warm_val.csv", lines("2,1", "2,1"), r"line 3: .* is already in this split"),
        ("warm_val.csv", lines("2,1", "0,0"), r"line 3: .* is already in this split"),
        ("warm_val.csv", lines("2,1", "0,3"), r"cold_item_test.csv, line 2: .* already in"),
        ("warm_test.csv", lines("0,3"), r"cold_item_test.csv, line 2: .* already in this"),
        ("cold_item_val.csv", lines("0,2", "0,3"), r"cold_item_test.csv, line 2: .* already in"),
        ("cold_item_val.csv", lines("3,0"), r"cold_item_val.csv, line 2: .* cold in one file"),
    ],
)
def test_what_does_not_fit_is_refused_with_file_and_line(tiny, name, content, sentence):
    file = tiny[1] / name
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(DataError, match=sentence):
        split_of(tiny)


def test_damaged_files_are_refused(tiny):
    file = tiny[1] / "warm_val.csv"
    file.write_bytes(b"user,item\n2,1\n\xff,1\n")
    with pytest.raises(DataError, match=r"warm_val.csv, line 3: byte 0xff is not UTF-8"):
        split_of(tiny)
    file.unlink()
    (tiny[1] / "warm_val.csv.gz").write_bytes(gzip.compress(b"user,item\n2,1\n")[:-6])
    with pytest.raises(DataError, match=r"warm_val.csv.gz: the gzip file is truncated"):
        split_of(tiny)


def test_a_pair_that_is_no_positive_is_refused(tiny):
    data, folder = tiny
    disliked = replace(data, positive=data.positive & (np.arange(len(data.positive)) != 5))
    with pytest.raises(DataError, match=r"warm_val.csv, line 2: .* of the dataset that counts"):
        split_of((disliked, folder))
    assert split_of((disliked, folder), task="rating").validation["warm/warm/k=0"].truth.nnz == 1


def test_scenarios_that_the_files_do_not_serve(tiny):
    data, folder = tiny
    for scenario in (Grid, NewUser):
        with pytest.raises(SplitError, match="has cold items only and scenario"):
            scenario(strategy="published", files=str(folder)).split(data, 0)
    with pytest.raises(SplitError, match="strategy=published needs files=FOLDER"):
        NewItem(strategy="published").split(data, 0)
