import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.world import Resources
from coldbench.methods.sparse_rows import mean_rows
from coldbench.methods.training.batches import TensorBatches
from coldbench.methods.training.fitting import fit_module
from coldbench.methods.training.histories import short_histories
from coldbench.methods.training.schedule import TrainingError
from coldbench.methods.training.seeding import numpy_generator, seeded, torch_generator
from coldbench.methods.training.weights import count_parameters, from_arrays, to_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random

TRUE = np.arange(5, dtype=np.float32)


class Linear(torch.nn.Module):
    """Least squares; dropout on the input makes the global generator matter."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.layer = torch.nn.Linear(5, 1)
        self.dropout = torch.nn.Dropout(dropout)

    def loss(self, batch):
        x, y = batch
        return (self.layer(self.dropout(x))[:, 0] - y).square().mean()

    @property
    def distance(self):
        return float((self.layer.weight[0].detach() - torch.from_numpy(TRUE)).abs().sum())


@pytest.fixture
def train(world):
    return world.train([[1, 0], [0, 1]], seed=3)


def data(rows=600):
    x = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(x @ TRUE)


def network(**options):
    with seeded(3):
        return Linear(**options)


def adam(weights):
    return torch.optim.Adam(weights, lr=0.03)


def sgd(weights):
    return torch.optim.SGD(weights, lr=0.05)


def fit(net, train, **options):
    options = {"optimiser": adam, "epochs": 3, "batches": TensorBatches(data(), 32, 3)} | options
    return fit_module(net, options.pop("batches"), train, **options)


def test_loss_falls_and_the_log_tells_it(train):
    net = network()
    log = fit(net, train, epochs=20)
    assert log.losses[-1] < 0.05 * log.losses[0]
    assert net.distance < 0.5
    assert log.steps == 20 * 19 and len(log.losses) == 20 and log.best_epoch == 20
    assert log.as_json()["devices"] == 1 and not net.training


def test_equals_a_bare_loop_to_the_last_bit(train):
    net, plain, batches = network(), network(), TensorBatches(data(), 32, 3)
    fit(net, train, batches=batches)
    optimiser = adam(plain.parameters())
    for epoch in range(3):
        for batch in batches(epoch):
            optimiser.zero_grad()
            plain.loss(batch).backward()
            optimiser.step()
    assert torch.equal(net.layer.weight, plain.layer.weight)


@pytest.mark.parametrize("batches_per_step", [1, 7, 1000])
def test_batches_per_step_change_nothing(train, batches_per_step):
    net, same = network(dropout=0.3), network(dropout=0.3)
    fit(net, train)
    fit(same, train, batches_per_step=batches_per_step)
    assert torch.equal(net.layer.weight, same.layer.weight)


def test_same_seed_same_weights_and_another_seed_others(train):
    weights = []
    for seed in (3, 3, 4):
        net = network(dropout=0.5)
        torch.manual_seed(len(weights))  # the surrounding state must not matter
        fit(net, replace(train, seed=seed))
        weights.append(net.layer.weight.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_best_weights_come_back_and_patience_stops(train):
    net, seen = network(), []
    values = iter([0.1, 0.5, 0.9, 0.3, 0.2, 0.1])

    def validate():
        assert not net.training and not torch.is_grad_enabled()
        seen.append(net.layer.weight.detach().clone())
        return next(values)

    log = fit(net, train, epochs=50, validate=validate, patience=2, validate_first=True)
    assert log.validation == [(0, 0.1), (1, 0.5), (2, 0.9), (3, 0.3), (4, 0.2)]
    assert log.best_epoch == 2 and len(log.losses) == 4
    assert torch.equal(net.layer.weight, seen[2]) and not torch.equal(seen[2], seen[4])
    assert torch.equal(seen[0], network().layer.weight)


def test_validation_is_asked_every_few_epochs_and_at_the_end(train):
    log = fit(network(), train, epochs=5, validate=lambda: 0.0, validate_every=2)
    assert [epoch for epoch, _ in log.validation] == [2, 4, 5]


def test_no_epoch_leaves_the_network_as_it_is(train):
    net = network()
    log = fit(net, train, epochs=0, validate=lambda: 0.5, validate_first=True)
    assert torch.equal(net.layer.weight, network().layer.weight)
    assert log.losses == [] and log.validation == [(0, 0.5)]


def test_learning_rate_factor_clip_and_after_step(train):
    net, steps = network(), []
    before = net.layer.weight.detach().clone()
    fit(net, train, learning_rate_factor=lambda step: 0.0, after_step=steps.append)
    assert torch.equal(net.layer.weight, before) and steps == list(range(1, 58))
    one = TensorBatches(data(32), 32, 3)
    fit(net, train, batches=one, epochs=1, optimiser=sgd, clip=1e-3)
    change = torch.cat((net.layer.weight[0] - before[0], net.layer.bias - network().layer.bias))
    assert float(change.detach().norm()) == pytest.approx(0.05 * 1e-3, rel=1e-2)


def test_frozen_parameters_stay(train):
    net = network()
    net.layer.bias.requires_grad_(False)
    before = net.layer.bias.clone()
    log = fit(net, train, validate=lambda: net.distance)
    assert torch.equal(net.layer.bias, before) and log.steps


def test_the_process_is_left_as_it_was(train, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(2)
    logger = logging.getLogger("pytorch_lightning")
    before = (torch.random.get_rng_state(), np.random.get_state()[1].tolist(), dict(os.environ))  # noqa: NPY002
    level = logger.level
    inside = []
    fit(network(), train, validate=lambda: inside.append(torch.get_num_threads()) or 0.0)
    after = (torch.random.get_rng_state(), np.random.get_state()[1].tolist(), dict(os.environ))  # noqa: NPY002
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
    assert threads == 2 and set(inside) == {1} and logger.level == level
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_loss_that_is_not_finite_is_told(train):
    with pytest.raises(TrainingError, match=r"loss of Linear became (nan|inf).*lower the learning"):
        fit(network(), train, optimiser=lambda p: torch.optim.SGD(p, lr=1e20), epochs=5)


def test_unknown_device_is_told(train):
    with pytest.raises(ColdbenchError, match="unknown device 'abacus'; use cpu"):
        fit(network(), replace(train, resources=Resources(device="abacus")))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 2**31))
def test_tensor_batches_hold_every_row_once(rows, size, seed):
    tensors = (torch.arange(rows), torch.arange(rows) * 2)
    batches = TensorBatches(tensors, size, seed)
    first, again = list(batches(4)), list(batches(4))
    left, right = (torch.cat(parts) for parts in zip(*first, strict=True))
    assert sorted(left.tolist()) == list(range(rows)) and torch.equal(right, 2 * left)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert all(len(x) == size for x, _ in TensorBatches(tensors, size, seed, drop_last=True)(0))


def test_generators_depend_on_seed_and_place():
    places = ((0, 1), (1, 0), (0, 1), (0,))
    ours = {str(numpy_generator(*place).random(3)) for place in places}
    torchs = {str(torch.rand(3, generator=torch_generator(*place))) for place in places}
    assert len(ours) == len(torchs) == 3


def test_weights_travel_as_arrays():
    net, other = network(), Linear()
    from_arrays(other, to_arrays(net))
    assert torch.equal(net.layer.weight, other.layer.weight)
    net.layer.bias.requires_grad_(False)
    assert set(to_arrays(net, trainable_only=True)) == {"layer.weight"}
    assert count_parameters(net) == (5, 6)
    assert to_arrays(net.bfloat16())["layer.weight"].dtype == np.float32
    with pytest.raises(ValueError, match=r"do not fit Linear.*missing \['layer.weight'\]"):
        from_arrays(other, {"layer.bias": np.zeros(1, dtype=np.float32)})


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(0, 1000))
def test_short_histories_are_parts_of_the_whole(longest, seed):
    history = csr_matrix(random(20, 15, 0.3, random_state=seed), dtype=np.float32)
    short = short_histories(history, longest, np.random.default_rng(seed))
    sizes, full = np.diff(short.indptr), np.diff(history.indptr)
    assert (sizes <= np.minimum(full, longest)).all() and (sizes >= np.minimum(full, 1)).all()
    assert (history.toarray()[short.toarray() > 0] > 0).all()


def test_mean_rows_ignore_ratings_and_empty_histories_are_zero():
    history = csr_matrix(np.array([[5.0, 1.0, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    means = mean_rows(history, np.array([[1.0], [2.0], [4.0]], dtype=np.float32))
    assert means.tolist() == [[1.5], [0.0]]


@pytest.mark.slow
def test_two_processes_average_their_gradients(train):
    batches = TensorBatches(data(128), 16, 3)

    def merged(epoch):
        parts = list(batches(epoch))
        for a, b in zip(parts[::2], parts[1::2], strict=True):
            yield tuple(torch.cat(pair) for pair in zip(a, b, strict=True))

    alone, two = network(), network()
    fit(alone, train, batches=merged, optimiser=sgd)
    several = replace(train, resources=Resources(devices=2))
    log = fit(two, several, batches=batches, optimiser=sgd, validate=lambda: -two.distance)
    assert log.devices == 2 and log.steps == 12 and len(log.validation) == 3
    assert torch.allclose(two.layer.weight, alone.layer.weight, rtol=1e-5, atol=1e-6)
    assert log.validation[-1][1] == pytest.approx(-two.distance)
    assert "MASTER_PORT" not in os.environ and not list(Path().glob("lightning_logs"))
