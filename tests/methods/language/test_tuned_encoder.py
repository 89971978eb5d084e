from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder import (  # noqa: E402
    packed_layers,
    packed_texts,
)
from coldbench.methods.language.finetuned_encoder import tuned_encoder as _tuned_encoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.fast_dropout import drop_out  # noqa: E402
from coldbench.methods.language.finetuned_encoder.network import (  # noqa: E402
    FineTuningModule,
    TextTowers,
)
from coldbench.methods.language.finetuned_encoder.opened_parts import (  # noqa: E402
    load_tuned_encoder,
)
from coldbench.methods.language.finetuned_encoder.settings import Tuning  # noqa: E402
from coldbench.methods.language.finetuned_encoder.towers import (  # noqa: E402
    AdaptationLayer,
    Towers,
)
from coldbench.methods.language.finetuned_encoder.tuned_encoder import TunedEncoder  # noqa: E402
from coldbench.methods.language.text_encoder.transformer import (  # noqa: E402
    encode_texts,
    load_encoder,
    mean_pool,
)

TEXTS = ["the sea0 sea1.", "war3", "", "law0 law1 law2 law3 law4 law5 sun0 sun1", "the sea0 sea1."]


def tuned(folder, top_layers, max_length=32, dropout=None):
    loaded = load_encoder(str(folder), torch.float32, "cpu")
    return TunedEncoder(loaded, max_length, top_layers, dropout)


def test_roberta_has_the_same_shape(tmp_path, tiny):
    from transformers import AutoTokenizer, RobertaConfig, RobertaModel

    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    config = RobertaConfig(
        vocab_size=40,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        pad_token_id=0,
    )
    RobertaModel(config).save_pretrained(tmp_path)
    net = load_encoder(str(tmp_path), torch.float32, "cpu")
    with torch.no_grad():
        vectors = TunedEncoder(net, 20, 1)(TEXTS).numpy()
    np.testing.assert_allclose(vectors, encode_texts(net, TEXTS, 20), atol=1e-6)


@pytest.mark.parametrize("top_layers", [1, 2, 3, None])
def test_cut_in_two_it_is_the_same_encoder(tiny, top_layers):
    encoder = tuned(tiny, top_layers)
    expected = encode_texts(encoder.loaded, TEXTS, 32)
    with torch.no_grad():
        for _ in range(2):  # the second time from remembered states
            np.testing.assert_allclose(encoder(TEXTS).numpy(), expected, atol=1e-6)


def test_the_frozen_layers_run_once_per_text(tiny, monkeypatch):
    encoder = tuned(tiny, 1)
    encoder(TEXTS)
    monkeypatch.setattr(encoder.body.embeddings, "forward", lambda **_: pytest.fail("ran again"))
    encoder(TEXTS[::-1])


def test_states_beyond_the_limit_are_computed_each_time(tiny, monkeypatch):
    monkeypatch.setattr(_tuned_encoder, "BYTES_OF_STATES", 3 * 24 * 4)  # one short text
    encoder = tuned(tiny, 1)
    expected = encode_texts(encoder.loaded, TEXTS, 32)
    for _ in range(2):
        np.testing.assert_allclose(encoder(TEXTS).detach().numpy(), expected, atol=1e-6)
    assert len(encoder._memory.states) == 1


def test_an_encoder_of_another_shape_is_refused(tmp_path, tiny):
    from coldbench.datasets.errors import ColdbenchError
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    config = DistilBertConfig(vocab_size=40, dim=24, n_layers=1, n_heads=2, hidden_dim=32)
    DistilBertModel(config).save_pretrained(tmp_path)
    with pytest.raises(
        ColdbenchError, match=r"type 'distilbert' cannot be fine-tuned .*tuning=froz"
    ):
        tuned(tmp_path, 1)


@pytest.fixture
def acting(monkeypatch):
    """How often each probability was dropped out with, attention and layers alike."""
    found = Counter()
    real = packed_layers.drop_out

    def dropped(hidden, probability, rows=None):
        found[probability] += 1
        return real(hidden, probability, rows)

    monkeypatch.setattr(packed_layers, "drop_out", dropped)
    return found


@pytest.mark.parametrize("dropout", [None, 0.3])
def test_in_training_the_encoder_drops_out_where_it_says(tiny, acting, dropout):
    encoder = tuned(tiny, None, dropout=dropout).train()
    encoder.layers.requires_grad_(True)
    encoder(TEXTS[:1])
    own = 0.1 if dropout is None else dropout  # 3 layers: attention, its output, the layer's
    assert acting == {own: 9}
    assert encoder.body.embeddings.dropout.p == own and encoder.body.embeddings.training
    assert encoder.dropouts() == [own] * 10


def test_without_dropout_nothing_drops_out_in_training(tiny, acting):
    encoder = tuned(tiny, None, dropout=0.0).train()
    encoder.layers.requires_grad_(True)
    vectors = encoder(TEXTS)
    assert acting == {0.0: 12}  # attention is in two groups of like length
    assert not any(one.p for one in encoder.modules() if isinstance(one, torch.nn.Dropout))
    assert encoder.dropouts() == []
    with torch.no_grad():
        torch.testing.assert_close(vectors, encoder.eval()(TEXTS))


def test_evaluation_never_drops_out_and_its_lower_states_are_those_of_training(tiny, acting):
    encoder = tuned(tiny, 1).eval()
    encoder.layers[-1].requires_grad_(True)
    expected = encoder(TEXTS).detach()
    assert set(acting) == {0.0}
    acting.clear()
    fresh = tuned(tiny, 1).train()  # its first texts come while it trains
    fresh.layers[-1].requires_grad_(True)
    fresh(TEXTS)
    assert acting == {0.0: 4, 0.1: 4}  # two frozen layers, and the one above the cut
    torch.testing.assert_close(fresh.eval()(TEXTS).detach(), expected)


def test_gradients_are_those_of_the_library(tiny):
    """Of every opened weight: our packed layers against the model's own padded forward."""
    encoder = tuned(tiny, 2).eval()
    encoder.layers[1:].requires_grad_(True)
    side = torch.from_numpy(np.random.default_rng(0).normal(size=(len(TEXTS), 24))).float()
    opened = {n: p for n, p in encoder.layers.named_parameters() if p.requires_grad}
    ours = torch.autograd.grad((encoder(TEXTS) * side).sum(), list(opened.values()))
    coded = encoder.loaded.tokenizer(TEXTS, padding=True, return_tensors="pt")
    hidden = encoder.body(**coded).last_hidden_state
    pooled = mean_pool(hidden, coded["attention_mask"])
    theirs = torch.autograd.grad((pooled * side).sum(), list(opened.values()))
    for name, one, other in zip(opened, ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("tuning", [Tuning.LORA, Tuning.DORA, Tuning.ADALORA, Tuning.IA3])
def test_updates_are_the_librarys(tiny, tuning):
    encoder = load_tuned_encoder(str(tiny), 32, tuning, top_layers=1, lora=(4, 8.0)).eval()
    with torch.no_grad():
        draws, frozen = torch.Generator().manual_seed(0), encoder(TEXTS)
        for weight in (one for one in encoder.parameters() if one.requires_grad):
            weight.add_(torch.empty_like(weight).normal_(generator=draws))
        assert (encoder(TEXTS) - frozen).abs().max() > 1e-3
        coded = encoder.loaded.tokenizer(TEXTS, padding=True, return_tensors="pt")
        hidden = encoder.body(**coded).last_hidden_state
        expected = mean_pool(hidden, coded["attention_mask"])
        torch.testing.assert_close(encoder(TEXTS), expected, atol=1e-6, rtol=1e-5)


def test_the_gradients_of_dora_are_the_librarys(tiny):
    encoder = load_tuned_encoder(str(tiny), 32, Tuning.DORA, top_layers=1, lora=(4, 8.0)).eval()
    opened = {n: p for n, p in encoder.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for weight in opened.values():
            weight.add_(
                torch.empty_like(weight).normal_(generator=torch.Generator().manual_seed(0))
            )
    ours = torch.autograd.grad(encoder(TEXTS)[:, 0].sum(), list(opened.values()))
    coded = encoder.loaded.tokenizer(TEXTS, padding=True, return_tensors="pt")
    pooled = mean_pool(encoder.body(**coded).last_hidden_state, coded["attention_mask"])
    theirs = torch.autograd.grad(pooled[:, 0].sum(), list(opened.values()))
    for name, one, other in zip(opened, ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3, msg=name)


def test_an_adapter_begins_as_the_identity_and_follows_both_products(tiny):
    encoder = load_tuned_encoder(str(tiny), 32, Tuning.ADAPTER, top_layers=1, lora=(4, 8.0)).eval()
    with torch.no_grad():
        torch.testing.assert_close(encoder(TEXTS), tuned(tiny, 1).eval()(TEXTS))
        layer, hidden, inputs = encoder.layers[-1], torch.randn(6, 24), torch.randn(6, 32)
        for block in (layer.attention.output, layer.output):
            block.adapter.up.weight.normal_()
            block.adapter.up.bias.normal_()
        adapter, block = layer.output.adapter, layer.output
        made = packed_layers._add_and_scale(block, inputs, hidden, 6)
        torch.testing.assert_close(made, block.LayerNorm(adapter(block.dense(inputs)) + hidden))
        inner = torch.nn.functional.gelu(adapter.down(hidden))
        torch.testing.assert_close(adapter(hidden), hidden + adapter.up(inner))
        first = encoder(TEXTS)
        layer.attention.output.adapter.up.weight.zero_()
        assert not torch.allclose(first, encoder(TEXTS))


def test_a_prefix_is_keys_and_values_in_front_of_every_text(tiny):
    """Against a text of one token, whose attention can be written down."""
    encoder = load_tuned_encoder(str(tiny), 32, Tuning.PREFIX, top_layers=1, lora=(3, 8.0)).eval()
    own, width = encoder.layers[-1].attention.self, 24
    assert own.prefix_keys.shape == own.prefix_values.shape == (3, width)
    with torch.no_grad():
        own.prefix_keys.normal_()
        hidden, found = torch.randn(1, width), []
        layer = encoder.layers[-1]
        packed = packed_texts.PackedTexts(np.array([1]), torch.device("cpu"))
        real = packed.attend
        packed.attend = lambda *words: found.append(real(*words)) or found[-1]
        packed_layers.run_layer(layer, hidden, packed)
        heads = own.num_attention_heads
        keys, values = (
            torch.cat([prefix, product(hidden)]).view(4, heads, -1)
            for prefix, product in (
                (own.prefix_keys, own.key), (own.prefix_values, own.value),
            )
        )  # fmt: skip
        query = own.query(hidden).view(heads, -1)
        weights = (torch.einsum("hd,khd->hk", query, keys) / keys.shape[-1] ** 0.5).softmax(1)
        expected = torch.einsum("hk,khd->hd", weights, values).reshape(1, -1)
    torch.testing.assert_close(found[0], expected, atol=1e-5, rtol=1e-4)
    with torch.no_grad():  # a padded text attends to the prefix as well
        together = encoder(TEXTS)
        alone = torch.cat([encoder([text]) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


def test_bf16_is_close_and_its_vectors_are_fp32(tiny):
    encoder = tuned(tiny, 2).eval()
    with torch.no_grad():
        exact = encoder(TEXTS)
        encoder.kind = torch.bfloat16
        rounded = encoder(TEXTS)
    assert rounded.dtype is torch.float32
    assert 0 < (exact - rounded).abs().max() < 0.02
    assert torch.nn.functional.cosine_similarity(exact, rounded).min() > 0.999


def test_rows_of_padding_change_neither_vectors_nor_gradients_nor_random_numbers(tiny, monkeypatch):
    def take_step(rows_step):
        monkeypatch.setattr(_tuned_encoder, "ROWS_STEP", rows_step)
        encoder = tuned(tiny, 2).train()
        encoder.layers[1:].requires_grad_(True)
        encoder.kind = torch.bfloat16
        with torch.random.fork_rng():
            torch.manual_seed(0)
            vectors = encoder(TEXTS)
            vectors[:, 0].sum().backward()
            following = torch.rand(1)
        gradients = {n: p.grad for n, p in encoder.layers[1:].named_parameters()}
        return vectors.detach(), gradients, following

    vectors, gradients, following = take_step(1)
    padded, theirs, after = take_step(64)
    torch.testing.assert_close(vectors, padded, atol=1e-3, rtol=1e-2)
    assert vectors.std() > 0.05 and after == following
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, theirs[name], atol=2e-2, rtol=5e-2, msg=name)


def test_in_bf16_products_have_few_shapes(tiny, monkeypatch):
    rows = set()
    real = _tuned_encoder.run_layer

    def run(layer, hidden, packed):
        rows.add((str(hidden.dtype), len(hidden)))
        return real(layer, hidden, packed)

    monkeypatch.setattr(_tuned_encoder, "run_layer", run)
    encoder = tuned(tiny, 2).eval()
    encoder.kind = torch.bfloat16
    for count in range(1, 6):
        assert len(encoder(TEXTS[:count])) == count
    assert {size for kind, size in rows if "bfloat16" in kind} == {64}


def test_dropout_draws_nothing_for_rows_of_padding():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        alone = drop_out(torch.ones(5, 8), 0.5)
        following = torch.rand(1)
        torch.manual_seed(0)
        padded = drop_out(torch.ones(64, 8), 0.5, 5)
        assert torch.equal(padded[:5], alone) and torch.rand(1) == following


def test_a_text_has_one_vector_beside_whatever_others(tiny, monkeypatch):
    monkeypatch.setattr(packed_texts, "TOKENS_AT_ONCE", 9)  # several batches
    encoder = tuned(tiny, 2).eval()
    with torch.no_grad():
        together = encoder(TEXTS)
        alone = torch.cat([encoder([text]) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_dropout_leaves_out_the_share_it_says_and_keeps_the_mean(probability):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ones = torch.ones(401, 1003)
        dropped = drop_out(ones, probability)
        again = drop_out(ones, probability)
    share = float((dropped == 0).float().mean())
    assert abs(share - probability) < 4 * (probability * (1 - probability) / ones.numel()) ** 0.5
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(1 / (1 - probability)).item()}
    assert not torch.equal(dropped, again)  # the global generator goes on
    by_place = (dropped == 0).float()
    for step in range(1, 5):  # four neighbours come from one number
        ahead, behind = by_place[:, step:], by_place[:, :-step]
        together = float((ahead * behind).mean())
        assert abs(together - probability**2) < 0.004


def histories(*lists):
    rows = [row for row, items in enumerate(lists) for _ in items]
    entries = [item for items in lists for item in items]
    return torch.tensor(rows, dtype=torch.long), torch.tensor(entries, dtype=torch.long)


def test_a_user_is_the_weighted_mean_of_the_history_and_of_anyone():
    torch.manual_seed(0)
    towers = Towers(8, 4, 0.0, 0.05, user_text=False).eval()
    items = torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    towers.attention.data, towers.prior_item.data = torch.randn(8), torch.randn(8)
    towers.prior_log_weight.data = torch.tensor(0.3)
    weight = torch.exp(items @ towers.attention - (items @ towers.attention).max())
    anyone = towers.prior_item * np.exp(0.3)
    lists = [[0, 2, 3], [], [4]]
    expected = [sum((weight[i] * items[i] for i in one), anyone) for one in lists]
    expected = torch.nn.functional.normalize(torch.stack(expected), dim=-1)
    with torch.no_grad():
        users = towers.users(items, *histories(*lists), 3, None)
    torch.testing.assert_close(users, expected, atol=1e-6, rtol=0)


def test_the_loss_is_the_corrected_softmax_over_what_the_user_does_not_like(tiny):
    torch.manual_seed(0)
    towers = Towers(24, 4, 0.0, 0.05, user_text=False).eval()
    vectors = torch.nn.functional.normalize(torch.randn(4, 24), dim=-1)
    tuning = FineTuningModule(TextTowers(None, towers), ["a", "b", "c", "d"], vectors.numpy())
    rows, entries = histories([1, 2], [0])
    frequency = torch.tensor([-1.0, -0.5, -0.2])
    batch = {
        "items": torch.arange(4),
        "fresh": torch.tensor([0]),
        "candidates": torch.tensor([0, 2, 3]),
        "log_frequency": frequency,
        "target": torch.tensor([0, 2]),
        "rows": rows,
        "entries": entries,
        "liked_rows": torch.tensor([0]),
        "liked_columns": torch.tensor([1]),
    }
    users = towers.users(vectors, rows, entries, 2, None)
    logits = users @ vectors[[0, 2, 3]].T / 0.05 - frequency
    first = -logits[0, 0] + torch.logsumexp(logits[0, [0, 2]], 0)
    second = -logits[1, 2] + torch.logsumexp(logits[1], 0)
    torch.testing.assert_close(tuning.loss(batch), (first + second) / 2)


def test_fresh_items_carry_a_gradient_and_are_remembered(tiny):
    encoder = tuned(tiny, 1)
    encoder.layers[-1].requires_grad_(True)
    start = np.eye(4, 24, dtype=np.float32)
    tuning = FineTuningModule(TextTowers(encoder, Towers(24, 4, 0, 0.05, False)), TEXTS[:4], start)
    vectors = tuning._text_vectors(torch.tensor([0, 1, 3]), torch.tensor([1]))
    assert vectors.requires_grad
    with torch.no_grad():
        new = encoder([TEXTS[1]])[0]
    torch.testing.assert_close(vectors[1], new)
    torch.testing.assert_close(tuning.remembered[1], new)
    np.testing.assert_array_equal(tuning.remembered[[0, 2, 3]], start[[0, 2, 3]])
    refreshed = tuning.refresh()  # it was trained, so all are encoded
    torch.testing.assert_close(tuning.remembered, encoder(TEXTS[:4]).detach())
    assert refreshed.shape == (4, 24)


def test_without_an_inner_width_the_adaptation_is_linear():
    layer = AdaptationLayer(6, 0, dropout=0.0).eval()
    first, second = torch.randn(2, 3, 6)
    np.testing.assert_allclose(
        layer(first).detach(), torch.nn.functional.normalize(first, dim=-1), atol=1e-6
    )
    torch.nn.init.normal_(layer.outer.weight, std=0.1)
    whole = first + second + layer.outer(first + second)
    expected = torch.nn.functional.normalize(whole, dim=-1).detach()
    np.testing.assert_allclose(layer(first + second).detach(), expected, atol=1e-6)
    assert sum(one.numel() for one in layer.parameters()) == 6 * 6 + 6


@pytest.mark.parametrize("tuning", [Tuning.PROMPT, Tuning.P_TUNING])
def test_a_prompt_stands_after_the_first_token_of_every_text(tiny, tuning):
    """The library's own forward over the same embeddings gives the same vectors and gradients."""
    encoder = load_tuned_encoder(str(tiny), 32, tuning, top_layers=1, lora=(5, 8.0)).eval()
    opened = [weight for weight in encoder.parameters() if weight.requires_grad]
    assert {id(one) for one in opened} == {id(one) for one in encoder.prompt.parameters()}
    known = {tuple(row) for row in encoder.body.embeddings.word_embeddings.weight.tolist()}
    assert {tuple(row) for row in encoder.prompt().tolist()} <= known, "first they are words"
    with torch.no_grad():
        for weight in opened:
            weight.add_(torch.empty_like(weight).normal_())
    words, tokenizer = encoder.body.embeddings.word_embeddings, encoder.loaded.tokenizer
    expected = []
    for text in TEXTS:
        ids = torch.tensor(tokenizer(text, truncation=True, max_length=32 - 5)["input_ids"])
        joined = torch.cat([words(ids[:1]), encoder.prompt(), words(ids[1:])])
        states = encoder.body(inputs_embeds=joined[None]).last_hidden_state
        expected.append(mean_pool(states, torch.ones(states.shape[:2])))
    side = torch.randn(len(TEXTS), 24, generator=torch.Generator().manual_seed(0))
    ours, theirs = encoder(TEXTS), torch.cat(expected)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
    grads = [torch.autograd.grad((one * side).sum(), opened) for one in (ours, theirs)]
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)
    assert (encoder(TEXTS) - tuned(tiny, 1)(TEXTS)).abs().max() > 1e-3
