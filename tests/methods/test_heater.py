from dataclasses import replace

import numpy as np
import torch
from coldbench.methods.hybrid import entity_blocks as encoding_blocks
from coldbench.methods.hybrid.heater.batches import HeaterBatches, HeaterTrainingSide
from coldbench.methods.hybrid.heater.method import Heater
from coldbench.methods.hybrid.heater.network import (
    MAPPED,
    SUPPORT,
    TRUE,
    HeaterModule,
    HeaterTower,
    MixtureOfExperts,
)
from scipy.sparse import csr_matrix

from .planted import NEW_ITEM, PlantedNetworkSuite

METHOD = Heater
SETTINGS = {"factors": 16, "epochs": 10, "batch_size": 256, "learning_rate": 0.05}


class TestPlanted(PlantedNetworkSuite):
    variants = ({"factors": 16},)
    blocks = (encoding_blocks, "BLOCK", 7)


def without_features(entities):
    return replace(entities, features=csr_matrix((len(entities), 0), dtype=np.float32))


def test_a_cold_item_is_its_content_whatever_the_factors_are(split, fit):
    method = fit(epochs=2)
    items = split.test[NEW_ITEM].query.items
    before = method.item_factors(items)
    method.item_inputs_.preferences.own[:] = 1e6  # would-be rows of the cold items among them
    shown = np.ones((len(items), len(split.train.users)), dtype=np.float32)
    assert np.array_equal(method.item_factors(items), before)
    assert np.array_equal(method.item_factors(replace(items, history=csr_matrix(shown))), before)


def test_users_without_features_keep_their_factor_or_the_mean(split):
    users = without_features(split.train.users)
    train = replace(split.train, users=users, validate=lambda method: 0.0)
    blind = Heater(factors=16, epochs=4).fit(train)
    assert blind.net_.users.map is None
    vectors = {}
    for k in (0, 10):
        asking = without_features(split.test[f"new_user/warm/k={k}"].query.users)
        vectors[k] = blind.user_factors(asking)
    with torch.inference_mode():
        mean = blind.net_.users.top(torch.zeros(1, 16)).numpy()
    assert np.allclose(vectors[0], mean, atol=1e-6)
    assert vectors[10].std(axis=0).min() > 0
    with torch.inference_mode():
        own = torch.from_numpy(blind.user_inputs_.preferences.own[:5]).clamp(-5, 5)
        expected = blind.net_.users.top(own).numpy()
    assert np.allclose(blind.user_factors(users.take(slice(0, 5))), expected, atol=1e-5)


def test_experts_are_independent_networks_weighed_by_the_gate():
    torch.manual_seed(0)
    experts = MixtureOfExperts(7, [5, 3], experts=4)
    with torch.no_grad():
        for weight in experts.parameters():
            weight.normal_()
    content = torch.randn(6, 7)
    made = []
    for one in range(4):
        rows = content
        for weight, bias in zip(experts.weights, experts.biases, strict=True):
            rows = torch.tanh(rows @ weight[one] + bias[one])
        made.append(rows)
    gate = torch.tanh(content @ experts.gate.weight.T + experts.gate.bias)
    expected = torch.tanh(sum(gate[:, [one]] * made[one] for one in range(4)))
    assert torch.allclose(experts(content), expected, atol=1e-6)
    experts(content)[:, 0].sum().backward()
    assert experts.weights[0].grad.abs().sum(dim=(1, 2)).min() > 0


def test_what_stands_for_an_entity_and_the_distance_of_the_maps():
    torch.manual_seed(0)
    side = HeaterTower(3, 4, [], 2)
    side.top = torch.nn.Identity()
    own, support = torch.tensor([[0.5, -3.0, 0.0], [0.1, 0.2, 0.3]]), torch.full((2, 3), 0.7)
    content, at = torch.randn(2, 4), torch.tensor([0, 1, 1, 0])
    source = torch.tensor([[TRUE], [MAPPED], [SUPPORT], [TRUE]])
    factors, distance = side.encode_pairs((own, support, content, at, source))
    mapped, cut = side.map(content), own.clamp(-1, 1)
    assert torch.allclose(factors, torch.stack([cut[0], mapped[1], support[1], cut[0]]))
    gaps = (mapped - cut).square().sum(dim=1)
    assert torch.isclose(distance, 2 * gaps[0] + 2 * gaps[1])


def test_the_loss_is_error_distance_and_norms():
    torch.manual_seed(0)
    net = HeaterModule(3, (0, 4), [], 2).eval()
    rows = (torch.randn(2, 3), torch.randn(2, 3))
    at, source = torch.tensor([0, 1, 1]), torch.tensor([[TRUE], [MAPPED], [TRUE]])
    users, items = (*rows, torch.zeros(2, 0), at, source), (*rows, torch.randn(2, 4), at, source)
    targets = torch.tensor([1.0, 0.0, 0.0])
    net.set_penalties(0.3, 0.2)
    (left, _), (right, distance) = net.users.encode_pairs(users), net.items.encode_pairs(items)
    error = ((left * right).sum(dim=1) - targets).square().mean()
    kept = [
        weight.square().sum() for name, weight in net.named_parameters() if ".top.1." not in name
    ]
    assert len(kept) == len(list(net.parameters())) - 4
    expected = error + 0.3 * distance + 0.2 * sum(kept)
    assert torch.isclose(net.loss((users, items, targets)), expected)


def test_batches_hold_each_observed_pair_once_and_warm_items_in_the_right_shares(split, method):
    train = split.train
    rows = (
        HeaterTrainingSide(train.users, method.user_inputs_, 0.5, 0.5, 3),
        HeaterTrainingSide(train.items, method.item_inputs_, 0.25, 0.0, 3),
    )
    batches = HeaterBatches(train.interactions, *rows, 3, 256, seed=5)
    targets, sources, items = [], ([], []), []
    for *sides, wanted in batches(0):
        targets.append(wanted.numpy())
        for found, (*_, at, source) in zip(sources, sides, strict=True):
            assert len(at) == len(source) == len(wanted) >= 256
            found.append(source[:, 0].numpy())
        items.append(len(sides[1][0]))
    assert len(targets) == batches.steps
    targets = np.concatenate(targets)
    assert targets.sum() == len(train.interactions.users) == len(targets) / 4
    shares = [np.bincount(np.concatenate(found), minlength=3) / len(targets) for found in sources]
    assert np.allclose(shares[0], [0.25, 0.5, 0.25], atol=0.03)
    assert np.allclose(shares[1], [0.75, 0.25, 0.0], atol=0.03)
    users, chosen, wanted = batches.pairs(np.random.default_rng(0))
    assert np.all(train.interactions.csr[users[wanted == 1], chosen[wanted == 1]] == 1)
    assert chosen.max() < len(train.items)
