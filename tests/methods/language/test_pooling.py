"""Which states become a vector: what an encoder's files say, for encoders of every kind."""

import json
import shutil

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError
from coldbench.methods.language.finetuned_encoder.method import FineTunedEncoder
from coldbench.methods.language.text_encoder.encoder import find_sentence_encoder
from coldbench.methods.language.text_encoder.pooling import Pooling, read_pooling

torch = pytest.importorskip("torch")

TEXTS = ["the sea0 sea1.", "war3", "law0 law1 law2 law3 law4 law5 sun0 sun1 talk0 talk1"]
MODES = {"word_embedding_dimension": 24, "pooling_mode_cls_token": False,
         "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False}  # fmt: skip


def pooled_by(tiny, folder, **modes):
    """Copy the tiny encoder and say how it is pooled."""
    shutil.copytree(tiny, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(MODES | modes))
    return folder


def last_states(folder, texts):
    """Return the last hidden states of each text by itself, as transformers computes them."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    found = []
    for text in texts:
        with torch.no_grad():
            coded = tokenizer(text, return_tensors="pt")
            ids, mask = coded["input_ids"], coded["attention_mask"]
            states = model.eval()(input_ids=ids, attention_mask=mask).last_hidden_state[0]
        found.append(states.numpy())
    return found


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_the_first_token_counts_where_the_files_say_so(tiny, tmp_path):
    folder = pooled_by(tiny, tmp_path / "cls", pooling_mode_cls_token=True)
    assert read_pooling(folder) is Pooling.FIRST and read_pooling(tiny) is Pooling.MEAN
    first, mean = (find_sentence_encoder("own", str(one), 32) for one in (folder, tiny))
    expected = unit(np.stack([states[0] for states in last_states(folder, TEXTS)]))
    np.testing.assert_allclose(first.encode(TEXTS), expected, atol=2e-6)
    assert first.space != mean.space, "the vectors of one would be those of the other"
    assert np.abs(mean.encode(TEXTS) - expected).max() > 0.01
    assert first.files.as_json()["model_pooling"] == "cls_token"


@pytest.mark.parametrize(
    "modes",
    [
        {"pooling_mode_max_tokens": True},
        {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True},
        {},
    ],
)
def test_another_pooling_is_refused(tiny, tmp_path, modes):
    folder = pooled_by(tiny, tmp_path / "other", **modes)
    with pytest.raises(ColdbenchError, match=r"asks for the pooling .*use another model"):
        find_sentence_encoder("own", str(folder), 32).encode(TEXTS)
    (folder / "1_Pooling/config.json").write_text("[]")
    with pytest.raises(ColdbenchError, match="not readable"):
        read_pooling(folder)


@pytest.mark.parametrize("tuning", ["lora", "frozen"])
def test_it_is_fine_tuned_as_it_is_pooled(tiny, tmp_path, make_world, tuning):
    """Before training the vectors of the packed layers are those of the library."""
    folder = pooled_by(tiny, tmp_path / "cls", pooling_mode_cls_token=True)
    world = make_world()
    method = FineTunedEncoder(
        model="own", model_path=str(folder), max_length=32, tuning=tuning, epochs=0, fresh=16,
        text_prefix="the sun0 ",
    ).fit(world.train)  # fmt: skip
    expected = [states[0] for states in last_states(folder, [f"the sun0 {one}" for one in TEXTS])]
    made = method.scorer_._text_vectors(TEXTS).detach().numpy()
    np.testing.assert_allclose(made, unit(np.stack(expected)), atol=2e-6)


def test_a_prefix_is_read_before_every_text(tiny):
    plain = find_sentence_encoder("tiny", str(tiny), 32)
    prefixed = find_sentence_encoder("tiny", str(tiny), 32, prefix="the law0 ")
    expected = plain.encode([f"the law0 {text}" for text in TEXTS])
    np.testing.assert_array_equal(prefixed.encode(TEXTS), expected)


def gpt2(folder):
    from transformers import GPT2Config, GPT2Model

    sizes = {"vocab_size": 60, "n_positions": 32, "n_embd": 16, "n_layer": 2, "n_head": 2}
    GPT2Model(GPT2Config(**sizes)).save_pretrained(folder)


def t5(folder):
    from transformers import T5Config, T5Model

    sizes = {"vocab_size": 60, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2}
    T5Model(T5Config(**sizes, num_heads=2, decoder_start_token_id=0)).save_pretrained(folder)


@pytest.mark.parametrize("build", [gpt2, t5])
def test_a_decoder_and_the_encoder_of_a_pair_give_vectors_as_well(tiny, tmp_path, build):
    from transformers import AutoTokenizer

    with torch.random.fork_rng():
        torch.manual_seed(0)
        build(tmp_path / "model")
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path / "model")
    encoder = find_sentence_encoder("own", str(tmp_path / "model"), 32)
    expected = unit(np.stack([states.mean(0) for states in last_states(tmp_path / "model", TEXTS)]))
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=2e-6)
    assert len(np.unique(expected.round(3), axis=0)) == len(TEXTS)
