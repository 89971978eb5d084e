"""Another dataset to train on before: the same split, and no cold item of it in disguise."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from coldbench.benchmarks.conformance.test_splits import list_view_parts
from coldbench.benchmarks.evaluation.validation import with_validation
from coldbench.benchmarks.isolation.read_only import make_read_only
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import NoValidationError, SplitError
from coldbench.datasets.hashing import hash_content
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.protocol.transfer import Transfer, find_shared_items, normalise_title
from coldbench.datasets.side_information import Track
from coldbench.datasets.sources.planted.source import Planted
from coldbench.methods.content.content_knn import ContentKNN

SEED = 5


@dataclass
class FromHere(Transfer):
    """Takes its source as an object."""

    def load_source(self) -> Dataset:
        return self.given

    given: Any = None


def retitled(data: Dataset, titles: dict[int, str]) -> Dataset:
    """Return the dataset with the titles of some items changed, and no plots."""
    first = data.items.texts[0]
    values = [titles.get(at, title) for at, title in enumerate(first.values)]
    return replace(data, items=replace(data.items, texts=(replace(first, values=values),)))


@pytest.fixture(scope="module")
def source(make):
    """Return a dataset whose items are called ``other 0`` and so on."""
    data = make(n_users=60, n_items=50, seed=9)
    return retitled(data, {at: f"other {at}" for at in range(50)})


@pytest.fixture(scope="module")
def target(data):
    return retitled(data, {})


def cold_and_warm(data, split):
    cold = np.setdiff1d(np.arange(len(data.item_ids)), split.items)
    return cold, split.items


def test_the_target_is_split_as_in_the_grid(target, source):
    plain, made = Grid().split(target, SEED), FromHere(given=source).split(target, SEED)
    assert hash_content(*list_view_parts(replace(made.train, source=None))) == hash_content(
        *list_view_parts(plain.train)
    )
    for one, other in ((plain.validation, made.validation), (plain.test, made.test)):
        assert list(one) == list(other)
        for name, task in one.items():
            same = (task.truth != other[name].truth).nnz + (task.masked != other[name].masked).nnz
            assert same == 0
            assert np.array_equal(task.users, other[name].users)
            assert np.array_equal(task.items, other[name].items)
    assert {k: v for k, v in made.facts.items() if not k.startswith("source")} == plain.facts


def test_a_method_that_does_not_look_at_the_source_scores_as_in_the_grid(target, source):
    scores = []
    for scenario in (Grid(), FromHere(given=source)):
        split = with_validation(scenario.split(target, SEED), scenario)
        fitted = ContentKNN().fit(split.train)
        scores.append([fitted.score(task.query) for task in split.test.values()])
    assert all(np.array_equal(*pair) for pair in zip(*scores, strict=True))


def test_the_source_is_a_training_data_of_its_own(target, source):
    view = FromHere(given=source).split(target, SEED).train.source
    assert view.interactions.n_items == len(view.items) <= 50
    assert len(view.interactions) == int(source.positive.sum())
    assert view.unseen_items is None and view.seed == SEED
    assert sorted(view.items.text) == sorted(f"other {at}" for at in range(50))
    with pytest.raises(NoValidationError):
        view.validate(lambda query: None)


def test_items_that_are_cold_in_the_target_are_left_out(target, source):
    split = Grid().split(target, SEED)
    cold, warm = cold_and_warm(target, split)
    called = target.items.texts[0].values
    twins = retitled(source, {0: called[cold[0]].upper() + "!", 1: called[warm[0]], 2: ""})
    made = FromHere(given=twins).split(target, SEED)
    per_item = np.bincount(source.positives.items, minlength=50)
    assert made.facts["source_shared_items"] == 1
    assert made.facts["source_pairs_left_out"] == per_item[0] > 0
    assert made.facts["source_pairs"] == per_item[1:].sum()
    texts = set(made.train.source.items.text)
    assert called[warm[0]] in texts and not any(t.lower() == called[cold[0]] + "!" for t in texts)
    kept = FromHere(given=twins, shared_items=True).split(target, SEED)
    assert kept.facts["source_pairs"] == per_item.sum()
    assert kept.facts["source_shared_items"] == 1 and kept.fingerprint != made.fingerprint


def test_titles_are_the_same_in_other_words(target):
    same = ["Lion King, The (1994)", "The Lion King (1994)", "the  LION king (1994)"]
    assert len({normalise_title(one) for one in same}) == 1
    assert normalise_title("Amélie (2001)") == normalise_title("Amelie (2001)")
    assert normalise_title("Solaris (1972)") != normalise_title("Solaris (2002)")
    assert normalise_title(" ... ") == ""
    nobody = np.zeros(len(target.item_ids), dtype=bool)
    assert not find_shared_items(target, target, nobody, Track.STRICT).any()
    assert find_shared_items(target, target, ~nobody, Track.STRICT).all()


def test_the_fingerprint_and_the_facts_name_the_source(target, source, make):
    made = FromHere(given=source).split(target, SEED)
    again = FromHere(given=source).split(target, SEED)
    assert made.fingerprint == again.fingerprint != Grid().split(target, SEED).fingerprint
    assert made.facts["source_sha256"] == source.sha256
    other = FromHere(given=make(n_users=61, n_items=50, seed=9)).split(target, SEED)
    assert other.fingerprint != made.fingerprint


def test_what_makes_no_source_is_refused(target, source):
    with pytest.raises(SplitError, match=r"scenario\.source=no is no dataset"):
        Transfer(source="no").split(target, SEED)
    with pytest.raises(SplitError, match="the very dataset"):
        FromHere(given=target).split(target, SEED)
    split = Grid().split(target, SEED)
    cold, _ = cold_and_warm(target, split)
    title = target.items.texts[0].values[cold[0]]
    twins = retitled(source, dict.fromkeys(range(50), title))
    with pytest.raises(SplitError, match="no interaction of scenario"):
        FromHere(given=twins).split(target, SEED)


def test_nothing_after_the_training_of_a_temporal_split_is_seen(source, make):
    target = Planted().load()
    times = target.interactions.timestamps
    rng = np.random.default_rng(0)
    dated = replace(
        source.interactions,
        timestamps=rng.integers(times.min(), times.max(), len(source.interactions)),
    )
    source = replace(source, interactions=dated)
    made = FromHere(given=source, strategy="temporal").split(target, SEED)
    last = made.train.interactions.timestamps.max()
    assert made.train.source.interactions.timestamps.max() <= last
    assert made.facts["source_pairs_left_out"] == (source.positives.timestamps > last).sum() > 0
    timeless = make(n_items=50, seed=9, times=False)
    with pytest.raises(SplitError, match="needs the times of scenario"):
        FromHere(given=timeless, strategy="temporal").split(target, SEED)


def test_the_source_is_read_only_too(target, source):
    view = make_read_only(FromHere(given=source).split(target, SEED)).train.source
    with pytest.raises(ValueError):
        view.interactions.items.setflags(write=True)
    with pytest.raises(ValueError):
        view.items.history.data[0] = 2
