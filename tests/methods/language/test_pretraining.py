"""Pretraining on the dataset's texts: masks, loss, what is read, and what follows from it."""

import math
import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from coldbench.datasets.errors import ColdbenchError  # noqa: E402
from coldbench.datasets.protocol.scenarios import Grid  # noqa: E402
from coldbench.datasets.side_information import Provenance, TextColumn  # noqa: E402
from coldbench.methods.language.finetuned_encoder import pretraining  # noqa: E402
from coldbench.methods.language.finetuned_encoder.masked_model import (  # noqa: E402
    load_masked_model,
)
from coldbench.methods.language.finetuned_encoder.masked_texts import MaskedTexts  # noqa: E402
from coldbench.methods.language.finetuned_encoder.method import (  # noqa: E402
    FineTunedEncoder,
    Tuning,
)
from coldbench.methods.language.text_encoder.vector_store import VectorStore  # noqa: E402

from .killing import Killed, dying  # noqa: E402

CANARY = "canary5b2f"
PRETRAINED = {
    "pretraining_steps": 60,
    "pretraining_batch_size": 16,
    "pretraining_learning_rate": 3e-3,
}


@pytest.fixture
def encoder(settings, quick):
    def encoder(**different):
        chosen = {"tuning": Tuning.FROZEN, "epochs": 1} | PRETRAINED
        return FineTunedEncoder(**settings | quick | chosen | different)

    return encoder


def masked(tokens, size=64, seed=0):
    return MaskedTexts(tokens, size, seed, vocabulary=1000, mask=4, filler=0, special=(0, 2, 3, 4))


def test_so_many_tokens_are_hidden_behind_masks_other_words_and_themselves():
    rng = np.random.default_rng(0)
    tokens = [[2, *rng.integers(10, 1000, rng.integers(3, 40)), 3] for _ in range(2000)]
    told, shown, real = [], [], 0
    for batch in masked(tokens)(0):
        assert not (batch["hidden"] & ~batch["real"].bool()).any()
        told.append(batch["told"])
        shown.append(batch["ids"][batch["hidden"]])
        real += int(batch["real"].sum()) - 2 * len(batch["ids"])
    told, shown = torch.cat(told), torch.cat(shown)
    assert not set(told.tolist()) & {0, 2, 3, 4}
    assert len(told) / real == pytest.approx(0.15, abs=0.005)
    assert (shown == 4).float().mean() == pytest.approx(0.8, abs=0.015)
    assert (shown == told).float().mean() == pytest.approx(0.1, abs=0.015)


def test_what_is_not_hidden_stays_and_every_text_comes_once():
    tokens = [[2, 10 + at, 100 + at, 200 + at, 3] for at in range(50)]
    seen = []
    for batch in masked(tokens, size=8)(3):
        whole = batch["ids"].masked_scatter(batch["hidden"], batch["told"])
        seen += whole.tolist()
    assert sorted(seen) == tokens


def test_an_epoch_repeats_another_has_other_masks_and_a_short_text_has_one():
    tokens = [[2, 11, 12, 13, 14, 3]] * 20
    first, again, other = ([b["hidden"].tolist() for b in masked(tokens)(at)] for at in (0, 0, 1))
    assert first == again != other
    assert all(batch["hidden"].sum() == 1 for batch in masked([[2, 11, 3]] * 9, size=1)(0))
    assert list(masked([[2, 3]] * 9)(0)) == []


def test_the_loss_of_hidden_words_falls_and_the_record_has_it(make_world, encoder):
    method = encoder().fit(make_world().train)
    told = method.report()["pretraining"]
    assert told["chance_loss"] == pytest.approx(math.log(43))
    assert told["masked_loss_after"] < told["masked_loss_before"] - 0.3
    assert told["steps"] == 60 and told["texts"] == 48
    assert told["head"] == "new, tied to the input embeddings"
    model, _ = load_masked_model(method._sentences(make_world().train.resources).files.folder)
    assert told["trained_parameters"] == sum(one.numel() for one in model.parameters())


def test_the_masks_it_is_measured_on_are_held_out_and_the_texts_tell(make_world, encoder):
    """Words are told from those beside them: words at random stay at the loss of their counts."""
    world, rng = make_world(), np.random.default_rng(0)
    pairs = [" ".join(np.repeat(rng.choice(list("abcdef")), 6)) for _ in range(48)]
    names = dict(zip("abcdef", ("sea0", "war0", "law0", "sun0", "talk0", "talk1"), strict=True))
    same = [" ".join(names[word] for word in text.split()) for text in pairs]
    words = list(names.values())
    mixed = [" ".join(rng.choice(words, 6)) for _ in range(48)]
    losses = []
    for text in (same, mixed):
        items = replace(world.train.items, text=np.array(text, dtype=object))
        method = encoder().fit(replace(world.train, items=items))
        losses.append(method.report()["pretraining"]["masked_loss_after"])
    assert losses[0] < losses[1] - 0.5 and losses[1] == pytest.approx(math.log(6), abs=0.5)
    assert max(losses) < math.log(43) - 1


def test_the_vectors_are_those_of_other_weights_and_cached_apart(make_world, encoder):
    world = make_world()
    one, two = encoder().fit(world.train), encoder(pretraining_steps=0).fit(world.train)
    assert "pretraining" not in two.report() and "pretraining" not in two.state()
    pair = [method.scorer_.sentences for method in (one, two)]
    assert one.report()["pretraining"]["weights_sha256"] == pair[0].files.sha256
    assert one.report()["weights_sha256"] == two.report()["weights_sha256"] == pair[1].files.sha256
    folders = [VectorStore(sentences.space).folder for sentences in pair]
    assert folders[0] != folders[1] and all(list(folder.glob("*.npz")) for folder in folders)
    texts = list(world.query.items.text)
    vectors = [sentences.encode(texts) for sentences in pair]
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-2
    assert one.parameter_counts() == two.parameter_counts()


@pytest.mark.parametrize("tuning", [Tuning.FROZEN, Tuning.LORA])
def test_it_repeats_and_is_kept_with_the_rest(make_world, encoder, tuning, tmp_path, data_home):
    world = make_world()
    one, two = (encoder(tuning=tuning).fit(world.train) for _ in range(2))
    np.testing.assert_array_equal(one.score(world.query), two.score(world.query))
    assert one.report()["pretraining"] == two.report()["pretraining"]
    one.save(tmp_path / "state.npz")
    shutil.rmtree(data_home)  # as on another machine
    same = FineTunedEncoder(**{field.name: getattr(one, field.name) for field in fields(one)})
    same.load(tmp_path / "state.npz")
    np.testing.assert_array_equal(same.score(world.query), two.score(world.query))
    assert same.report() == two.report()


def test_the_fine_tuning_begins_with_what_was_pretrained(make_world, encoder):
    world = make_world()
    method = encoder(tuning=Tuning.LORA, epochs=0).fit(world.train)
    frozen = method.scorer_.sentences.encode(list(world.query.items.text))
    np.testing.assert_allclose(method.item_factors(world.query.items), frozen, atol=1e-5)


def test_an_update_goes_on_from_the_pretrained_encoder(make_world, encoder):
    from coldbench.datasets.update import Update

    world = make_world()
    method = encoder().fit(world.train)
    files = method.scorer_.sentences.files
    users, items = (side.known for side in (world.train.users, world.train.items))
    known = Update(np.ones(len(world.train.interactions), dtype=bool), users, items)
    method.update(world.train, known)
    assert method.scorer_.sentences.files == files and method.report()["pretraining"]["steps"] == 60


def test_a_killed_fit_goes_on_to_the_last_bit(make_world, encoder, tmp_path):
    world, method = make_world(), encoder(tuning=Tuning.LORA, epochs=3)
    whole = replace(method).fit(world.train)
    with pytest.raises(Killed):
        replace(method).fit(dying(world.train, tmp_path / "run", 1))
    resumed = replace(method).fit(dying(world.train, tmp_path / "run", 99))
    np.testing.assert_array_equal(resumed.score(world.query), whole.score(world.query))


@pytest.fixture(scope="module")
def planted():
    """Return the planted dataset with a canary in a field that only the open track shows."""
    from coldbench.benchmarks.plugins.registry import find

    data = find("datasets", "planted")().load()
    told = np.array(
        [f"{CANARY} {at}" for at in range(len(data.items.texts[0].values))], dtype=object
    )
    column = TextColumn("reviews", Provenance.USER_GENERATED, told)
    return replace(data, items=replace(data.items, texts=(*data.items.texts, column)))


@pytest.mark.parametrize("mode", ["inductive", "transductive"])
def test_only_texts_that_a_training_may_see_are_read(planted, mode, monkeypatch, encoder):
    split = Grid(side_information=mode).split(planted, 0)
    read = []

    def keep(method, loaded, prefix, texts, seed):
        read.extend(texts)
        raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "_make_batches", keep)
    with pytest.raises(KeyboardInterrupt):
        encoder().fit(split.train)
    cold = {
        str(text)
        for name, task in (split.validation | split.test).items()
        for text in task.query.items.take(np.flatnonzero(task.query.items.known < 0)).text
    }
    warm = {str(text) for text in split.train.items.text}
    assert len(read) == len(set(read)) and warm <= set(read) and len(cold - warm) > 10
    assert not any(CANARY in text for text in read)
    assert ((cold - warm) <= set(read)) if mode == "transductive" else not (cold - warm) & set(read)
    shown = Grid(side_information=mode, track="open").split(planted, 0).train
    assert any(CANARY in text for text in pretraining.list_texts(shown)), "the canary is to be seen"


@pytest.mark.parametrize("kind", ["Bert", "Roberta"])
def test_the_head_of_a_checkpoint_is_taken_where_there_is_one(kind, tmp_path):
    import transformers

    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    rest = {"intermediate_size": 16, "vocab_size": 30, "max_position_embeddings": 20}
    config = getattr(transformers, f"{kind}Config")(**shape, **rest)
    for name, expected in (("Model", False), ("ForMaskedLM", True)):
        torch.manual_seed(0)
        made = getattr(transformers, kind + name)(config)
        made.save_pretrained(tmp_path / name, safe_serialization=True)
        torch.manual_seed(1)
        model, known = load_masked_model(tmp_path / name)
        assert known is expected
        head = model.model.cls.predictions if kind == "Bert" else model.model.lm_head
        embeddings = model.model.get_input_embeddings().weight
        assert head.decoder.weight is embeddings
        dense = head.transform.dense if kind == "Bert" else head.dense
        if expected:
            own = made.cls.predictions.transform if kind == "Bert" else made.lm_head
            assert torch.equal(dense.weight, own.dense.weight)


def test_what_is_no_masked_language_model_is_refused(tmp_path):
    from transformers import GPT2Config

    GPT2Config(n_layer=1, n_head=1, n_embd=4).save_pretrained(tmp_path)
    with pytest.raises(ColdbenchError, match="a model of type 'gpt2' is not pretrained further"):
        load_masked_model(tmp_path)


def test_texts_without_a_word_are_refused(make_world, encoder):
    train = make_world().train
    items = replace(train.items, text=np.array([" "] * len(train.items), dtype=object))
    with pytest.raises(ColdbenchError, match="there is no word to pretrain on"):
        encoder().fit(replace(train, items=items))
