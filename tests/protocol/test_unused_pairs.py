"""Which pairs play no role: counted by the split, and counted here with plain loops."""

import pytest
from coldbench.datasets.protocol.paper_scenarios import ClickThrough
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
from coldbench.datasets.sources.films.movietweetings import MovieTweetings

NESTED = [Grid, NewItem, NewUser, NewUserNewItem, Warm]


@pytest.fixture(scope="module")
def films():
    return MovieTweetings().load()


def stored(matrix):
    """Return (row, column) of every stored entry, zeros included."""
    return [
        (row, int(column))
        for row in range(matrix.shape[0])
        for column in matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    ]


def roles(split):
    """Return every pair of dataset indices that something in the split is made of."""
    users, items = split.users.tolist(), split.items.tolist()
    pairs = split.train.interactions
    used = {(users[u], items[i]) for u, i in zip(pairs.users, pairs.items, strict=True)}
    for task in [*split.validation.values(), *split.test.values()]:
        evaluated, ranked = task.users.tolist(), task.items.tolist()
        for matrix in (task.truth, task.masked):
            used |= {(evaluated[row], ranked[column]) for row, column in stored(matrix)}
        used |= {
            (evaluated[row], items[column]) for row, column in stored(task.query.users.history)
        }
        used |= {(users[column], ranked[row]) for row, column in stored(task.query.items.history)}
    return used


def unused(data, split, rating=False):
    pairs = data.interactions if rating else data.positives
    every = set(zip(pairs.users.tolist(), pairs.items.tolist(), strict=True))
    used = roles(split)
    assert used <= every
    return len(every - used)


@pytest.mark.parametrize("strategy", ["random", "temporal"])
@pytest.mark.parametrize("scenario", NESTED)
def test_the_count_is_that_of_plain_loops(films, scenario, strategy):
    split = scenario(strategy=strategy).split(films, 0)
    assert split.facts["unused_pairs"] == unused(films, split)


@pytest.mark.parametrize(
    ("scenario", "settings"),
    [
        (Grid, {"shots": [0, 2], "cold_fraction": 0.4}),
        (Grid, {"task": "rating"}),
        (NewItem, {"shots": [0, 3]}),
        (NewUser, {"shots": [0, 20]}),
        (Warm, {"task": "rating"}),
        (Grid, {"task": "click"}),
        (ClickThrough, {}),
    ],
)
def test_with_other_settings_too(data, scenario, settings):
    split = scenario(**settings).split(data, 1)
    assert split.facts["unused_pairs"] == unused(data, split, settings.get("task") == "rating")


def test_pairs_between_the_two_cold_parts_and_of_users_left_out_are_unused(films):
    facts = Grid().split(films, 0).facts
    assert facts["unused_pairs"] == 4560
    assert facts["pairs"] == 68_055
