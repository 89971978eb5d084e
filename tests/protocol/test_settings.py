import numpy as np
import pytest
from coldbench.datasets.errors import SplitError
from coldbench.datasets.protocol.scenarios import Grid, NewItem, NewUser, NewUserNewItem, Warm
from omegaconf import OmegaConf

ALL = [Warm, NewItem, NewUser, NewUserNewItem, Grid]


@pytest.mark.parametrize(
    ("scenario", "settings", "sentence"),
    [
        (Warm, {"train_fraction": 1.2}, r"Warm.train_fraction = 1.2 must be below 1"),
        (Warm, {"test_fraction": 0.0}, r"Warm.test_fraction = 0.0 must be above 0"),
        (Warm, {"validation_fraction": -0.1}, r"validation_fraction = -0.1 must be above 0"),
        (Warm, {"train_fraction": float("nan")}, r"train_fraction = nan must be above 0"),
        (Grid, {"train_fraction": 0.7}, r"add up to 0.9; they must add up to 1"),
        (Grid, {"cold_fraction": 1.0}, r"Grid.cold_fraction = 1.0 must be below 1"),
        (NewItem, {"cold_fraction": -0.2}, r"cold_fraction = -0.2 must be above 0"),
        (NewUser, {"shots": []}, r"shots=\[\] are not increasing whole numbers"),
        (NewUser, {"shots": [-1, 0]}, r"NewUser.shots\[0\] = -1 must be at least 0"),
        (NewUser, {"shots": [0, 5, 1]}, r"shots=\[0, 5, 1\] are not increasing"),
        (NewUserNewItem, {"shots": [0, 1, 1]}, r"shots=\[0, 1, 1\] are not increasing"),
        (NewItem, {"shots": [0.5]}, r"shots=\[0.5\] are not increasing whole numbers"),
        (Grid, {"item_shots": [3, 2]}, r"item_shots=\[3, 2\] are not increasing"),
        (Warm, {"quantiles": [0.9, 0.8]}, r"quantiles=\[0.9, 0.8\] are not two increasing shares"),
        (Warm, {"quantiles": [0.8]}, r"quantiles=\[0.8\] are not two increasing shares"),
        (Warm, {"quantiles": [0.8, 1.0]}, r"Warm.quantiles\[1\] = 1.0 must be below 1"),
    ],
)
def test_nonsense_is_refused_before_any_work(scenario, settings, sentence):
    with pytest.raises(SplitError, match=sentence):
        scenario(**settings).split(None, 0)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(SplitError, match=r"is not a whole number from 0 up"):
        Warm().split(None, seed)


def test_a_numpy_seed_is_a_seed(data):
    one, two = Warm().split(data, np.int64(4)), Warm().split(data, 4)
    assert one.fingerprint == two.fingerprint
    assert type(one.train.seed) is int


def test_choices_are_taken_by_value_and_mistakes_named():
    assert Grid(strategy="temporal") == Grid(strategy=Grid().strategy.TEMPORAL)
    with pytest.raises(SplitError, match="strategy='tempral' is none of: random, temporal, pub"):
        Grid(strategy="tempral")
    with pytest.raises(SplitError, match="task='regression' is none of: ranking, rating"):
        Warm(task="regression")


@pytest.mark.parametrize("scenario", ALL)
def test_a_scenario_is_a_schema_of_its_own(scenario):
    config = OmegaConf.structured(scenario)
    assert OmegaConf.to_object(config) == scenario()
    assert scenario.version == 2


def test_the_names_are_those_of_the_entry_points():
    from importlib.metadata import entry_points

    offered = {one.name: one.load() for one in entry_points(group="coldbench.scenarios")}
    for scenario in ALL:
        assert offered[scenario.name] is scenario
