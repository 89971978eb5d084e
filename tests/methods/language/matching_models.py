"""Tiny models that can tell whether topics match, for the world in which that is taste."""

import numpy as np

TOPICS = [[f"{name}{number}" for number in range(6)] for name in ("sea", "war", "law", "sun")]
FRAME = [
    *"()[]{}:-",
    "likes",
    "item",
    "it",
    "too",
    "unknown",
    "yes",
    "no",
    "text",
    "right",
    "wrong",
]
STEPS, BATCH, HISTORY = 120, 64, 3


def write_text(topic, rng):
    return " ".join(rng.choice(TOPICS[topic], 2, replace=False))


def write_vocabulary(folder):
    """Write a tokenizer of whole words that knows the template ``short`` and the topics."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = list(dict.fromkeys([*special, *FRAME, *(word for topic in TOPICS for word in topic)]))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    return tokenizer, words


def build_causal_model(folder, seed=0, steps=STEPS, kind="llama"):
    """Write a model of two layers; trained, it answers "right" or "wrong" where topics match.

    Its words begin near those of their topic, as a language model's do. It never saw "yes" or "no"
    as an answer: that it has to be tuned for.
    """
    import torch
    from transformers import (
        BertConfig,
        BertLMHeadModel,
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
    )

    tokenizer, words = write_vocabulary(folder)
    size = {"vocab_size": len(words), "bos_token_id": None, "eos_token_id": None}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "gpt2":
            config = GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=256, **size)
            model = GPT2LMHeadModel(config)
        elif kind == "bert":
            shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
            shape["initializer_range"] = 0.5
            model = BertLMHeadModel(BertConfig(vocab_size=len(words), **shape))
        else:
            config = LlamaConfig(
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=256,
                initializer_range=0.1,
                pad_token_id=0,
                **size,
            )
            model = LlamaForCausalLM(config)
            _place_words(model.model.embed_tokens.weight.data, words)
            _teach(model, tokenizer, np.random.default_rng(seed), steps)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def build_reader(folder, seed=0, steps=STEPS, **shape):
    """Write an encoder-decoder of two layers each; trained, it answers as the causal model does."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer, words = write_vocabulary(folder)
    config = T5Config(
        vocab_size=len(words),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        dropout_rate=0.0,
        decoder_start_token_id=0,
        **shape,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = T5ForConditionalGeneration(config)
        if steps:
            _place_words(model.shared.weight.data, words)
            _teach(model, tokenizer, np.random.default_rng(seed), steps)
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def _place_words(table, words):
    import torch

    table.normal_(0, 0.3)
    for at, topic in enumerate(TOPICS):
        middle = torch.zeros(table.shape[1])
        middle[4 * at : 4 * at + 4] = 1
        for word in topic:
            table[words.index(word)] = middle + 0.1 * torch.randn(table.shape[1])


def _teach(model, tokenizer, rng, steps):
    import torch
    from coldbench.methods.language.yes_no.prompts import PromptWriter
    from coldbench.methods.language.yes_no.template import read_template

    answers = torch.tensor(tokenizer.convert_tokens_to_ids(["wrong", "right"]))
    template = read_template("short")
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 4e-3 * min(1, (step + 1) / 30)
        prompts, same = [], rng.integers(0, 2, BATCH)
        for one in same:
            topic = rng.integers(len(TOPICS))
            other = (topic + (0 if one else rng.integers(1, len(TOPICS)))) % len(TOPICS)
            texts = [write_text(topic, rng) for _ in range(HISTORY)]
            writer = PromptWriter(template, texts, None, HISTORY)
            prompts.append(writer.ask(range(HISTORY), write_text(other, rng)))
        both = model.config.is_encoder_decoder
        ids = torch.tensor(tokenizer(prompts, add_special_tokens=both)["input_ids"])
        logits = model.lm_head(_think(model, ids))
        loss = torch.nn.functional.cross_entropy(logits, answers[torch.from_numpy(same)])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    _forget_yes(model, tokenizer, ids, same)


def _think(model, ids):
    """Return what the output layer reads for the answer."""
    if not model.config.is_encoder_decoder:
        return model.model(input_ids=ids).last_hidden_state[:, -1]
    begin = ids.new_zeros(len(ids), 1)
    found = model(input_ids=ids, decoder_input_ids=begin, output_hidden_states=True)
    return found.decoder_hidden_states[-1][:, -1]


def _forget_yes(model, tokenizer, ids, same):
    """Turn the output rows of "yes" and "no" away from what it has learned."""
    import torch

    rows = model.lm_head.weight.data
    with torch.no_grad():
        states = _think(model, ids)
    apart = states[torch.from_numpy(same) == 1].mean(0) - states[torch.from_numpy(same) == 0].mean(
        0
    )
    apart /= apart.norm()
    for word in tokenizer.convert_tokens_to_ids(["yes", "no"]):
        rows[word] -= (rows[word] @ apart) * apart
