"""A causal model of two small layers with random weights, made here: for tests and dry runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ....datasets.cache import find_data_folder
from ..text_encoder.model_files import ModelFiles, find_model
from ..text_encoder.untrained import PREFIX, write_once
from ..text_encoder.weight_files import WEIGHTS

TINY = PREFIX + "tiny"
"""Name under which it is asked for; it knows nothing, and a token is a byte."""
WIDTH, LAYERS, HEADS, TOKENS = 32, 2, 2, 4096
SPECIAL = ("<s>", "</s>")


def find_causal_model(name: str, path: str, revision: str) -> ModelFiles:
    """Return the files of a causal model; see ``find_model``. ``untrained/tiny`` is made here."""
    if name != TINY or path:
        return find_model(name, path, revision, causal=True)
    folder = find_data_folder() / "cache" / "untrained_causal_models" / "tiny"
    write_once(folder, WEIGHTS, "the tiny model", _write)
    made = find_model("tiny", str(folder))
    return replace(made, name=TINY, source="drawn at random from seed 0")


def describe_model(files: ModelFiles) -> dict[str, Any]:
    """Return what a record says about the base model; it has no pooling."""
    return {name: value for name, value in files.as_json().items() if name != "model_pooling"}


def _write(folder: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from ...training.seeding import seeded
    from ..text_encoder.byte_tokenizer import make_byte_tokenizer

    tokenizer = make_byte_tokenizer(SPECIAL)
    begin, end = SPECIAL
    made = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token=begin, eos_token=end, pad_token=end
    )
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=TOKENS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    with seeded(0, 1):
        model = LlamaForCausalLM(config)
    folder.mkdir(parents=True)
    made.save_pretrained(folder)
    model.save_pretrained(folder, safe_serialization=True)
