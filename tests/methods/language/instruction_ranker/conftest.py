"""Other tiny models than the one that can tell whether topics match, and settings for that one."""

import json

import pytest

from ..matching_models import HISTORY, build_causal_model, build_reader  # type: ignore[import-not-found]


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    """Return the folder of the trained tiny encoder-decoder."""
    folder = tmp_path_factory.mktemp("models") / "reader"
    return build_reader(folder, tie_word_embeddings=False)


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory):
    """Return the folder of a GPT-2 with random weights, whose positions are embeddings."""
    return build_causal_model(tmp_path_factory.mktemp("models") / "gpt2", kind="gpt2")


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """Return the folder of a model that looks ahead."""
    return build_causal_model(tmp_path_factory.mktemp("models") / "bert", kind="bert")


@pytest.fixture(scope="session")
def sharded(matcher, tmp_path_factory):
    """Return the folder of the trained model with its weights in several files."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("models") / "sharded"
    folder.mkdir()
    for path in matcher.iterdir():
        if path.name != "model.safetensors":
            (folder / path.name).write_bytes(path.read_bytes())
    weights = sorted(load_file(matcher / "model.safetensors").items())
    parts = {"model-00001-of-00002.safetensors": weights[::2]}
    parts["model-00002-of-00002.safetensors"] = weights[1::2]
    for name, some in parts.items():
        save_file(dict(some), folder / name, metadata={"format": "pt"})
    index = {
        "metadata": {},
        "weight_map": {key: name for name, some in parts.items() for key, _ in some},
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def fit(matcher):
    """Return what fits a ranker with the trained tiny model and settings for it."""
    from coldbench.methods.language.candidate_generators import Generator
    from coldbench.methods.language.instruction_ranker.method import InstructionRanker

    usual = {
        "template": "short",
        "generator": Generator.POPULARITY,
        "rerank": 0,
        "history_length": HISTORY,
        "learning_rate": 5e-3,
        "max_steps": 60,
        "held_out": 6,
        "model": "matcher",
        "model_path": str(matcher),
        "max_length": 128,
    }

    def fit(train, **different):
        return InstructionRanker(**usual | different).fit(train)

    return fit
