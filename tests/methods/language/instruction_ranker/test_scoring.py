"""The log-odds of a prompt are those of the whole model, in whatever company it is asked."""

import numpy as np
import pytest
import torch
from coldbench.datasets.errors import ColdbenchError
from coldbench.methods.language.low_rank import LoraSettings
from coldbench.methods.language.reranking.ranking import FLOOR, choose_top, place_chosen
from coldbench.methods.language.text_encoder.model_files import find_model
from coldbench.methods.language.text_encoder.tiny_models import TINY
from coldbench.methods.language.yes_no.build import build_network
from coldbench.methods.language.yes_no.network import pad_prompts
from coldbench.methods.language.yes_no.prompts import PromptWriter
from coldbench.methods.language.yes_no.template import parse_template, read_template
from coldbench.methods.language.yes_no.tiny_model import find_causal_model

from ..matching_models import build_reader  # type: ignore[import-not-found]

LORA = LoraSettings(4, 8.0, 0.0)


@pytest.fixture(params=["matcher", "gpt2", TINY])
def loaded(request, matcher, gpt2):
    """Return the network and tokens of three kinds of models, and the whole model."""
    from transformers import AutoModelForCausalLM

    folders = {"matcher": matcher, "gpt2": gpt2, TINY: ""}
    files = find_causal_model(request.param, str(folders[request.param]), "")
    network, tokens = build_network(files, read_template("short"), 200, None)
    return network, tokens, AutoModelForCausalLM.from_pretrained(files.folder).eval()


def some_prompts(tokens, count=12):
    """Return prompts of unlike length that begin alike, and some that do not."""
    rng = np.random.default_rng(0)
    begin = [*tokens.start, *rng.integers(5, 30, 20).tolist()]
    prompts = [(*begin, *rng.integers(5, 30, rng.integers(1, 15)).tolist()) for _ in range(count)]
    return prompts, [*prompts, tuple(rng.integers(5, 30, 9).tolist())]


def test_they_are_those_of_the_whole_model(loaded):
    network, tokens, model = loaded
    with torch.no_grad():
        for prompts in some_prompts(tokens):
            found = network.score(prompts)
            for prompt, odds in zip(prompts, found, strict=True):
                logits = model(input_ids=torch.tensor([prompt])).logits[0, -1]
                expected = torch.log_softmax(logits, -1)[[tokens.yes, tokens.no]]
                assert odds == pytest.approx(float(expected[0] - expected[1]), abs=1e-5)
    assert found.dtype == np.float32


def test_company_and_order_change_nothing(loaded):
    network, tokens, _ = loaded
    alike, mixed = some_prompts(tokens)
    together = network.score(alike)
    np.testing.assert_array_equal(network.score(alike[::-1])[::-1], together)
    alone = np.concatenate([network.score([one]) for one in alike])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(network.score(mixed)[:-1], together, atol=1e-5)
    twice = network.score([*alike, *alike])
    np.testing.assert_array_equal(twice, np.tile(together, 2))


def test_a_common_beginning_is_computed_once_and_changes_nothing(loaded, monkeypatch):
    network, tokens, _ = loaded
    alike, _ = some_prompts(tokens)
    assert network.shares, "all three keep keys and values"
    read = []
    original = network._read
    monkeypatch.setattr(network, "_read", lambda tokens: read.append(tokens) or original(tokens))
    shared = network.score(alike)
    assert len(read) == 1 and len(read[0]) >= 20
    network.shares = False
    np.testing.assert_allclose(network.score(alike), shared, atol=1e-5)
    assert len(read) == 1


def test_large_batches_are_computed_in_parts(loaded, monkeypatch):
    network, tokens, _ = loaded
    alike, _ = some_prompts(tokens)
    whole = network.score(alike)
    monkeypatch.setattr("coldbench.methods.language.yes_no.network.TOKENS_AT_ONCE", 60)
    np.testing.assert_allclose(network.score(alike), whole, atol=1e-5)


def test_padding_at_the_end_moves_no_answer(loaded):
    network, tokens, _ = loaded
    alike, _ = some_prompts(tokens)
    with torch.no_grad():
        ids, lengths = pad_prompts(alike)
        odds = network.log_odds(ids, lengths)
        other = ids.clone()
        for row, length in enumerate(lengths.tolist()):
            other[row, length:] = 7
        assert torch.equal(odds, network.log_odds(other, lengths))


def test_updates_begin_at_nothing_and_are_all_that_is_trained(matcher, gpt2):
    for folder, layers in ((matcher, ("q_proj", "v_proj")), (gpt2, ("c_attn",))):
        files = find_model("m", str(folder))
        plain, tokens = build_network(files, read_template("short"), 200, None)
        updated, _ = build_network(files, read_template("short"), 200, LORA)
        alike, _ = some_prompts(tokens)
        np.testing.assert_allclose(updated.score(alike), plain.score(alike), atol=1e-6)
        trained = [at for at, one in updated.named_parameters() if one.requires_grad]
        assert trained and all("lora_" in at and any(one in at for one in layers) for at in trained)
        assert not any(one.requires_grad for one in plain.parameters())
        batch = dict(zip(("ids", "lengths"), pad_prompts(alike), strict=True))
        loss = updated.loss(batch | {"liked": torch.ones(len(alike))})
        expected = np.log1p(np.exp(-plain.score(alike).astype(np.float64))).mean()
        assert float(loss.detach()) == pytest.approx(expected, abs=1e-5)


def test_other_layers_can_be_asked_for(matcher):
    files = find_model("m", str(matcher))
    lora = LoraSettings(4, 8.0, 0.0, ["gate_proj", "o_proj"])
    network, _ = build_network(files, read_template("short"), 200, lora)
    trained = {
        at.split(".lora_")[0].rsplit(".", 1)[1]
        for at, one in network.named_parameters()
        if one.requires_grad
    }
    assert trained == {"gate_proj", "o_proj"}
    lora = LoraSettings(4, 8.0, 0.0, ["nowhere"])
    with pytest.raises(
        ColdbenchError, match=r"lora_targets = \['nowhere'\] .* are called .*q_proj"
    ):
        build_network(files, read_template("short"), 200, lora)


@pytest.mark.parametrize("tied", [True, False])
def test_an_encoder_decoder_answers_as_the_whole_model(tmp_path, tied):
    from transformers import T5ForConditionalGeneration

    folder = build_reader(tmp_path / "t5", steps=0, tie_word_embeddings=tied)
    files, template = find_model("t5", str(folder)), read_template("short")
    network, tokens = build_network(files, template, 40, None)
    assert tokens.apart and not network.shares
    model = T5ForConditionalGeneration.from_pretrained(folder).eval()
    writer = PromptWriter(template, ["sea0 sea1", "war2 war3"], None, 2)
    asked = [writer.ask((0, 1), "sun1 sun2"), writer.ask((), "sea5")]
    prompts = [
        *tokens.encode(writer, np.array([0, 1]), ["sun1 sun2"]),
        *tokens.encode(writer, np.array([], int), ["sea5"]),
    ]
    found = network.score(prompts)
    for text, prompt, odds in zip(asked, prompts, found, strict=True):
        coded = tokens.tokenizer(text, return_tensors="pt")
        assert coded["input_ids"][0].tolist() == list(prompt)
        with torch.no_grad():
            logits = model(**coded, decoder_input_ids=torch.tensor([[0]])).logits[0, -1]
        yes, no = tokens.tokenizer.convert_tokens_to_ids(["yes", "no"])
        assert odds == pytest.approx(float(logits[yes] - logits[no]), abs=1e-5)
    assert found[0] != found[1] and (tokens.yes, tokens.no) == (yes, no)
    np.testing.assert_array_equal(network.score(prompts[::-1])[::-1], found)
    np.testing.assert_allclose(network.score(prompts[:1]), found[:1], atol=1e-5)


def test_too_long_for_an_encoder_it_loses_the_oldest_and_keeps_its_end(tmp_path):
    folder = build_reader(tmp_path / "t5", steps=0)
    template = read_template("short")
    _, tokens = build_network(find_model("t5", str(folder)), template, 20, None)
    writer = PromptWriter(template, ["sea0 sea1", "war2 war3", "law1 law2"], None, 3)
    (prompt,) = tokens.encode(writer, np.array([0, 1, 2]), ["sun1 sun2"])
    words = tokens.tokenizer.convert_ids_to_tokens(prompt)
    assert len(prompt) <= 20 and words[0] == "[CLS]" and words[-1] == "[SEP]"
    assert "law1" in words and "sea0" not in words


def test_updates_of_an_encoder_decoder_are_on_queries_and_values(tmp_path):
    files = find_model("t5", str(build_reader(tmp_path / "t5", steps=0)))
    network, _ = build_network(files, read_template("short"), 200, LORA)
    trained = [at for at, one in network.named_parameters() if one.requires_grad]
    assert {at.split(".lora_")[0].rsplit(".", 1)[1] for at in trained} == {"q", "v"}
    assert any("encoder" in at for at in trained) and any("EncDec" in at for at in trained)


def test_models_that_cannot_answer_are_refused(bert, matcher):
    template = read_template("short")
    with pytest.raises(ColdbenchError, match=r"no causal language model: its answer depends on"):
        build_network(find_model("bert", str(bert)), template, 200, None)
    files = find_model("m", str(matcher))
    with pytest.raises(ColdbenchError, match="max_length = 999 is more than the 256 tokens"):
        build_network(files, template, 999, None)
    same = template.text.replace("[yes]\nYes", "[yes]\nsea").replace("[no]\nNo", "[no]\nSea")
    with pytest.raises(ColdbenchError, match="does not tell 'sea' from 'Sea'"):
        build_network(files, parse_template("mine", same, "mine"), 200, None)


def test_weights_in_several_files_are_the_same_model(matcher, sharded):
    one, several = find_model("m", str(matcher)), find_model("m", str(sharded))
    assert one.parameters == several.parameters and one.sha256 != several.sha256
    template = read_template("short")
    scores = []
    for files in (one, several):
        network, tokens = build_network(files, template, 200, None)
        scores.append(network.score(some_prompts(tokens)[0]))
    np.testing.assert_array_equal(*scores)
    (sharded / "model-00002-of-00002.safetensors").rename(sharded / "aside")
    with pytest.raises(ColdbenchError, match=r"names 'model-00002-of-.* fetch the model again"):
        find_model("m", str(sharded))
    (sharded / "aside").rename(sharded / "model-00002-of-00002.safetensors")


def test_the_tiny_model_is_the_same_wherever_it_is_made(tmp_path, monkeypatch):
    found = []
    for name in ("one", "other"):
        monkeypatch.setenv("COLDBENCH_DATA", str(tmp_path / name))
        found.append(find_causal_model(TINY, "", ""))
    assert found[0].sha256 == found[1].sha256 and found[0].folder != found[1].folder
    assert found[0].source == "drawn at random from seed 0"


def test_an_untrained_causal_model_has_an_output_layer(matcher):
    made = find_causal_model("untrained/matcher", str(matcher), "")
    network, tokens = build_network(made, read_template("short"), 200, None)
    again, _ = build_network(
        find_causal_model("untrained/matcher", str(matcher), ""), read_template("short"), 200, None
    )
    prompts, _ = some_prompts(tokens)
    np.testing.assert_array_equal(network.score(prompts), again.score(prompts))
    assert made.sha256 != find_model("m", str(matcher)).sha256
    assert made.parameters == find_model("m", str(matcher)).parameters


def test_the_highest_allowed_candidates_are_chosen_with_all_that_tie():
    scores = np.array([[5, 4, 3, 3, 1], [0, 0, 0, 0, 0], [9, 8, 7, 6, 5]], dtype=np.float32)
    allowed = np.ones((3, 5), dtype=bool)
    allowed[2, 0] = False
    chosen = choose_top(scores, allowed, 3)
    assert chosen.tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]]
    assert choose_top(scores, allowed, 0).tolist() == allowed.tolist()
    noisy = scores * (1 + np.float32(1e-6) * np.random.default_rng(0).random((3, 5), np.float32))
    assert (choose_top(noisy, allowed, 3) == chosen).all()
    assert choose_top(scores[:, :0], allowed[:, :0], 3).shape == (3, 0)


def test_the_rest_keep_their_order_below_the_chosen():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(6, 400)).astype(np.float32)
    scores[4] = 3.0  # nothing to tell apart
    scores[5] = 1000 + rng.random(400, dtype=np.float32)
    allowed = np.ones(scores.shape, dtype=bool)
    chosen = choose_top(scores, allowed, 20)
    odds = rng.normal(scale=30, size=scores.shape).astype(np.float32)
    placed = place_chosen(scores, chosen, odds)
    assert placed.dtype == np.float32 and np.isfinite(placed).all()
    for row in range(4):
        best, rest = placed[row][chosen[row]], placed[row][~chosen[row]]
        assert best.min() > FLOOR >= rest.max() and rest.min() >= 2 * FLOOR
        order = np.argsort(scores[row][~chosen[row]])
        assert (np.diff(rest[order]) > 0).all()
    assert chosen[4].all()
    rest = placed[5][~chosen[5]][np.argsort(scores[5][~chosen[5]])]
    assert (np.diff(rest) >= 0).all()
    everything = place_chosen(scores, allowed, odds)
    np.testing.assert_array_equal(everything, np.clip(odds, -60, 60))
