"""Numbers as features: a standardised value and overlapping bins, fitted to warm entities."""

from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.protocol.views.number_encoding import place_centres, share_among_bins
from coldbench.datasets.protocol.views.side_view import view_side
from coldbench.datasets.side_information import (
    NumericEncoding,
    Provenance,
    Side,
    SideInformation,
    Track,
)
from coldbench.datasets.sources.building.feature_columns import make_categorical, make_numeric

YEARS = [1950, 1980, 1990, 1994, 1995, 1996, 2000, 2004, 2008, 2010, 2011, 2012, None, 2013]


def view_of(numbers, warm=None, name="year"):
    column = make_numeric(name, Provenance.INTRINSIC, numbers, dated=True)
    genre = make_categorical("genre", Provenance.EDITORIAL, [["Drama"]] * len(numbers))
    rows = np.arange(len(numbers) if warm is None else warm, dtype=np.int32)
    side = SideInformation((genre, column))
    return view_side(Side.ITEM, side, len(numbers), Track.STRICT, rows, rows, None)


def block(view, group):
    at = [i for i, one in enumerate(view.feature_groups) if one == group]
    return view.features[:, at].toarray(), [view.feature_names[i] for i in at]


def test_both_blocks_stand_side_by_side_and_say_which_they_are():
    view = view_of(YEARS)
    value, names = block(view, "value")
    assert names == ["year"]
    np.testing.assert_allclose(value[:, 0].mean(), 0, atol=1e-6)
    bins, names = block(view, "category")
    assert names[0] == "year~1950" and names[-1] == "year~2013" and len(names) > 5
    assert [n for n, g in zip(view.feature_names, view.feature_groups, strict=True) if not g] == [
        "genre=Drama"
    ]
    known = np.array([year is not None for year in YEARS])
    np.testing.assert_allclose(bins.sum(axis=1), known, rtol=1e-6)
    assert bins.min() >= 0


def test_near_years_share_weight_and_far_ones_none():
    rng = np.random.default_rng(0)
    years = [1900, *rng.integers(1920, 2014, 500).tolist(), 1994, 1997, 1930, 2030]
    bins, _ = block(view_of(years, warm=501), "category")
    at_1994, at_1997, at_1930, beyond = bins[501:]
    cosine = at_1994 @ at_1997 / np.linalg.norm(at_1994) / np.linalg.norm(at_1997)
    assert 0.3 < cosine < 1
    assert at_1994 @ at_1930 == 0
    assert beyond.argmax() == len(beyond) - 1, "beyond the outermost: as the outermost"


def test_weights_fall_linearly_with_the_distance_in_bins():
    column = make_numeric("price", Provenance.INTRINSIC, [0.0, 1.0, 2.5, 9.0]).matrix
    shares = share_among_bins(column, np.array([0.0, 1.0, 4.0])).toarray()
    np.testing.assert_allclose(shares[2], [0, 0.5, 0.5], atol=1e-6)
    assert shares[0].argmax() == 0 and shares[1].argmax() == 1 and shares[3].argmax() == 2


def test_bins_are_quantiles_of_known_values():
    few = np.array([3.0, 1.0, 3.0, 2.0])
    assert place_centres(few).tolist() == [1, 2, 3]
    many = np.random.default_rng(1).exponential(size=2000)
    centres = place_centres(many)
    assert set(centres) <= set(many) and (np.diff(centres) > 0).all()
    counts = np.histogram(many, centres)[0]
    assert counts.min() > 0.8 * counts.max(), "as many values between one pair as another"


@pytest.mark.parametrize("numbers", [[7.0, 7.0, 7.0], [None, None, None], [None, 4.0, None]])
def test_a_number_that_tells_nothing_apart_has_no_bins(numbers):
    view = view_of(numbers)
    assert "category" not in view.feature_groups


def test_bins_are_fitted_to_warm_entities_alone():
    before, after = view_of(YEARS, warm=8), view_of([*YEARS[:8], 1, 2, 3, 4, 5, 6], warm=8)
    assert before.feature_names == after.feature_names
    assert (before.features[:8] != after.features[:8]).nnz == 0
    assert before.feature_names != view_of(YEARS, warm=13).feature_names


def test_a_method_keeps_the_block_it_wants(data):
    split = Grid(side_information="transductive").split(data, 0)
    train = split.train
    both = train.encoded(NumericEncoding.BOTH)
    assert both.items is train.items and both.users is train.users
    value, category = (train.encoded(NumericEncoding(one)) for one in ("value", "category"))
    bins = [name for name in train.items.feature_names if name.startswith("year~")]
    assert len(bins) > 5
    for side in ("users", "items", "unseen_users", "unseen_items"):
        names = getattr(train, side).feature_names
        assert getattr(value, side).feature_names == tuple(n for n in names if "~" not in n)
        assert getattr(category, side).feature_names == tuple(n for n in names if n != "year")
        kept = getattr(value, side).features
        assert kept.shape[1] == len(getattr(value, side).feature_names)
        assert not kept.data.flags.writeable
    task = split.test["new_item/cold/k=0"].query.items
    assert task.encoded(NumericEncoding.VALUE).feature_names == value.items.feature_names
    nobody = task.take(slice(0, 0)).encoded(NumericEncoding.VALUE)
    assert nobody.features.shape == (0, len(value.items.feature_names))


def test_release_dates_are_raw_and_reach_the_candidates(data):
    assert Grid().split(data, 0).train.items.released is None, "no column is dated"
    columns = tuple(replace(one, dated=one.name == "year") for one in data.items.columns)
    dated = replace(data, items=replace(data.items, columns=columns))
    split = Grid().split(dated, 0)
    raw = data.items.columns[3].matrix.toarray()[:, 0]
    np.testing.assert_array_equal(split.train.items.released, raw[split.items])
    task = split.test["new_item/cold/k=0"]
    np.testing.assert_array_equal(task.query.items.released, raw[task.items])
    np.testing.assert_array_equal(task.query.items.take([1, 0]).released, raw[task.items[[1, 0]]])
    assert task.query.users.released is None
    assert not task.query.items.released.flags.writeable
    assert dated.sha256 != data.sha256


def test_an_unknown_release_date_is_not_a_number():
    assert np.isnan(view_of([1990, None, 2000]).released).tolist() == [False, True, False]
