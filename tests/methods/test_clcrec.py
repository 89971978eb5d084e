from dataclasses import replace

import numpy as np
import pytest
import torch
from coldbench.benchmarks.evaluation.validation import split as make_split
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.validation_score import ValidationScore
from coldbench.methods.hybrid import entity_blocks as encoding_blocks
from coldbench.methods.hybrid.clcrec.batches import ContrastiveBatches
from coldbench.methods.hybrid.clcrec.method import CLCRec
from coldbench.methods.hybrid.clcrec.network import CLCRecModule
from coldbench.methods.hybrid.content_inputs import ContentInputs, TrainingContent

from .planted import PlantedNetworkSuite

METHOD, SETTINGS = (
    CLCRec,
    {"epochs": 15, "learning_rate": 0.005, "temperature": 2.0, "negatives": 512},
)


class TestPlanted(PlantedNetworkSuite):
    variants = ({"content_rank": 300}, {"content_rank": 5})
    blocks = (encoding_blocks, "BLOCK", 7)

    def test_loss_falls(self, method):
        losses = method.report()["training"]["losses"]
        assert losses[-1] < losses[0] - 0.4  # of log(513) at most: a share grows by half at least


def held_by_its_norms():
    """A world of popular items and dim attributes, on which rows of too much weight shrink."""
    world = Planted(
        n_users=400,
        n_items=400,
        interactions_per_user=40,
        n_topics=12,
        item_attributes=0.4,
        popularity_skew=2.0,
    )
    return make_split(world.load(), Grid(), 0).train


def trained_and_not(train, **options):
    method = CLCRec(**{"epochs": 25} | options).fit(train)
    still = CLCRec(epochs=1, learning_rate=0.0).fit(train)
    return method.report()["training"], train.validate(method) / train.validate(still)


def test_the_defaults_leave_chance_behind():
    log, gain = trained_and_not(held_by_its_norms())
    assert log["kept_loss"] < log["chance_loss"] - 0.3
    assert log["best_epoch"] > 3 and gain > 1.7


def test_the_weight_of_the_authors_holds_that_world_near_chance():
    """It does in every epoch; a patience that waits for the loss to leave chance goes on."""
    theirs = {"norm_weight": 0.1, "temperature": 2.0, "balance": 0.5, "mixed": 0.5}
    theirs |= {"negatives": 128, "learning_rate": 0.001}
    log, _ = trained_and_not(held_by_its_norms(), min_steps=0, patience_steps=1, **theirs)
    assert min(log["losses"]) > log["chance_loss"] - 0.3
    assert len(log["losses"]) > 12, "half of the cap, where it used to stop after a few"


@pytest.mark.parametrize("balance", [0.0, 0.3, 1.0])
def test_the_chance_level_is_the_loss_of_rows_that_are_all_alike(split, balance):
    train = split.train
    content = TrainingContent(train.items.features, ContentInputs.of(train.items.features, 300, 0))
    batches = ContrastiveBatches(train.interactions, content, 50, 0.5, 64, seed=0)
    net = CLCRecModule((len(train.users), len(train.items), train.items.features.shape[1]), 8, 8)
    net.set_losses(2.0, balance, 0.0)
    for weight in net.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        losses = [float(net.loss(batch)) for epoch in range(3) for batch in batches(epoch)]
    assert batches.chance_loss(balance) == pytest.approx(np.mean(losses), abs=0.01)


def test_the_report_tells_chance_and_what_was_kept(method):
    log = method.report()["training"]
    assert log["kept_loss"] == log["losses"][log["best_epoch"] - 1]
    assert log["kept_loss"] < log["chance_loss"] < np.log(513)


def test_the_losses_are_those_of_the_paper():
    torch.manual_seed(0)
    net = CLCRecModule((3, 5, 4), dim=6, hidden=8)
    net.set_losses(temperature=0.7, balance=0.3, norm_weight=0.2)
    users, items = torch.tensor([2, 0]), torch.tensor([0, 1, 4])
    chosen, sampled = torch.tensor([0, 1]), torch.tensor([2, 1, 2])
    as_content = torch.tensor([[True], [False], [False], [True], [True]])
    hidden = torch.tensor([[False, False, False], [True, True, False]])
    content = torch.randn(3, 4)
    rows, made, people = net.items(items), net.encode(content), net.users(users)
    own_losses, taste_losses = [], []
    for pair, liked in enumerate((0, 1)):
        cosines = torch.cosine_similarity(rows[liked][None], made, dim=1) / 0.7
        others = [cosines[at].exp() for at in (2, 1, 2) if at != liked]
        own_losses.append(-torch.log(cosines[liked].exp() / (cosines[liked].exp() + sum(others))))
        shown = [made[0], rows[1]][pair]
        wrong = [row for at, row in enumerate((rows[2], made[1], made[2])) if not hidden[pair, at]]
        scores = [torch.exp(people[pair] @ row / 0.7) for row in (shown, *wrong)]
        taste_losses.append(-torch.log(scores[0] / sum(scores)))
    lengths = people.norm(dim=1).mean() + rows[[0, 1, 2, 1, 2]].norm(dim=1).mean()
    own, taste = sum(own_losses) / 2, sum(taste_losses) / 2
    expected = 0.3 * own + 0.7 * taste + 0.2 * lengths / 2
    found = net.loss((users, content, items, chosen, sampled, as_content, hidden))
    assert torch.isclose(found, expected, rtol=1e-5)


def test_a_batch_of_known_items_alone_gives_a_finite_loss():
    net = CLCRecModule((2, 3, 4), dim=6, hidden=8)
    at = torch.tensor([0, 0])
    batch = (at, torch.zeros(1, 4), torch.tensor([1]), at, at, torch.zeros(4, 1, dtype=torch.bool))
    loss = net.loss((*batch, torch.ones(2, 2, dtype=torch.bool)))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(weight.grad).all() for weight in net.parameters())


def test_batches_hold_each_observed_pair_once_and_hide_what_users_like(split):
    train = split.train
    content = TrainingContent(train.items.features, ContentInputs.of(train.items.features, 300, 0))
    batches = ContrastiveBatches(train.interactions, content, 30, 0.25, 64, seed=5)
    found, shares = [], []
    for users, rows, items, chosen, sampled, as_content, hidden in batches(0):
        assert np.array_equal(rows.numpy(), train.items.features[items.numpy()].toarray())
        assert len(sampled) == 30 and len(as_content) == len(users) + 30
        found.append(np.stack((users.numpy(), items[chosen].numpy())))
        likes = train.interactions.csr[users.numpy()][:, items[sampled].numpy()].toarray() > 0
        assert np.array_equal(hidden.numpy(), likes)
        shares.append(as_content.numpy())
    found = np.concatenate(found, axis=1)
    seen = np.stack((train.interactions.users, train.interactions.items))
    assert np.array_equal(found[:, np.lexsort(found)], seen[:, np.lexsort(seen)])
    assert 0.2 < np.concatenate(shares).mean() < 0.3


def test_a_user_is_its_row_or_the_mean_of_all_joined_by_the_support(split, method, world):
    rows, own = method.net_.items.weight.detach().numpy(), method.net_.users.weight.detach().numpy()
    support = np.zeros((3, len(rows)))
    support[:2, [3, 7]] = 1
    asked = world.users([4, -1, -1], support)
    history = split.train.interactions.csr
    means = history @ rows / np.maximum(np.diff(history.indptr), 1)[:, None]
    apart = means - means.mean(axis=0)
    slope = ((own - own.mean(axis=0)) * apart).sum() / (apart**2).sum()
    share = 2 / (2 + method.prior_choice_["prior_weight"])
    told = share * slope * (rows[[3, 7]].mean(axis=0) - means.mean(axis=0))
    expected = np.stack((own[4], own.mean(axis=0) + told, own.mean(axis=0)))
    assert np.allclose(method.user_factors(asked), expected, atol=1e-5)
    assert np.abs(told).max() > 1e-3


def test_an_item_is_its_row_or_its_content(split, method):
    items = split.test["new_item/all/k=0"].query.items
    vectors, warm = method.item_factors(items), items.known >= 0
    assert warm.any() and not warm.all()
    assert np.array_equal(vectors[warm], method.net_.items.weight.detach()[items.known[warm]])
    content = torch.from_numpy(items.features[~warm].toarray())
    with torch.inference_mode():
        assert np.allclose(vectors[~warm], method.net_.encode(content), atol=1e-6)


def test_the_weight_of_the_prior_is_chosen_after_training_kept_and_saved(split, tmp_path):
    seen = []

    def weakest(method):
        seen.append(method.prior_choice_["prior_weight"])
        value = {"new_user": -seen[-1]}
        return ValidationScore(value, value)

    train = replace(split.train, validate=weakest)
    steps = {"max_steps": 4, "validate_every_steps": 2, "min_steps": 0}
    fitted = CLCRec(**steps).fit(train)
    assert fitted.report()["prior_weight"] == 0.3
    assert set(seen[:-5]) == {10.0} and seen[-5:] == [10.0, 0.3, 1.0, 3.0, 30.0]
    fitted.save(tmp_path / "state.npz")
    loaded = CLCRec(**steps).load(tmp_path / "state.npz")
    assert loaded.report() == fitted.report()
    query = split.test["new_user/warm/k=5"].query
    np.testing.assert_array_equal(loaded.score(query), fitted.score(query))
    seen.clear()
    given = CLCRec(**steps, prior_weight=7.0).fit(train)
    assert given.report()["prior_weight"] == 7.0 and set(seen) == {7.0}
