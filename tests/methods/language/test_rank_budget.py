"""AdaLoRA: what its budget takes from which product, and that it learns."""

import itertools
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.opened_parts import (  # noqa: E402
    load_tuned_encoder,
)
from coldbench.methods.language.finetuned_encoder.rank_budget import (  # noqa: E402
    ADAPTER,
    RankBudget,
    list_ranks,
)
from coldbench.methods.language.finetuned_encoder.settings import (  # noqa: E402
    Tuning,
)

ADALORA = {"tuning": Tuning.ADALORA, "encoder_learning_rate": 3e-2}
PRODUCTS = 6
STEPS = 100


def test_it_learns_within_its_budget_and_the_record_says_where_the_ranks_are(
    make_world, settings, quick
):
    world = make_world()
    facts = FineTunedEncoder(**settings | quick | ADALORA).fit(world.train).report()
    assert facts["validation_after"] > facts["validation_before"] + 0.02
    numbers = itertools.count()
    last = replace(world.train, validate=lambda method: next(numbers))
    ranks = FineTunedEncoder(**settings | quick | ADALORA).fit(last).report()["ranks"]
    assert len(ranks) == PRODUCTS and sum(ranks) == 8 * PRODUCTS
    assert len(set(ranks)) > 1, "every product has the same rank: nothing was allocated"
    lora = FineTunedEncoder(**settings | quick | {"tuning": Tuning.LORA, "epochs": 1}).fit(last)
    assert "ranks" not in lora.report()


@pytest.fixture
def body(tiny):
    torch.manual_seed(0)
    return load_tuned_encoder(
        str(tiny), 32, Tuning.ADALORA, top_layers=1, lora=(4, 8.0)
    ).body  # 6 singular values of each product at first, 4 on average in the end


def updated(body):
    return [one for one in body.modules() if hasattr(one, "lora_E")]


def run(body, budget, first, last, told=None):
    """Take steps whose gradients are planted: only ``told`` products matter."""
    for step in range(first, last + 1):
        for number, one in enumerate(updated(body)):
            matters = 1.0 if told is None or number in told else 1e-6
            for weights in (one.lora_A, one.lora_B, one.lora_E):
                weight, sign = weights[ADAPTER], 1 if step % 2 else -1
                weight.grad = torch.full_like(weight, matters * (2 + sign))
                weight.data -= 1e-3 * weight.grad  # so that a value once pruned may come back
        budget.allocate(step)


def test_all_ranks_are_kept_at_first_and_the_budget_in_the_last_half(body):
    budget = RankBudget(body, STEPS)
    for one in updated(body):
        torch.nn.init.normal_(one.lora_E[ADAPTER])
    run(body, budget, 1, 10)
    assert list_ranks(body) == [6] * PRODUCTS
    run(body, budget, 11, 30)
    assert 4 * PRODUCTS < sum(list_ranks(body)) < 6 * PRODUCTS
    run(body, budget, 31, STEPS)
    assert sum(list_ranks(body)) == 4 * PRODUCTS


def test_ranks_are_taken_from_the_products_that_do_not_matter(body):
    budget = RankBudget(body, STEPS)
    for one in updated(body):
        torch.nn.init.normal_(one.lora_E[ADAPTER])
    run(body, budget, 1, STEPS, told={0, 3})
    ranks = list_ranks(body)
    assert (ranks[0], ranks[3]) == (6, 6) and sum(ranks) == 4 * PRODUCTS


def test_the_penalty_is_of_vectors_that_are_not_orthogonal(body):
    budget = RankBudget(body, STEPS)
    assert budget.penalty().item() > 0.1
    for one in updated(body):
        torch.nn.init.orthogonal_(one.lora_A[ADAPTER])
        torch.nn.init.orthogonal_(one.lora_B[ADAPTER])
    assert budget.penalty().item() == pytest.approx(0, abs=1e-5)


def test_an_encoder_without_such_updates_has_no_budget(tiny):
    lora = load_tuned_encoder(str(tiny), 32, Tuning.LORA, top_layers=1)
    assert RankBudget.of(lora.body, STEPS) is None and list_ranks(lora.body) == []
