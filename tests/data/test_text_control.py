"""A dataset with its texts taken away is the same dataset in all else, on the same splits."""

import numpy as np
import pytest
from coldbench.benchmarks.config.dataset_name import find_dataset_name
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.datasets.errors import DataError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.films.movietweetings import MovieTweetings
from coldbench.datasets.sources.text_control import TextControl


@pytest.fixture(scope="module")
def original():
    return MovieTweetings().load()


@pytest.fixture(scope="module")
def shuffled():
    return TextControl().load()


def test_every_item_has_the_texts_of_another_one(original, shuffled):
    ours, theirs = (
        list(zip(*(t.values for t in d.items.texts), strict=True)) for d in (shuffled, original)
    )
    assert sorted(ours) == sorted(theirs)  # title and genres of a film stay together
    assert sum(one == other for one, other in zip(ours, theirs, strict=True)) < 3  # equal titles
    again = TextControl().load()
    assert again.sha256 == shuffled.sha256 != original.sha256


def test_all_else_is_as_it_was(original, shuffled):
    for name in ("user_ids", "item_ids", "positive"):
        assert np.array_equal(getattr(shuffled, name), getattr(original, name))
    assert shuffled.items.columns == original.items.columns
    assert (
        shuffled.graph is original.graph or shuffled.graph.heads.shape == original.graph.heads.shape
    )
    assert shuffled.rule.endswith("; the texts of the items are shuffled")


def test_the_split_is_the_same(original, shuffled):
    ours, theirs = (Grid().split(one, 3) for one in (shuffled, original))
    assert np.array_equal(ours.train.interactions.items, theirs.train.interactions.items)
    for name, task in theirs.test.items():
        assert (ours.test[name].truth != task.truth).nnz == 0
        assert np.array_equal(ours.test[name].items, task.items)
    assert list(ours.train.items.text) != list(theirs.train.items.text)


def test_a_column_is_left_out(original):
    made = TextControl(shuffled=False, without=["title"]).load()
    assert [one.name for one in made.items.texts] == ["genres"]
    assert made.items.texts[0] == original.items.texts[1]
    assert made.name == "movietweetings.without-title"


def test_attributes_take_the_place_of_the_texts(original):
    made = TextControl(shuffled=False, attributes=True).load()
    assert [one.name for one in made.items.texts] == [one.name for one in original.items.columns]
    assert [one.provenance for one in made.items.texts] == [
        one.provenance for one in original.items.columns
    ]
    title = original.items.texts[0].values
    at = list(title).index("All Quiet on the Western Front (1930)")
    written = [one.values[at] for one in made.items.texts]
    assert written == ["genre: Drama, War", "decade: 1930s", "year: 1930"]
    split = Grid().split(made, 3)
    assert "Quiet" not in " ".join(split.train.items.text)
    assert made.rule.endswith("; the texts of the items are their attributes")


def test_records_call_it_by_what_was_changed():
    for words, name in (
        ([], "movietweetings.shuffled"),
        (["dataset.of=ml-100k"], "ml-100k.shuffled"),
        (["dataset.attributes=true", "dataset.shuffled=false"], "movietweetings.attributes"),
        (["dataset.without=[title,genres]"], "movietweetings.shuffled.without-title-genres"),
    ):
        run = compose_run(["method=random", "dataset=text_control", "scenario=grid", *words])
        assert find_dataset_name(run.dataset) == name


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"of": "nothing"}, "dataset.of=nothing is no dataset .* coldbench list datasets"),
        ({"of": "text_control"}, "is no dataset that can be changed"),
        ({"shuffled": False}, "leave movietweetings as it is; use dataset=movietweetings"),
        ({"without": ["plot"]}, "have no plot; their texts are title, genres"),
        ({"of": "planted", "attributes": True, "without": ["plot"]}, "have no plot; their texts"),
    ],
)
def test_what_cannot_be_taken_away_is_refused(settings, told):
    with pytest.raises(DataError, match=told):
        TextControl(**settings).load()
