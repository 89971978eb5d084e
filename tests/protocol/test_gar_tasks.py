"""The tasks of the GAR and ALDI papers, counted from the split files by plain loops."""

import csv
import gzip

import numpy as np
import pytest
from coldbench.datasets.errors import SplitError
from coldbench.datasets.protocol.scenarios import NewItem, NewItemGAR

USERS = 2000
FILES = ("warm_emb.csv.gz", "warm_val.csv", "warm_test.csv", "cold_item_val.csv",
         "cold_item_test.csv")  # fmt: skip


def pairs_of(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [(int(row["user"]), int(row["item"])) for row in csv.DictReader(file)]


def by_user(pairs):
    found = {}
    for user, item in pairs:
        found.setdefault(user, set()).add(item)
    return found


@pytest.fixture(scope="module")
def parts(shared_data):
    return [pairs_of(shared_data / "citeulike-aldi-split" / name) for name in FILES]


@pytest.fixture(scope="module")
def split(shared_data):
    from coldbench.datasets.sources.citeulike import CiteULikeA

    data = CiteULikeA(path=str(shared_data / "citeulike-a")).load()
    files = str(shared_data / "citeulike-aldi-split")
    scenario = NewItemGAR(strategy="published", files=files)
    return data, scenario.split(data, 0), NewItem(strategy="published", files=files).split(data, 0)


def test_users_candidates_truth_and_masks_are_the_papers(split, parts):
    data, made, _ = split
    train, _, warm_test, cold_val, cold_test = parts
    warm_items = {item for _, item in train}
    cold_items = {item for _, item in cold_val} | {item for _, item in cold_test}
    everything = by_user(pair for part in parts for pair in part)
    warm, cold = by_user(warm_test), by_user(cold_test)
    both = {user: warm[user] | cold[user] for user in warm.keys() & cold.keys()}
    for name, truth, candidates in (
        ("gar/cold/k=0", cold, cold_items),
        ("gar/warm/k=0", warm, warm_items),
        ("gar/all/k=0", both, warm_items | cold_items),
    ):
        task = made.test[name]
        items = data.item_ids[task.items].astype(int)
        users = data.user_ids[task.users].astype(int)
        assert set(items) == candidates and len(items) == len(candidates)
        assert users.tolist() == sorted(truth)[:USERS]
        for row in range(0, USERS, 97):
            user = int(users[row])
            assert set(items[task.truth[row].indices]) == truth[user]
            assert set(items[task.masked[row].indices]) == (
                (everything[user] - truth[user]) & candidates
            )


def test_all_cold_items_are_candidates_and_training_is_that_of_new_item(split):
    _, made, plain = split
    assert len(made.test["gar/cold/k=0"].items) == 3396
    assert made.validation.keys() == plain.validation.keys()
    for name, task in plain.test.items():
        assert (made.test[name].truth != task.truth).nnz == 0
        assert (made.test[name].masked != task.masked).nnz == 0
    assert np.array_equal(made.train.interactions.users, plain.train.interactions.users)
    assert np.array_equal(made.train.interactions.items, plain.train.interactions.items)


def test_a_cold_item_of_either_part_has_no_history_and_no_index(split):
    task = split[1].test["gar/cold/k=0"]
    assert (task.query.items.known == -1).all() and task.query.items.history.nnz == 0


def test_nobody_to_ask_is_refused():
    with pytest.raises(SplitError, match="gar_users = 0 must be at least 1"):
        NewItemGAR(gar_users=0).check()
