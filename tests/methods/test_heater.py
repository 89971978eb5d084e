from dataclasses import replace

import numpy as np
import pytest
import torch
from coldbench.benchmarks.evaluation.validation import Validation
from coldbench.benchmarks.evaluation.validation import split as make_split
from coldbench.datasets.errors import NotFittedError
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Query
from coldbench.methods import blocks as encoding_blocks
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

ITEM_TASK = "new_item/cold/k=0"


@pytest.fixture(scope="module")
def split():
    return make_split(Planted().load(), Grid(), 0)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLDBENCH_DATA", str(tmp_path_factory.mktemp("home")))
        yield


def fitted(split, **options):
    return Heater(
        **{"factors": 16, "epochs": 10, "batch_size": 256, "learning_rate": 0.05} | options
    ).fit(split.train)


@pytest.fixture(scope="module")
def method(split, home):
    return fitted(split)


def ndcg(method, split, task):
    return Validation({task: split.test[task]}, 0)(method)


def chance(split, task):
    rng = np.random.default_rng(0)

    def lots(query):
        return rng.random((len(query.users), len(query.items)), dtype=np.float32)

    return float(np.mean([Validation({task: split.test[task]}, 0)(lots) for _ in range(5)]))


def without_features(entities):
    return replace(entities, features=csr_matrix((len(entities), 0), dtype=np.float32))


def test_loss_falls(method):
    losses = method.report()["training"]["losses"]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("task", [ITEM_TASK, "new_user_new_item/cold/k=10"])
def test_ranks_cold_items_of_the_planted_world(method, split, task):
    assert ndcg(method, split, task) > 1.5 * chance(split, task)


def test_permuted_features_bring_chance(split, method):
    task, rng = split.test[ITEM_TASK], np.random.default_rng(0)
    items, fooled = task.query.items, []
    for _ in range(5):
        moved = replace(items, features=items.features[rng.permutation(len(items))])
        lot = replace(task, query=replace(task.query, items=moved))
        fooled.append(Validation({ITEM_TASK: lot}, 0)(method))
    honest, nothing = ndcg(method, split, ITEM_TASK), chance(split, ITEM_TASK)
    assert abs(np.mean(fooled) - nothing) < 0.25 * (honest - nothing)


def test_a_cold_item_is_its_content_whatever_the_factors_are(split):
    method = fitted(split, epochs=2)
    items = split.test[ITEM_TASK].query.items
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


def test_blocks_and_order_do_not_matter(split, method, monkeypatch):
    query = split.test["new_user/warm/k=5"].query
    whole = method.score(query)
    monkeypatch.setattr(encoding_blocks, "BLOCK", 7)
    blocks = method.score(query)
    one = method.score(Query(query.users.take(np.array([3])), query.items))
    back = method.score(Query(query.users.take(slice(None, None, -1)), query.items))
    for other in (blocks, back[::-1]):
        assert np.allclose(whole, other, rtol=1e-4, atol=1e-5)
    assert np.allclose(whole[3:4], one, rtol=1e-4, atol=1e-5)


def test_same_seed_same_scores(split):
    query = split.test[ITEM_TASK].query
    first = fitted(split, epochs=2).score(query)
    assert np.array_equal(first, fitted(split, epochs=2).score(query))


def test_save_and_load_keep_the_scores(split, method, tmp_path):
    query = split.test["new_user_new_item/cold/k=1"].query
    method.save(tmp_path / "state.npz")
    again = Heater(factors=16).load(tmp_path / "state.npz")
    assert np.array_equal(method.score(query), again.score(query))
    assert again.parameter_counts() == method.parameter_counts()
    with pytest.raises(NotFittedError):
        Heater().score(query)
