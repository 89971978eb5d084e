"""What the encoder reads, and what it makes of padding and company."""

import numpy as np
import pytest
import torch
from coldbench.datasets.errors import ColdbenchError
from coldbench.methods.language.cross_encoder.build import build_network
from coldbench.methods.language.cross_encoder.joined_texts import JoinedText
from coldbench.methods.language.cross_encoder.labelled_texts import HistoryTexts, LabelledTexts
from coldbench.methods.language.cross_encoder.method import CrossEncoder
from coldbench.methods.language.cross_encoder.network import pad_joined
from coldbench.methods.language.cross_encoder.settings import Loss, Tuning
from coldbench.methods.language.reranking.pairs import LabelledPairs, draw_lists, draw_pairs
from coldbench.methods.language.text_encoder.model_files import find_model
from coldbench.methods.training.seeding import seeded
from scipy.sparse import csr_matrix


def build(folder, **different):
    usual = {"tuning": Tuning.FULL, "max_length": 32, "dropout": 0.0, "negatives": 1}
    usual |= {"loss": Loss.CROSS_ENTROPY, "top_layers": 1}
    with seeded(0):
        return build_network(CrossEncoder(**usual | different), find_model("m", str(folder)))


@pytest.fixture
def built(tiny):
    return build(tiny)


def read(joiner, joined):
    return joiner.tokenizer.convert_ids_to_tokens(list(joined.tokens))


def test_history_and_candidate_are_two_segments(built):
    _, joiner = built
    sea, war, law = joiner.encode(["sea0 sea1", "war0", "law0 law1"])
    joined = joiner.join([sea, war], law)
    words = ["[CLS]", "sea0", "sea1", "[UNK]", "war0", "[SEP]", "law0", "law1", "[SEP]"]
    assert read(joiner, joined) == words and joined.second == 6
    alone = joiner.join([], law)
    assert read(joiner, alone) == ["[CLS]", "[SEP]", "law0", "law1", "[SEP]"]


def test_the_oldest_is_cut_and_the_candidate_stays_whole(tiny):
    _, joiner = build(tiny, max_length=16)
    texts = joiner.encode(["sea0 sea1 sea2", "war0 war1 war2", "law0 law1 law2 law3 law4 law5"])
    joined = joiner.join([texts[0]] * 3 + [texts[1]], texts[2])
    assert len(joined.tokens) == 16 and joined.tokens[joined.second :][:-1] == texts[2]
    assert read(joiner, joined)[1:8] == ["sea0", "sea1", "sea2", "[UNK]", "war0", "war1", "war2"]
    long = joiner.join([texts[0]], texts[2] * 4)
    assert len(long.tokens) == 16 and long.second == 2


def test_the_name_of_a_special_token_is_a_text(built):
    _, joiner = built
    (tokens,) = joiner.encode(["sea0 [SEP] war0"])
    assert joiner.tokenizer.sep_token_id not in tokens


def test_neither_padding_nor_company_moves_a_score(built):
    network, joiner = built
    codes = joiner.encode(["sea0 sea1", "war0", "law0 law1 law2", "sun0"])
    texts = [joiner.join(codes[:at], codes[at]) for at in range(4)]
    scores = network.score(texts)
    np.testing.assert_allclose(network.score(texts[::-1] + texts)[:4][::-1], scores, atol=1e-6)
    for at, text in enumerate(texts):
        np.testing.assert_allclose(network.score([text]), scores[at : at + 1], atol=1e-6)
        with torch.no_grad():
            padded = pad_joined([text], network.filler, 32)
            padded["ids"][0, len(text.tokens) :] = 7
            assert abs(float(network(*padded.values())) - scores[at]) < 1e-6
    assert network.score([]).shape == (0,)


def test_the_segment_of_the_candidate_is_read(built):
    network, joiner = built
    (sea,) = joiner.encode(["sea0 sea1 sea2 sea3"])
    joined = joiner.join([sea], sea)
    elsewhere = JoinedText(joined.tokens, 2)
    assert abs(float(np.diff(network.score([joined, elsewhere]))[0])) > 1e-6


def test_the_losses_are_what_they_say(tiny):
    scores = torch.tensor([1.0, -1.0, 0.5, 2.0, 0.0, 0.0])
    for kind in Loss:
        network, _ = build(tiny, loss=kind, negatives=2)
        network.forward = lambda *_: scores
        found = float(network.loss({"ids": None, "mask": None, "second": None}))
        grid = scores.numpy().reshape(2, 3)
        if kind is Loss.SOFTMAX:
            expected = np.mean(np.log(np.exp(grid).sum(1)) - grid[:, 0])
            assert network.chance_loss == pytest.approx(np.log(3))
        else:
            liked, others = np.log1p(np.exp(-grid[:, 0])), np.log1p(np.exp(grid[:, 1:]))
            expected = (liked.mean() + others.mean()) / 2
            assert network.chance_loss == pytest.approx(np.log(2))
        assert found == pytest.approx(expected, abs=1e-6)


def test_frozen_layers_stay_in_evaluation_mode(tiny):
    network, _ = build(tiny, tuning=Tuning.TOP_LAYERS)
    network.train()
    modes = [layer.training for layer in network.body.encoder.layer]
    assert modes == [False, False, True] and not network.body.embeddings.training


def test_what_cannot_be_read_is_refused(tiny, tmp_path):
    with pytest.raises(ColdbenchError, match="max_length = 99 is more than the 32 tokens"):
        build(tiny, max_length=99)
    with pytest.raises(ColdbenchError, match="top_layers = 9, but 3 layers"):
        build(tiny, tuning=Tuning.TOP_LAYERS, top_layers=9)


def test_a_tokenizer_without_separator_is_refused(built):
    from coldbench.methods.language.cross_encoder.joined_texts import TextJoiner
    from coldbench.methods.language.text_encoder.tiny_models import make_byte_tokenizer
    from transformers import PreTrainedTokenizerFast

    plain = PreTrainedTokenizerFast(tokenizer_object=make_byte_tokenizer(["<s>"]))
    with pytest.raises(ColdbenchError, match="tokenizer of plain has no token that separates"):
        TextJoiner.of(plain, 32, "plain")


def test_a_list_has_one_history_without_its_liked_item(built):
    _, joiner = built
    codes = joiner.encode([f"sea{at}" for at in range(6)])
    matrix = csr_matrix(np.array([[1, 1, 1, 0, 0, 0]], dtype=np.float32))
    labelled = LabelledTexts(joiner, HistoryTexts(codes, None, 5), codes, matrix, 0.0, 3)
    pairs = LabelledPairs(
        np.zeros(3, dtype=np.int64), np.array([1, 4, 5]), np.array([True, False, False])
    )
    batch = labelled.collate(pairs, np.random.default_rng(0))
    for row, item in enumerate((1, 4, 5)):
        second = int(batch["second"][row])
        assert set(batch["ids"][row, 1 : second - 1].tolist()) >= {codes[0][0], codes[2][0]}
        assert codes[1][0] not in batch["ids"][row, :second]
        assert batch["ids"][row, second] == codes[item][0]


def test_lists_are_a_liked_item_and_items_not_seen():
    rng = np.random.default_rng(0)
    matrix = csr_matrix((rng.random((20, 30)) < 0.3).astype(np.float32))
    lists = draw_lists(matrix, np.arange(10), None, 3, np.random.default_rng(1))
    assert len(lists) == 4 * matrix[:10].nnz and lists.liked.reshape(-1, 4).all(0).tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    assert (np.asarray(matrix[lists.users, lists.items]).ravel() == lists.liked).all()
    pairs = draw_pairs(matrix, np.arange(10), None, np.random.default_rng(1))
    single = draw_lists(matrix, np.arange(10), None, 1, np.random.default_rng(1))
    assert (pairs.items == single.items).all() and (pairs.users == single.users).all()
