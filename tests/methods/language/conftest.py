"""A tiny BERT made on the fly, and a small world whose texts tell what its users like."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from coldbench.datasets.arrays import make_read_only
from coldbench.datasets.interactions import Interactions
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Entities, Query, TrainView
from scipy.sparse import csr_matrix

from .matching_models import build_causal_model  # type: ignore[import-not-found]

TOPICS = [[f"{name}{number}" for number in range(6)] for name in ("sea", "war", "law", "sun")]
NOISE = [f"talk{number}" for number in range(12)]
WORDS = [*(word for topic in TOPICS for word in topic), *NOISE]
TOKENS = 32


def build_encoder(folder: Path, seed: int, width: int = 24, tokens: int = TOKENS) -> Path:
    """Write a BERT of random weights with 3 layers and a tokenizer of whole words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", ".", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=tokens,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(config)
        model.embeddings.word_embeddings.weight.data *= 25  # words differ from one another
        model.save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return the folder of the tiny encoder."""
    return build_encoder(tmp_path_factory.mktemp("models") / "tiny", seed=0)


@pytest.fixture(scope="session")
def other_tiny(tmp_path_factory):
    """Return the folder of an encoder with other weights."""
    return build_encoder(tmp_path_factory.mktemp("models") / "other", seed=1)


@pytest.fixture(scope="session")
def wide(tmp_path_factory):
    """Return the folder of an encoder whose products are large enough to depend on the batch."""
    return build_encoder(tmp_path_factory.mktemp("models") / "wide", seed=0, width=384)


@pytest.fixture(scope="session")
def patient(tmp_path_factory):
    """Return the folder of an encoder that reads as many tokens as the default asks for."""
    return build_encoder(tmp_path_factory.mktemp("models") / "patient", seed=0, tokens=256)


@pytest.fixture(scope="session")
def matcher(tmp_path_factory):
    """Return the folder of a tiny causal model that can tell whether topics match."""
    return build_causal_model(tmp_path_factory.mktemp("models") / "matcher")


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """Give every test an empty cache of its own."""
    monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def settings(tiny):
    """Return what makes a text method use the tiny encoder."""
    return {"model": "tiny", "model_path": str(tiny), "max_length": TOKENS}


@pytest.fixture
def quick():
    """Return settings of the fine-tuned encoder that learn the small world in seconds."""
    from coldbench.methods.language.finetuned_encoder.settings import TrainingPrecision

    return {
        "hidden": 32,
        "batch_size": 64,
        "fresh": 16,
        "epochs": 10,
        "top_layers": 1,
        "learning_rate": 3e-3,
        "encoder_learning_rate": 3e-3,
        "dropout": 0.1,
        "training_precision": TrainingPrecision.FP32,  # the same on every machine
        "prior": 1.0,  # eight items tell all there is to know of a user
    }


def _entities(side, known, history, text):
    none = make_read_only(csr_matrix((len(known), 0), dtype=np.float32))
    text = None if text is None else np.array(text, dtype=object)
    history = make_read_only(csr_matrix(history.astype(np.float32)))
    return Entities(side, make_read_only(np.array(known, dtype=np.int32)), history, none, (), text)


def _text(topic, rng):
    words = [*rng.choice(TOPICS[topic], 3), *rng.choice(NOISE, 6)]
    return "the " + " ".join(rng.permutation(words)) + "."


def precision_at_5(method, query, liked):
    """Return the mean share of liked items among the five best, over the users."""
    best = np.argsort(-method.score(query), axis=1)[:, :5]
    return float(np.take_along_axis(liked, best, axis=1).mean())


def text_world(seed=0, n_users=60, n_items=48, n_cold=32, shuffled=False, user_text=False):
    """Return a training data, and queries of warm and cold users for cold items.

    A text has three words of its topic among six that tell nothing. A user has one topic, and
    likes seven items of it and one other. With ``shuffled`` the texts
    of all items are dealt anew, so that they tell nothing.
    """
    rng = np.random.default_rng(seed)
    user_topic = np.arange(n_users) % len(TOPICS)
    topic = np.arange(n_items + n_cold) % len(TOPICS)
    text = [_text(one, rng) for one in topic]
    if shuffled:
        text = [text[at] for at in rng.permutation(len(text))]
    pairs = np.zeros((n_users, n_items))
    for user, one in enumerate(user_topic):
        own = np.flatnonzero(topic[:n_items] == one)
        pairs[user, rng.choice(own, 7, replace=False)] = 1
        pairs[user, rng.integers(n_items)] = 1
    users, items = (part.astype(np.int32) for part in np.nonzero(pairs))
    ones = np.ones(len(users), dtype=np.float32)
    told = [_text(one, rng) for one in user_topic] if user_text else None
    warm = _entities(Side.USER, np.arange(n_users), pairs, told)
    cold = _entities(Side.ITEM, [-1] * n_cold, np.zeros((n_cold, n_users)), text[n_items:])
    liked = user_topic[:, None] == topic[None, n_items:]
    query = Query(warm, cold)
    train = TrainView(
        Interactions(users, items, ones, None, n_users, n_items),
        warm,
        _entities(Side.ITEM, np.arange(n_items), pairs.T, text[:n_items]),
        None,
        None,
        None,
        seed,
        lambda method: precision_at_5(method, query, liked),
    )
    return SimpleNamespace(
        train=train,
        query=query,
        liked=liked,
        text=text,
        precision=lambda method: precision_at_5(method, query, liked),
    )


def _short_text(topic, rng):
    return " ".join(rng.choice(TOPICS[topic], 2, replace=False))


def taste_world(seed=0, n_users=60, n_items=48, n_cold=24, shuffled=False):
    """Return training data, queries for cold items and their truth; a user likes one topic.

    With ``shuffled`` the texts are dealt anew, so that they tell nothing. One half of the
    users is for validation, the other for the test.
    """
    rng = np.random.default_rng(seed)
    taste, topic = np.arange(n_users) % len(TOPICS), np.arange(n_items + n_cold) % len(TOPICS)
    text = [_short_text(one, rng) for one in topic]
    if shuffled:
        text = [text[at] for at in rng.permutation(len(text))]
    pairs = np.zeros((n_users, n_items))
    for user, one in enumerate(taste):
        pairs[user, rng.choice(np.flatnonzero(topic[:n_items] == one), 6, replace=False)] = 1
    users, items = (part.astype(np.int32) for part in np.nonzero(pairs))
    times = rng.permutation(len(users)).astype(np.int64)
    ones = np.ones(len(users), dtype=np.float32)
    warm = _entities(Side.USER, np.arange(n_users), pairs, None)
    cold = _entities(Side.ITEM, [-1] * n_cold, np.zeros((n_cold, n_users)), text[n_items:])
    liked = taste[:, None] == topic[None, n_items:]
    rows = np.arange(n_users)
    tested, validated = rows[n_users // 2 :], rows[: n_users // 2]
    query, validation = Query(warm.take(tested), cold), Query(warm.take(validated), cold)
    train = TrainView(
        Interactions(users, items, ones, times, n_users, n_items),
        warm,
        _entities(Side.ITEM, np.arange(n_items), pairs.T, text[:n_items]),
        None,
        None,
        None,
        seed,
        lambda method: precision_at_5(method, validation, liked[validated]),
    )
    return SimpleNamespace(
        train=train,
        query=query,
        text=text,
        precision=lambda method, items=cold: precision_at_5(
            method, Query(query.users, items), liked[tested]
        ),
    )


@pytest.fixture
def make_world():
    """Return the builder of text worlds."""
    return text_world


@pytest.fixture
def make_taste():
    """Return the builder of worlds whose short texts are words of one topic each."""
    return taste_world


@pytest.fixture
def make_entities():
    """Return the builder of entities: side, known, dense history, texts or None."""
    return _entities
