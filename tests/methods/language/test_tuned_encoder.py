import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.methods.language.finetuned_encoder import tuned_encoder as _tuned_encoder  # noqa: E402
from coldbench.methods.language.finetuned_encoder.network import FineTuningModule, TextTowers  # noqa: E402
from coldbench.methods.language.finetuned_encoder.towers import Towers  # noqa: E402
from coldbench.methods.language.finetuned_encoder.tuned_encoder import TunedEncoder  # noqa: E402
from coldbench.methods.language.text_encoder.transformer import encode_texts, load_encoder  # noqa: E402

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
    monkeypatch.setattr(_tuned_encoder, "BYTES_OF_STATES", 8 * 24 * 4)  # one short text
    encoder = tuned(tiny, 1)
    expected = encode_texts(encoder.loaded, TEXTS, 32)
    for _ in range(2):
        np.testing.assert_allclose(encoder(TEXTS).detach().numpy(), expected, atol=1e-6)
    assert len(encoder._states) == 1


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
    """The probabilities with which torch itself is asked to drop out, attention included."""
    found = {"layers": [], "attention": []}
    drop, attend = (
        torch.nn.functional.dropout,
        torch.nn.functional.scaled_dot_product_attention,
    )

    def dropped(hidden, p=0.5, training=True, inplace=False):
        found["layers"].append(p if training else 0.0)
        return drop(hidden, p, training, inplace)

    def attended(*inputs, dropout_p=0.0, **rest):
        found["attention"].append(dropout_p)
        return attend(*inputs, dropout_p=dropout_p, **rest)

    monkeypatch.setattr(torch.nn.functional, "dropout", dropped)
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attended)
    return found


@pytest.mark.parametrize("dropout", [None, 0.3])
def test_in_training_the_encoder_drops_out_where_it_says(tiny, acting, dropout):
    encoder = tuned(tiny, None, dropout=dropout).train()
    encoder(TEXTS[:1])
    own = 0.1 if dropout is None else dropout  # 3 layers: attention, its output, the layer's
    assert acting == {"layers": [own] * 7, "attention": [own] * 3}
    assert encoder.dropouts() == [own] * 10


def test_without_dropout_nothing_drops_out_in_training(tiny, acting):
    encoder = tuned(tiny, None, dropout=0.0).train()
    vectors = encoder(TEXTS)
    assert acting["attention"] and not any(acting["layers"] + acting["attention"])
    assert not any(one.p for one in encoder.modules() if isinstance(one, torch.nn.Dropout))
    assert encoder.dropouts() == []
    with torch.no_grad():
        torch.testing.assert_close(vectors, encoder.eval()(TEXTS))


def test_evaluation_never_drops_out_and_its_lower_states_are_those_of_training(tiny, acting):
    encoder = tuned(tiny, 1).eval()
    encoder(TEXTS)
    assert not any(acting["layers"] + acting["attention"])
    acting["layers"].clear(), acting["attention"].clear()
    encoder.train()(TEXTS[:1])
    assert acting == {"layers": [0.1] * 2, "attention": [0.1]}  # the layer above the cut alone


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
    refreshed = tuning.refresh()
    torch.testing.assert_close(tuning.remembered, encoder(TEXTS[:4]).detach())
    assert refreshed.shape == (4, 24)
