"""Any LightningModule trains; Lightning's own counters, callbacks and loggers are true."""

from dataclasses import replace

import pytest
import pytorch_lightning as pl
import torch
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.training import CheckpointFolder, TrainerSettings
from coldbench.datasets.validation_score import ValidationScore
from coldbench.methods.training.batches import TensorBatches
from coldbench.methods.training.fit_lightning import fit_lightning
from coldbench.methods.training.fitting import fit_module
from coldbench.methods.training.seeding import seeded
from torch.utils.data import DataLoader, TensorDataset

ROWS = 120


def points():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, 5, generator=generator)
    return x, x @ torch.arange(5.0)


class Regression(pl.LightningModule):
    """What a Lightning user writes: nothing of ours."""

    def __init__(self, dropout=0.3):
        super().__init__()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(5, 8), torch.nn.Dropout(dropout), torch.nn.Linear(8, 1)
        )
        self.seen = []

    def training_step(self, batch, index):
        x, y = batch
        loss = (self.net(x)[:, 0] - y).square().mean()
        self.log("my_loss", loss)
        self.seen.append(x.detach().clone())
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.01)


class Manual(Regression):
    """The same, stepping its optimiser itself."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, index):
        loss = super().training_step(batch, index)
        optimiser = self.optimizers()
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()
        return loss


class Points(pl.LightningDataModule):
    def train_dataloader(self):
        return shuffled()


class WithOwnLoader(Regression):
    def train_dataloader(self):
        return shuffled()


class Network(torch.nn.Module):
    """A network with a loss, as our own methods have."""

    def __init__(self, dropout=0.3):
        super().__init__()
        self.net = Regression(dropout).net

    def loss(self, batch):
        x, y = batch
        return (self.net(x)[:, 0] - y).square().mean()


class Spy(pl.Callback):
    """Looks at what Lightning says of itself at the end of every epoch."""

    def __init__(self):
        self.metrics, self.steps = [], []

    def on_train_epoch_end(self, trainer, module):
        self.steps.append(trainer.global_step)

    def on_train_end(self, trainer, module):
        self.metrics.append({name: float(v) for name, v in trainer.callback_metrics.items()})


def shuffled(workers=0):
    return DataLoader(TensorDataset(*points()), 16, shuffle=True, num_workers=workers)


@pytest.fixture
def train(world):
    return world.train([[1, 0], [0, 1]], seed=3)


def made(kind=Regression):
    with seeded(3):
        return kind()


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def with_flags(train, callbacks=None, loggers=None, checkpoints=None, **flags):
    return replace(
        train, trainer=TrainerSettings(flags, callbacks or {}, loggers or {}, checkpoints)
    )


def network(train, validate=None, net=None, **options):
    net = net or made(Network)
    options = {"epochs": 3, "batches_per_step": 4} | options
    log = fit_module(
        net,
        TensorBatches(points(), 16, 3),
        train,
        optimiser=lambda w: torch.optim.Adam(w, lr=0.01),
        validate=validate,
        **options,
    )
    return net, log


SOURCES = {
    "loader": lambda: (made(), shuffled()),
    "datamodule": lambda: (made(), Points()),
    "own loader": lambda: (made(WithOwnLoader), None),
    "in memory": lambda: (made(), TensorBatches(points(), 16, 3)),
    "manual": lambda: (made(Manual), shuffled()),
}


@pytest.mark.parametrize("source", SOURCES)
def test_any_module_with_any_data_learns(train, source):
    module, data = SOURCES[source]()
    log = fit_lightning(module, data, train, epochs=15)
    assert log.losses[-1] < 0.5 * log.losses[0] and log.steps == 15 * 8
    assert not module.training and log.best_epoch == 15


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_seed_gives_the_same_weights(train, source):
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(len(found))  # the surrounding state must not matter
        module, data = SOURCES[source]()
        fit_lightning(module, data, replace(train, seed=seed), epochs=2)
        found.append(weights(module))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_a_shuffling_loader_shows_another_order_each_epoch_whatever_its_workers(train):
    orders = []
    for workers in (0, 2):
        module = made()
        fit_lightning(module, shuffled(workers), train, epochs=2)
        orders.append(torch.cat(module.seen))
    assert torch.equal(orders[0], orders[1])
    first, second = orders[0][:ROWS], orders[0][ROWS:]
    assert not torch.equal(first, second)
    assert torch.equal(first.sort(dim=0)[0], second.sort(dim=0)[0]), "every row once an epoch"


def test_counters_metrics_and_loggers_are_lightnings_own(train, tmp_path, monkeypatch):
    spy, score = Spy(), ValidationScore({"new_item/cold/k=0": 0.25}, {"new_item": 0.5})
    monkeypatch.setattr(pl.callbacks, "Spy", lambda: spy, raising=False)
    set_ = with_flags(train, {"Spy": {}}, {"CSVLogger": {"save_dir": str(tmp_path)}})
    log = network(set_, lambda: score, batches_per_step=4)[1]
    assert spy.steps == [8, 16, 24] and log.steps == 24
    (told,) = spy.metrics
    assert told["validation/ndcg"] == 0.25 and told["validation/group/new_item"] == 0.5
    assert told["validation/new_item/cold/k=0"] == 0.25
    assert told["training/loss"] == pytest.approx(log.losses[-1])
    (logged,) = tmp_path.rglob("metrics.csv")
    head, *lines = logged.read_text().splitlines()
    assert {"validation/ndcg", "training/loss"} <= set(head.split(","))
    at = head.split(",").index("step")
    assert [line.split(",")[at] for line in lines] == ["7", "15", "23"], "optimiser steps"
    assert log.as_json()["validation_parts"]["group/new_item"] == [[1, 0.5], [2, 0.5], [3, 0.5]]


def test_what_a_module_logs_is_logged(train, tmp_path):
    set_ = with_flags(
        train, loggers={"CSVLogger": {"save_dir": str(tmp_path)}}, log_every_n_steps=1
    )
    fit_lightning(made(), shuffled(), set_, epochs=1)
    (logged,) = tmp_path.rglob("metrics.csv")
    assert "my_loss" in logged.read_text().splitlines()[0]


def test_close_validations_are_told_apart(train):
    """In single precision the third would be no gain, and patience would stop there."""
    values = iter([0.1, 0.1 + 1e-12, 0.1 + 2e-12, 0.1, 0.1])
    log = network(train, lambda: next(values), epochs=5, patience=1)[1]
    assert log.best_epoch == 3 and len(log.losses) == 4


def test_the_trainers_epochs_go_before_the_methods(train):
    assert len(network(with_flags(train, max_epochs=1))[1].losses) == 1


@pytest.mark.parametrize("flag", [{"max_steps": 5}, {"limit_train_batches": 5, "max_epochs": 1}])
def test_limits_count_mini_batches(train, flag):
    assert network(with_flags(train, **flag))[1].steps == 5


def test_a_fast_run_takes_one_batch(train):
    assert network(with_flags(train, fast_dev_run=True), lambda: 0.5)[1].steps == 1


def test_accumulation_and_clipping_are_honoured_by_manual_steps(train):
    """Equal to what Lightning does with a module that leaves its steps to Lightning."""
    flags = {"accumulate_grad_batches": 3, "gradient_clip_val": 0.5}
    net, log = network(with_flags(train, **flags))

    class Automatic(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = made(Network)

        def training_step(self, batch, index):
            return self.network.loss(batch)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.01)

    theirs = Automatic()
    theirs_log = fit_lightning(
        theirs, TensorBatches(points(), 16, 3), with_flags(train, **flags), epochs=3
    )
    assert log.steps == theirs_log.steps == 9
    assert torch.equal(weights(net), weights(theirs))
    assert not torch.equal(weights(net), weights(network(train)[0]))


def test_a_manual_module_that_cannot_honour_a_flag_says_so(train):
    with pytest.raises(ColdbenchError, match=r"Manual steps its optimiser itself.*accumulate_grad"):
        fit_lightning(
            made(Manual), shuffled(), with_flags(train, accumulate_grad_batches=2), epochs=1
        )


def test_settings_that_lightning_refuses_are_told_in_a_sentence(train):
    with pytest.raises(ColdbenchError, match=r"Lightning's Trainer does not take .*precision"):
        network(with_flags(train, precision="half"))
    with pytest.raises(ColdbenchError, match=r"LearningRateMonitor of Lightning cannot be made"):
        network(with_flags(train, {"LearningRateMonitor": {"intervall": "step"}}))


def test_early_stopping_takes_its_settings(train):
    log = network(
        with_flags(train, {"EarlyStopping": {"patience": 1}}), lambda: 0.5, epochs=9, patience=5
    )[1]
    assert len(log.losses) == 2
    log = network(
        with_flags(
            train, {"EarlyStopping": {"monitor": "training/loss", "stopping_threshold": 1e9}}
        ),
        epochs=9,
    )[1]
    assert len(log.losses) == 1


def test_bf16_changes_the_arithmetic_and_is_put_back(train):
    net, log = network(with_flags(train, precision="bf16-mixed"))
    assert net.net[0].weight.dtype == torch.float32
    assert not torch.equal(weights(net), weights(network(train)[0])) and log.steps == 24


class Killed(Exception):
    pass


def dying(first, last):
    """Return a validate of epochs ``first`` to ``last`` that dies in the next one."""
    epochs = iter(range(first, 100))

    def validate():
        epoch = next(epochs)
        if epoch > last:
            raise Killed
        return VALUES[epoch]

    return validate


VALUES = [0.05, 0.1, 0.3, 0.2, 0.25, 0.28, 0.1, 0.1]


@pytest.mark.parametrize("bound", [{"epochs": 7}, {"max_steps": 56}, {"max_steps": 53}])
@pytest.mark.parametrize("source", SOURCES)
def test_a_training_that_died_goes_on_to_the_last_bit(train, source, bound, tmp_path):
    module, data = SOURCES[source]()
    options = bound | {"patience": 3}
    log = fit_lightning(module, data, train, validate=dying(1, 9), **options)
    assert log.best_epoch == 2 and len(log.losses) == 5
    for first, last in ((1, 1), (2, 3)):
        other, data = SOURCES[source]()
        set_ = with_flags(train, checkpoints=CheckpointFolder(tmp_path / "run"))
        with pytest.raises(Killed):
            fit_lightning(other, data, set_, validate=dying(first, last), **options)
        with torch.no_grad():
            for p in other.parameters():
                p.zero_()
    torch.manual_seed(77)
    resumed, data = SOURCES[source]()
    set_ = with_flags(train, checkpoints=CheckpointFolder(tmp_path / "run"))
    again = fit_lightning(resumed, data, set_, validate=dying(4, 9), **options)
    assert torch.equal(weights(module), weights(resumed))
    assert again.as_json() == log.as_json()
    assert len(resumed.seen) == 2 * 8, "only what was missing was trained"


def test_what_the_first_validation_leaves_in_a_network_is_there_again(train, tmp_path):
    """The fine-tuned encoder keeps the output of its frozen layers, computed without dropout."""

    class Remembers(Network):
        kept = None

        def loss(self, batch):
            return super().loss(batch) * (0.5 if self.kept is None else self.kept)

    def fit(first, last, train):
        net = made(Remembers)
        value = dying(first, last)

        def validate():
            net.kept = 2.0
            return value()

        options = {"epochs": 4, "validate_first": True}
        return net, network(train, validate, net, **options)[1]

    whole, log = fit(0, 9, train)
    with pytest.raises(Killed):
        fit(0, 2, with_flags(train, checkpoints=CheckpointFolder(tmp_path)))
    resumed, again = fit(2, 9, with_flags(train, checkpoints=CheckpointFolder(tmp_path)))
    assert again.as_json() == log.as_json() and torch.equal(weights(whole), weights(resumed))


@pytest.mark.parametrize("end", [{"epochs": 9, "patience": 2}, {"epochs": 3, "patience": 9}])
def test_a_finished_training_is_not_made_again(train, tmp_path, end):
    runs = []
    for _ in range(2):
        set_ = with_flags(train, checkpoints=CheckpointFolder(tmp_path))
        values = iter([0.3, 0.2, 0.1] if not runs else [])
        runs.append(network(set_, lambda values=values: next(values), **end))
    assert runs[0][1].as_json() == runs[1][1].as_json()
    assert torch.equal(weights(runs[0][0]), weights(runs[1][0]))
    assert [one.name for one in tmp_path.iterdir()] == ["training-1.ckpt"]


def test_a_damaged_or_foreign_checkpoint_is_left_aside(train, tmp_path, caplog):
    (tmp_path / "training-1.ckpt").write_bytes(b"PK\x03\x04 torn")
    set_ = with_flags(train, checkpoints=CheckpointFolder(tmp_path))
    assert torch.equal(weights(network(set_)[0]), weights(network(train)[0]))
    assert "training-1.ckpt is left aside" in caplog.text
    other = with_flags(train, checkpoints=CheckpointFolder(tmp_path))
    fit_lightning(torch_module := made(), shuffled(), other, epochs=1)
    assert len(torch_module.seen) == 8


def test_checkpoints_are_written_every_so_many_minutes(train, tmp_path):
    set_ = with_flags(train, checkpoints=CheckpointFolder(tmp_path / "never", every_minutes=60))
    network(set_)
    assert not (tmp_path / "never").exists()
