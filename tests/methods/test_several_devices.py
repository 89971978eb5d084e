"""Training on several CPU processes (gloo): no batch is dropped, ranks agree, runs repeat."""

import hashlib
from dataclasses import replace
from itertools import islice

import pytest
import pytorch_lightning as pl
import torch
from coldbench.datasets.training import CheckpointFolder, TrainerSettings
from coldbench.datasets.world import Resources
from coldbench.methods.training.batches import TensorBatches
from coldbench.methods.training.fit_lightning import fit_lightning
from coldbench.methods.training.fitting import fit_module
from coldbench.methods.training.rounds import deal
from coldbench.methods.training.seeding import seeded
from torch.utils.data import DataLoader, TensorDataset

ROWS, SIZE = 72, 8


def points():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, 5, generator=generator)
    return x, x @ torch.arange(5.0)


class Network(torch.nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.layer = torch.nn.Linear(5, 1)
        self.dropout = torch.nn.Dropout(dropout)

    def loss(self, batch):
        x, y = batch
        return (self.layer(self.dropout(x))[:, 0] - y).square().mean()


class Module(pl.LightningModule):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.network = Network(dropout)

    def training_step(self, batch, index):
        return self.network.loss(batch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


class WriteWeights(pl.Callback):
    """Leaves a file with the hash of each rank's weights."""

    def __init__(self, folder):
        self.folder = folder

    def on_fit_end(self, trainer, module):
        told = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in module.parameters()))
        (self.folder / f"rank{trainer.global_rank}").write_text(told.hexdigest())


@pytest.fixture
def train(world):
    return world.train([[1, 0], [0, 1]], seed=3)


def on(train, devices, **settings):
    return replace(train, resources=Resources(devices=devices), trainer=TrainerSettings(**settings))


def batches(number):
    return lambda epoch: islice(TensorBatches(points(), SIZE, 3)(epoch), number)


def fit_network(train, number=3, dropout=0.0, lr=0.05, **options):
    with seeded(3):
        net = Network(dropout)
    log = fit_module(
        net,
        batches(number),
        train,
        optimiser=lambda w: torch.optim.SGD(w, lr=lr),
        **({"epochs": 2} | options),
    )
    return net, log


def by_rounds(ranks, number=3, epochs=2):
    """Return what training on several devices is to give, written down as one loop."""
    with seeded(3):
        net = Network()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(epochs):
        waiting = list(batches(number)(epoch))
        while waiting:
            one_round, waiting = waiting[:ranks], waiting[ranks:]
            optimiser.zero_grad()
            (sum(net.loss(batch) for batch in one_round) / len(one_round)).backward()
            optimiser.step()
    return net


@pytest.mark.parametrize(("number", "ranks"), [(3, 2), (1, 2), (5, 4), (8, 4), (0, 3), (7, 1)])
def test_every_batch_is_dealt_once_and_every_round_weighs_one(number, ranks):
    dealt = [list(deal(range(number), rank, ranks)) for rank in range(ranks)]
    assert len({len(one) for one in dealt}) == 1, "ranks take the same number of steps"
    real = [batch for one in dealt for batch, weight in one if weight]
    assert sorted(real) == list(range(number))
    for one_round in zip(*dealt, strict=True):
        weights = [weight for _, weight in one_round if weight]
        assert sum(weights) == pytest.approx(ranks) and len(set(weights)) == 1


@pytest.mark.slow
def test_the_incomplete_last_round_is_trained_on(train):
    """Three batches on two ranks: one of them was dropped."""
    net, log = fit_network(on(train, 2))
    expected = by_rounds(2)
    assert log.steps == 4 and log.devices == 2
    assert torch.allclose(net.layer.weight, expected.layer.weight, rtol=1e-5, atol=1e-6)
    alone = by_rounds(1)
    assert not torch.allclose(net.layer.weight, alone.layer.weight, rtol=1e-3)
    assert log.losses[0] == pytest.approx(_first_loss(), rel=1e-5), "the mean is over all batches"


def _first_loss():
    with seeded(3):
        net = Network()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    first, second, third = batches(3)(0)
    losses = [net.loss(first), net.loss(second)]
    optimiser.zero_grad()
    (sum(losses) / 2).backward()
    optimiser.step()
    return sum(one.item() for one in [*losses, net.loss(third)]) / 3


@pytest.mark.slow
def test_fewer_batches_than_ranks_are_enough(train):
    net, log = fit_network(on(train, 2), number=1)
    expected = by_rounds(2, number=1)
    assert log.steps == 2
    assert torch.allclose(net.layer.weight, expected.layer.weight, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_plain_module_with_a_loader_drops_nothing_either(train):
    """Nine batches on two ranks, each rank reading its own examples only."""

    def fit(devices):
        with seeded(3):
            module = Module()
        loader = DataLoader(TensorDataset(*points()), SIZE, shuffle=True)
        return module, fit_lightning(module, loader, on(train, devices), epochs=2)

    two, log = fit(2)
    again, _ = fit(2)
    assert log.steps == 10 and len(log.losses) == 2
    assert torch.equal(two.network.layer.weight, again.network.layer.weight)
    # The same loader as plain batches, whose rounds are known.
    with seeded(3):
        module = Module()
    seen = _orders(train)
    optimiser = module.configure_optimizers()
    for epoch in range(2):
        for at in range(0, 9, 2):
            one_round = seen[epoch * 9 + at : min(epoch * 9 + at + 2, epoch * 9 + 9)]
            optimiser.zero_grad()
            (sum(module.network.loss(b) for b in one_round) / len(one_round)).backward()
            optimiser.step()
    assert torch.allclose(
        two.network.layer.weight, module.network.layer.weight, rtol=1e-5, atol=1e-6
    )


def _orders(train):
    seen = []

    class Seeing(Module):
        def training_step(self, batch, index):
            seen.append(batch)
            return super().training_step(batch, index)

    loader = DataLoader(TensorDataset(*points()), SIZE, shuffle=True)
    fit_lightning(Seeing(), loader, on(train, 1), epochs=2)
    return seen


@pytest.mark.slow
def test_ranks_end_with_the_same_weights_and_a_run_repeats(train, tmp_path, monkeypatch):
    found = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr(
            pl.callbacks, "WriteWeights", lambda folder=folder: WriteWeights(folder), raising=False
        )
        values = iter([0.1, 0.9, 0.3, 0.2])
        net, log = fit_network(
            on(train, 2, callbacks={"WriteWeights": {}}),
            dropout=0.4, epochs=4, validate=lambda values=values: next(values),
        )  # fmt: skip
        assert log.best_epoch == 2 and [v for _, v in log.validation] == [0.1, 0.9, 0.3, 0.2]
        told = [(folder / f"rank{rank}").read_text() for rank in (0, 1)]
        assert told[0] == told[1]
        found.append((told[0], net.layer.weight.detach().clone(), log.losses))
    assert found[0][0] == found[1][0] and found[0][2] == found[1][2]
    assert torch.equal(found[0][1], found[1][1])


@pytest.mark.slow
def test_one_model_has_the_same_metric_values_on_any_number_of_ranks(train, tmp_path):
    """Every rank has the whole model; the first evaluates each query once."""
    values = {}
    for devices in (1, 2, 4):
        calls = tmp_path / f"calls{devices}"
        with seeded(3):
            net = Network()

        def validate(calls=calls, net=net):
            with calls.open("a") as file:
                file.write("called\n")
            return float(torch.relu(net.layer.weight).sum())

        log = fit_module(
            net,
            batches(4),
            on(train, devices),
            optimiser=lambda w: torch.optim.SGD(w, lr=0.0),
            epochs=1,
            validate=validate,
        )
        values[devices] = log.validation
        assert calls.read_text() == "called\n"
    assert values[1] == values[2] == values[4]


@pytest.mark.slow
def test_a_training_on_two_devices_goes_on_too(train, tmp_path):
    def validate(last):
        epochs = iter(range(1, 9))

        def value():
            if next(epochs) > last:
                raise RuntimeError("killed")
            return 0.5

        return value

    whole, log = fit_network(on(train, 2), dropout=0.4, epochs=4, validate=validate(9))
    with pytest.raises(Exception, match="killed"):
        fit_network(
            on(train, 2, checkpoints=CheckpointFolder(tmp_path)),
            dropout=0.4, epochs=4, validate=validate(2),
        )  # fmt: skip
    resumed, again = fit_network(
        on(train, 2, checkpoints=CheckpointFolder(tmp_path)),
        dropout=0.4, epochs=4, validate=validate(2),
    )  # fmt: skip
    assert torch.equal(whole.layer.weight, resumed.layer.weight)
    assert again.as_json() == log.as_json()
