"""One training, and for each group of tasks the weights that are best for it."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from coldbench.benchmarks.evaluation.evaluate import EvaluationSettings, evaluate
from coldbench.benchmarks.evaluation.validation import split
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.parameters import parameter
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.training import CheckpointFolder, TrainerSettings
from coldbench.datasets.validation_score import ValidationScore
from coldbench.datasets.world import Resources
from coldbench.methods.base import FactorMethod, Family
from coldbench.methods.training.fitting import fit_module
from coldbench.methods.training.group_networks import network_of_group
from coldbench.methods.training.lightning_method import LightningMethod
from coldbench.methods.training.network import NetworkMethod

GROUPS = {"new_item": 0.2, "new_user": 0.9, "both": 0.2, "warm": 0.55}
"""Where the weight is best for each group, on its way from 0 to 1."""


class Way(torch.nn.Module):
    """A weight that training moves from 0 towards 1, and one that stays."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.frozen = torch.nn.Parameter(torch.ones(1000), requires_grad=False)
        self.register_buffer("table", torch.zeros(1000), persistent=False)

    def loss(self, batch):
        return (self.weight - 1).square().sum() + 0 * batch.sum()

    @property
    def at(self):
        return float(self.weight.detach())


def apart(weight):
    """Return what ``validate`` says of a weight: each group has a peak of its own."""
    values = {name: 1 - (weight - best) ** 2 for name, best in GROUPS.items()}
    return ValidationScore(values, values, [name for name in values if name != "warm"])


def epoch(number):
    return [torch.zeros(1)] * 5


def walk(train, net=None, validate=None, **options):
    net = net or Way()
    options = {"epochs": 60, "patience": 12} | options
    log = fit_module(
        net,
        epoch,
        train,
        optimiser=lambda weights: torch.optim.SGD(weights, lr=0.008),
        validate=validate or (lambda: apart(net.at)),
        **options,
    )
    return net, log


@pytest.fixture
def train(world):
    return world.train([[1, 0], [0, 1]], seed=3)


def test_every_group_has_the_weights_that_are_best_for_it(train):
    """The mean of all tasks would answer each of them with one compromise."""
    net, log = walk(train)
    assert len(log.losses) < 60, "it stopped once no group gained"
    for group, best in GROUPS.items():
        reached = network_of_group(net, group).at
        curve = [value for _, value in log.validation_parts[f"group/{group}"]]
        assert reached == pytest.approx(best, abs=0.05)
        assert apart(reached).groups[group] == pytest.approx(max(curve), abs=1e-6)
        at = log.adequacy["groups"][group]
        assert at["step"] == 5 * at["epoch"] and at["validation"] == round(max(curve), 6)
    assert net.at == pytest.approx(0.43, abs=0.05), "the mean of the three that count"
    assert network_of_group(net, "another") is net
    assert network_of_group(net, "both") is network_of_group(net, "new_item")
    steps = {group: one["step"] for group, one in log.adequacy["groups"].items()}
    assert steps["new_item"] < steps["warm"] < steps["new_user"]


def test_it_goes_on_while_one_group_gains(train):
    """With one patience for the mean it had ended before new users were served."""
    _, together = walk(train, patience=4)
    alone = Way()
    _, mean = walk(train, alone, lambda: float(apart(alone.at)), patience=4)
    assert len(mean.losses) < len(together.losses)
    assert network_of_group(alone, "new_user").at < 0.7


def test_copies_share_what_training_does_not_change(train):
    net, _ = walk(train)
    other = network_of_group(net, "new_user")
    assert other.frozen is net.frozen and other.table is net.table
    assert other.weight is not net.weight and not other.training
    assert set(net.state_dict()) == {"weight", "frozen"}, "copies are no part of the network"


class Died(Exception):
    pass


@pytest.mark.parametrize("last", [1, 4, 15, 30])
def test_a_training_that_died_keeps_the_same_weights_for_every_group(train, tmp_path, last):
    whole, log = walk(train)
    dying, calls = Way(), iter(range(100))

    def validate():
        if next(calls) >= last:
            raise Died
        return apart(dying.at)

    def kept():
        return replace(train, trainer=TrainerSettings(checkpoints=CheckpointFolder(tmp_path)))

    with pytest.raises(Died):
        walk(kept(), dying, validate)
    resumed, again = walk(kept())
    assert again.as_json() == log.as_json()
    for group in (*GROUPS, "another"):
        assert network_of_group(resumed, group).at == network_of_group(whole, group).at


@pytest.mark.slow
def test_forked_ranks_bring_the_weights_of_all_groups_back(train):
    several = replace(train, resources=Resources(devices=2))
    nets = [walk(several, epochs=90) for _ in range(2)]
    assert nets[0][1].as_json() == nets[1][1].as_json()
    for group, best in GROUPS.items():
        first, second = (network_of_group(net, group).at for net, _ in nets)
        assert first == second and first == pytest.approx(best, abs=0.05)


def test_a_network_that_cannot_be_copied_says_so(train):
    class Uncopied(Way):
        def __deepcopy__(self, memo):
            raise RuntimeError("no copies of me")

    with pytest.raises(ColdbenchError, match=r"Uncopied cannot be copied \(no copies of me\)"):
        walk(train, Uncopied())


@dataclass
class Walker(NetworkMethod, FactorMethod):
    """Scores are the weight times the candidate's position: they tell which weights answer."""

    learning_rate: float = parameter(0.02, "step", minimum=0)
    epochs: int | None = parameter(60, "passes", minimum=1)
    patience: int = parameter(12, "validations", minimum=1)

    family: ClassVar[Family] = Family.HYBRID

    def fit(self, train):
        self.net_ = Way()
        own = replace(train, validate=lambda method: apart(method.net_.at))
        self.log_ = self.train_with_adam(epoch, own)
        return self

    def user_factors(self, users):
        return np.full((len(users), 1), self.net_.at, dtype=np.float32)

    def item_factors(self, items):
        return np.arange(1, len(items) + 1, dtype=np.float32)[:, None]

    def extra_state(self):
        return {}

    def rebuild_network(self, state):
        return Way()


@pytest.fixture(scope="module")
def grid():
    return split(Planted(n_users=240, n_items=200, n_topics=4).load(), Grid(), 0)


@pytest.fixture
def walker(grid):
    return Walker().fit(grid.train)


def test_each_task_is_answered_by_the_weights_of_its_group(walker, grid):
    for task in grid.test.values():
        group = task.query.group
        answer = walker.score(task.query)[0, 0]
        assert answer == pytest.approx(GROUPS[group], abs=0.05)
        assert walker.for_group(group).score(task.query)[0, 0] == answer
    assert walker.for_group("new_user") is walker.for_group("new_user")
    assert walker.for_group("both") is walker.for_group("new_item")
    assert walker.for_group("new_user").for_group("new_item") is walker.for_group("new_user")


def test_the_evaluation_asks_each_group_and_encodes_once_for_equal_weights(walker, grid):
    seen = []

    class Spied(Walker):
        def user_factors(self, users):
            seen.append(self.net_.at)
            return super().user_factors(users)

        def item_factors(self, items):
            encoded.append((self.net_.at, id(items)))
            return super().item_factors(items)

    encoded = []
    method = Spied().fit(grid.train)
    settings = EvaluationSettings(bootstrap=0)
    for name, task in grid.test.items():
        seen.clear()
        evaluate(method, {name: task}, grid.train, settings, seed=0)
        assert set(seen) == {method.for_group(task.query.group).net_.at}, name
    encoded.clear()
    evaluate(method, grid.test, grid.train, settings, seed=0)
    queries = [task.query for task in grid.test.values()]
    wanted = {(method.for_group(one.group).net_.at, id(one.items)) for one in queries}
    assert sorted(encoded) == sorted(wanted), "no set twice by the same weights"


def test_validation_at_the_end_asks_each_group(walker, grid):
    seen = {}

    class Spied(type(walker)):
        def user_factors(self, users):
            seen.setdefault(bool((users.known < 0).any()), set()).add(self.net_.at)
            return super().user_factors(users)

    method = Spied().fit(grid.train)
    grid.train.validate(method)
    assert seen[True] == {method.for_group(one).net_.at for one in ("new_user", "both")}
    assert seen[False] == {method.for_group(one).net_.at for one in ("new_item", "warm")}


def test_save_and_load_keep_the_weights_of_all_groups(walker, grid, tmp_path):
    walker.save(tmp_path / "state.npz")
    again = Walker().load(tmp_path / "state.npz")
    for task in grid.test.values():
        assert np.array_equal(again.score(task.query), walker.score(task.query))
    assert again.report() == walker.report()
    assert again.for_group("both") is again.for_group("new_item")


def test_a_second_fit_forgets_the_first(walker, grid):
    before = walker.for_group("new_user")
    walker.fit(grid.train)
    assert walker.for_group("new_user") is not before
    assert walker.for_group("new_user").net_ is not before.net_


class Module(pl.LightningModule):
    """A plugin's module: nothing of ours."""

    def __init__(self):
        super().__init__()
        self.way = Way()

    def training_step(self, batch, index):
        return self.way.loss(batch)

    def configure_optimizers(self):
        return torch.optim.SGD([self.way.weight], lr=0.008)


@dataclass
class Plugin(LightningMethod, FactorMethod):
    """A third party's method with the fields of before."""

    epochs: int = parameter(40, "passes", minimum=1)
    patience: int = parameter(12, "validations", minimum=1)

    family: ClassVar[Family] = Family.HYBRID

    def module(self):
        return Module()

    def training_data(self, train):
        return epoch

    def chance_loss(self, train):
        return 1.0

    def user_factors(self, users):
        return np.full((len(users), 1), self.net_.way.at, dtype=np.float32)

    def item_factors(self, items):
        return np.ones((len(items), 1), dtype=np.float32)


def test_a_plugins_lightning_method_keeps_groups_and_adequacy_by_default(train, tmp_path):
    own = replace(train, validate=lambda method: apart(method.net_.way.at))
    method = Plugin().fit(own)
    for group, best in GROUPS.items():
        assert method.for_group(group).net_.way.at == pytest.approx(best, abs=0.05)
    told = method.report()["training"]["adequacy"]
    assert told["chance_loss"] == 1.0 and set(told["groups"]) == set(GROUPS)
    method.save(tmp_path / "state.npz")
    again = Plugin().load(tmp_path / "state.npz")
    assert again.for_group("new_user").net_.way.at == method.for_group("new_user").net_.way.at


def test_a_plugin_without_any_bound_is_refused_with_the_remedy(train):
    @dataclass
    class Unbounded(Plugin):
        epochs: int | None = None

    with pytest.raises(ColdbenchError, match=r"nothing bounds the training of Module: .*max_steps"):
        Unbounded().fit(train)


def test_steps_bound_validate_and_floor_a_training(train):
    _, log = walk(train, epochs=None, max_steps=42, patience=None, validate_every_steps=12)
    assert log.steps == 42 and log.validation_steps == [15, 30, 42]
    assert log.adequacy["cap_reached"] and log.adequacy["still_rising"]
    for floor, least in ((0, 15), (120, 120)):
        _, log = walk(
            train, Way(), lambda: 0.5, epochs=None, max_steps=4_000, patience=None,
            patience_steps=10, min_steps=floor, validate_every_steps=1,
        )  # fmt: skip
        assert least <= log.steps <= least + 15


def test_validations_are_dense_early_and_few_in_all(train):
    _, log = walk(
        train, validate=lambda: 0.5, epochs=None, max_steps=1000, patience=None,
        validate_every_steps=10,
    )  # fmt: skip
    steps = log.validation_steps
    assert steps[:10] == list(range(10, 101, 10)), "as often as asked in the beginning"
    assert len(steps) < 40 and steps[-1] == 1000
    # An epoch has 5 steps; the last validation comes whenever the training ends.
    for before, after in pairwise(steps[9:-1]):
        assert 0.1 * before <= after - before < 0.1 * before + 5


def test_a_long_epoch_is_validated_inside(train):
    """One epoch is longer than the whole training; each group still has its own weights."""
    net, reported = Way(), []
    settings = TrainerSettings(report=lambda count, groups: reported.append(count))
    log = fit_module(
        net,
        lambda number: [torch.zeros(1)] * 5000,
        replace(train, trainer=settings),
        optimiser=lambda weights: torch.optim.SGD(weights, lr=0.008),
        validate=lambda: apart(net.at),
        max_steps=800,
        patience_steps=250,
        validate_every_steps=10,
        batches_per_step=5,
    )
    assert log.validation_steps[:4] == [20, 40, 60, 80] and log.epochs == 1
    assert log.steps == log.validation_steps[-1] < 800, "patience ends it inside the epoch"
    assert reported == list(range(1, len(log.validation_steps) + 1)), "each is told once"
    for group, best in GROUPS.items():
        assert network_of_group(net, group).at == pytest.approx(best, abs=0.1)


def test_a_validation_at_the_end_of_an_epoch_is_made_once(train):
    _, log = walk(train, epochs=4, patience=None, validate_every_steps=2)
    assert log.validation_steps == [5, 10, 15, 20]
