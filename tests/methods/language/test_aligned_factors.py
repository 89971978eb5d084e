from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError, NotFittedError
from coldbench.datasets.world import Query
from scipy.sparse import csr_matrix

torch = pytest.importorskip("torch")

from coldbench.methods.language.aligned_factors.batches import AlignedBatches  # noqa: E402
from coldbench.methods.language.aligned_factors.method import AlignedFactors  # noqa: E402
from coldbench.methods.language.aligned_factors.network import AlignedModule  # noqa: E402
from coldbench.methods.language.aligned_factors.settings import Alignment  # noqa: E402

from .killing import Killed, dying  # noqa: E402

QUICK = {
    "dim": 16,
    "batch_size": 128,
    "masked": 0.3,
    "learning_rate": 0.01,
    "max_steps": 200,
    "min_steps": 0,
    "patience_steps": 1000,
    "validate_every_steps": 20,
}
LEARNED = [Alignment.CONTRASTIVE, Alignment.GENERATIVE]


def fit(train, settings, **more):
    return AlignedFactors(**settings | QUICK | more).fit(train)


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.mark.parametrize("alignment", LEARNED)
def test_cold_items_are_ranked_by_their_texts_and_not_by_shuffled_ones(
    make_world, settings, alignment
):
    told, shuffled = make_world(), make_world(shuffled=True)
    options = {"alignment": alignment, "weight": 0.5}
    assert told.precision(fit(told.train, settings, **options)) > 0.6
    assert shuffled.precision(fit(shuffled.train, settings, **options)) < 0.4  # chance is 0.25


def test_without_an_alignment_all_cold_items_are_the_mean_item(world, settings):
    fitted = fit(world.train, settings, alignment=Alignment.NONE, max_steps=40)
    factors, mean = fitted.item_factors(world.query.items), fitted._factors()[1].mean(axis=0)
    np.testing.assert_allclose(factors, np.tile(mean, (len(factors), 1)), atol=1e-6)
    assert np.ptp(fitted.score(world.query), axis=1).max() < 1e-5
    own = fitted.item_factors(world.train.items)
    assert np.ptp(own, axis=0).max() > 0.1, "warm items are learned"


def test_interactions_are_learned(world, settings):
    losses = fit(world.train, settings, alignment=Alignment.NONE).report()["training"]["losses"]
    assert losses[0] > 0.6 and losses[-1] < 0.3  # log 2 is chance


@pytest.mark.parametrize("alignment", LEARNED)
def test_a_cold_item_is_the_mean_of_the_items_that_its_text_makes_likely(
    world, settings, alignment
):
    fitted = fit(world.train, settings, alignment=alignment, max_steps=40)
    text = fitted.encode_sentences(world.query.items) - fitted.sentence_mean_
    net, items = fitted.net_.net, torch.from_numpy(fitted._factors()[1])
    left = torch.from_numpy(text / np.linalg.norm(text, axis=1, keepdims=True))
    with torch.no_grad():
        pair = (net(left), items) if alignment is Alignment.CONTRASTIVE else (left, net(items))
        cosines = torch.cosine_similarity(pair[0][:, None], pair[1][None], dim=2) / 0.2
        shares = cosines.exp() / cosines.exp().sum(dim=1, keepdim=True)
    expected = (shares @ items).numpy()
    found = fitted.item_factors(world.query.items)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_new_user_is_the_mean_user_joined_by_the_history(world, settings):
    fitted = fit(world.train, settings, max_steps=40, prior_weight=3.0)
    users = world.query.users
    strangers = replace(users, known=np.full(len(users), -1, dtype=np.int32))
    empty = replace(strangers, history=csr_matrix(users.history.shape, dtype=np.float32))
    own, items = fitted._factors()
    nothing = fitted.user_factors(empty)
    np.testing.assert_allclose(nothing, np.tile(own.mean(axis=0), (len(own), 1)), atol=1e-6)
    history = users.history.toarray()
    means = history @ items / history.sum(axis=1, keepdims=True)
    apart = means - means.mean(axis=0)
    slope = ((own - own.mean(axis=0)) * apart).sum() / (apart**2).sum()
    sizes = history.sum(axis=1, keepdims=True)
    expected = nothing + sizes / (sizes + 3) * slope * apart
    np.testing.assert_allclose(fitted.user_factors(strangers), expected, atol=1e-5)
    np.testing.assert_array_equal(fitted.user_factors(users), own)
    assert fitted.score(Query(empty, world.query.items)).shape == (60, 32)


@pytest.mark.parametrize("alignment", Alignment)
def test_it_is_the_same_twice_and_survives_saving(world, settings, alignment, tmp_path):
    options = {"alignment": alignment, "max_steps": 40}
    fitted = fit(world.train, settings, **options)
    scores = fitted.score(world.query)
    np.testing.assert_array_equal(fit(world.train, settings, **options).score(world.query), scores)
    fitted.save(tmp_path / "state.npz")
    again = AlignedFactors(**settings | QUICK | options).load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.score(world.query), scores)
    assert again.report() == fitted.report() and again.report()["model"] == "tiny"
    own, total = again.parameter_counts()
    assert own == fitted.parameter_counts()[0]
    assert total == own + again.report()["model_parameters"]


def test_a_killed_training_goes_on_to_the_last_bit(world, settings, tmp_path):
    options = {"max_steps": 40, "validate_every_steps": 8, "alignment": Alignment.GENERATIVE}
    whole = fit(world.train, settings, **options)
    with pytest.raises(Killed):
        fit(dying(world.train, tmp_path / "run", 3), settings, **options)
    resumed = fit(dying(world.train, tmp_path / "run", 99), settings, **options)
    assert resumed.log_["losses"] == whole.log_["losses"]
    assert np.array_equal(resumed.score(world.query), whole.score(world.query))


def test_the_generative_objective_needs_a_graph(world, settings):
    with pytest.raises(ColdbenchError, match="layers = 0 leaves nothing of a masked"):
        fit(world.train, settings, alignment=Alignment.GENERATIVE, layers=0)
    fit(world.train, settings, alignment=Alignment.CONTRASTIVE, layers=0, max_steps=1)


def test_unfitted_it_says_so(world):
    with pytest.raises(NotFittedError, match="AlignedFactors is not fitted"):
        AlignedFactors().score(world.query)


# The network

OBSERVED = csr_matrix(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 1]], dtype=np.float32))


def network(alignment, layers=2, weight=0.3):
    rng = np.random.default_rng(0)
    texts = tuple(rng.standard_normal((n, 5)).astype(np.float32) for n in OBSERVED.shape)
    texts = tuple(one / np.linalg.norm(one, axis=1, keepdims=True) for one in texts)
    torch.manual_seed(0)
    net = AlignedModule(OBSERVED, texts, 6, layers, alignment)
    net.set_losses(weight, 0.5, 0.2)
    return net, texts


def propagate(rows, layers):
    dense = OBSERVED.toarray()
    graph = np.block([[np.zeros((3, 3)), dense], [dense.T, np.zeros((4, 4))]])
    roots = np.sqrt(graph.sum(axis=1))
    graph = graph / roots[:, None] / roots[None]
    found = sum(np.linalg.matrix_power(graph, k) @ rows for k in range(layers + 1)) / (layers + 1)
    return found[:3], found[3:]


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_vector_is_the_mean_of_its_propagations(layers):
    net, _ = network(Alignment.NONE, layers)
    expected = propagate(net.rows.detach().numpy(), layers)
    for found, one in zip(net.vectors(), expected, strict=True):
        np.testing.assert_allclose(found.detach().numpy(), one, atol=1e-6)


def info_nce(left, right):
    left, right = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (left, right))
    logits = left @ right.T / 0.5
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits.diagonal())


@pytest.mark.parametrize("alignment", Alignment)
def test_the_losses_are_those_of_the_paper(alignment):
    net, (user_text, item_text) = network(alignment)
    users, items, negatives = np.array([0, 2]), np.array([1, 3]), np.array([2, 1])
    own_users, own_items = np.array([0, 2]), np.array([1, 2, 3])
    batch = [torch.from_numpy(one) for one in (users, items, negatives, own_users, own_items)]
    rows = net.rows.detach().numpy().astype(float)
    shown = rows.copy()
    if alignment is Alignment.GENERATIVE:
        shown[[0, 2, 4, 5, 6]] = net.mask.detach().numpy()
    people, things = propagate(shown, 2)
    wanted = (people[users] * (things[items] - things[negatives])).sum(axis=1)
    expected = np.log1p(np.exp(-wanted)).mean()
    expected += 0.2 * (rows[[0, 2, 4, 6, 5, 4]] ** 2).sum() / 4
    if alignment is not Alignment.NONE:
        for vectors, texts in ((people[own_users], user_text[own_users]),
                               (things[own_items], item_text[own_items])):  # fmt: skip
            inputs = texts if alignment is Alignment.CONTRASTIVE else vectors
            made = net.net(torch.from_numpy(inputs.astype(np.float32))).detach().numpy()
            pair = (vectors, made) if alignment is Alignment.CONTRASTIVE else (made, texts)
            expected += 0.3 * info_nce(*pair)
    found = net.loss(tuple(batch))
    assert found.item() == pytest.approx(expected, rel=1e-5)
    found.backward()
    assert all(torch.isfinite(one.grad).all() for one in net.parameters())


def test_the_gradient_goes_through_the_graph():
    net, _ = network(Alignment.NONE)
    net.double()
    ours = torch.autograd.grad(net.vectors()[0].pow(2).sum(), net.rows)[0]
    dense = net.graph.to_dense()
    once, twice = dense @ net.rows, dense @ (dense @ net.rows)
    plain = torch.autograd.grad((((net.rows + once + twice) / 3)[:3]).pow(2).sum(), net.rows)[0]
    assert torch.allclose(ours, plain)


def test_a_batch_without_anything_to_align_has_a_finite_loss():
    net, _ = network(Alignment.GENERATIVE)
    none, one = torch.empty(0, dtype=torch.int64), torch.tensor([0])
    loss = net.loss((one, one, one + 2, none, none))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(net.rows.grad).all()


# Batches


def batches(alignment, **more):
    rng = np.random.default_rng(0)
    observed = csr_matrix((rng.random((20, 15)) < 0.3).astype(np.float32))
    options = {"masked": 0.25, "size": 16, "seed": 4} | more
    return observed, AlignedBatches(observed, alignment, **options)


@pytest.mark.parametrize("alignment", Alignment)
def test_each_pair_comes_once_with_an_item_that_was_not_taken(alignment):
    observed, made = batches(alignment)
    dense, found, hidden = observed.toarray(), [], []
    for users, items, negatives, own_users, own_items in made(0):
        found += list(zip(users.tolist(), items.tolist(), strict=True))
        assert not dense[users, negatives].any()
        if alignment is Alignment.CONTRASTIVE:
            assert own_users.tolist() == sorted(set(users.tolist()))
            assert own_items.tolist() == sorted({*items.tolist(), *negatives.tolist()})
        hidden.append(len(own_users) + len(own_items))
        assert all(0 <= one < 20 for one in own_users.tolist())
        assert all(0 <= one < 15 for one in own_items.tolist())
    assert sorted(found) == sorted(zip(*map(list, np.nonzero(dense)), strict=True))
    if alignment is Alignment.GENERATIVE:
        assert 0.1 < np.mean(hidden) / 35 < 0.4
    if alignment is Alignment.NONE:
        assert not any(hidden)


def test_an_epoch_is_decided_by_its_number():
    _, made = batches(Alignment.GENERATIVE)
    one, same, other = (
        [[part.tolist() for part in batch] for batch in made(epoch)] for epoch in (0, 0, 1)
    )
    assert one == same != other


def test_a_user_who_took_everything_is_not_ranked():
    observed = csr_matrix(np.array([[1, 1, 1], [1, 0, 0]], dtype=np.float32))
    made = AlignedBatches(observed, Alignment.CONTRASTIVE, 0.1, 8, seed=0)
    ((users, items, *_),) = made(0)
    assert users.tolist() == [1] and items.tolist() == [0]


@pytest.mark.parametrize("alignment", Alignment)
def test_the_chance_level_is_the_loss_of_vectors_that_are_all_alike(alignment):
    observed, made = batches(alignment, masked=0.5)
    texts = tuple(np.ones((n, 4), dtype=np.float32) / 2 for n in observed.shape)
    net = AlignedModule(observed, texts, 3, 1, alignment)
    net.set_losses(0.3, 0.2, 0.0)
    for weight in net.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        losses = [net.loss(batch).item() for batch in made(0)]
    assert made.chance_loss(0.3) == pytest.approx(np.mean(losses), rel=1e-5)
