"""Layers that are computed again for their gradients: the same training, less memory."""

import pytest

torch = pytest.importorskip("torch")

from coldbench.datasets.errors import ColdbenchError  # noqa: E402
from coldbench.methods.language.cross_encoder.method import CrossEncoder  # noqa: E402
from coldbench.methods.language.instruction_ranker.method import InstructionRanker  # noqa: E402
from coldbench.methods.language.recomputed_layers import recompute_layers  # noqa: E402
from torch.autograd.graph import saved_tensors_hooks  # noqa: E402
from transformers import LlamaConfig, LlamaModel  # noqa: E402

DEEP = LlamaConfig(
    vocab_size=50,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=4,
    num_attention_heads=2,
    attention_dropout=0.3,
)


def test_gradients_are_the_same_in_less_memory():
    ids, found = torch.arange(40).reshape(4, 10), []
    for again in (False, True):
        torch.manual_seed(0)
        body = LlamaModel(DEEP).train()
        if again:
            recompute_layers("deep", body)
        held = {}

        def keep(tensor, held=held):
            held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with saved_tensors_hooks(keep, lambda tensor: tensor):
            states = body(input_ids=ids, use_cache=False).last_hidden_state
        states.square().sum().backward()
        found.append((sum(held.values()), [one.grad for one in body.parameters()]))
    (much, plain), (little, recomputed) = found
    assert little < 0.6 * much
    assert all(torch.equal(a, b) for a, b in zip(plain, recomputed, strict=True))


def test_a_model_without_such_layers_is_refused():
    with pytest.raises(ColdbenchError, match=r"plain cannot .* gradient_checkpointing=false"):
        recompute_layers("plain", torch.nn.Linear(2, 2))


def recomputed(body):
    return [getattr(part, "gradient_checkpointing", False) for part in body.modules()]


CROSS = {"model": "tiny", "max_length": 32, "item_tokens": 12, "dropout": 0.3, "history_length": 2}
ASKED = {"model": "matcher", "max_length": 128, "template": "short", "lora_dropout": 0.3}


@pytest.mark.parametrize(
    ("method", "folder", "settings"),
    [(CrossEncoder, "tiny", CROSS), (InstructionRanker, "matcher", ASKED)],
)
def test_a_method_trains_the_same_with_it(request, make_taste, method, folder, settings):
    train, few = make_taste().train, {"max_steps": 6, "validate_every_steps": 3, "rerank": 3}
    path = str(request.getfixturevalue(folder))
    plain, again = (
        method(**settings | few, model_path=path, gradient_checkpointing=on).fit(train)
        for on in (False, True)
    )
    on = [any(recomputed(one.net_.body)) for one in (plain, again)]
    losses = [one.report()["training"]["losses"] for one in (plain, again)]
    assert on == [False, True] and losses[0] == losses[1]
    query = make_taste().query
    assert (plain.score(query) == again.score(query)).all()
