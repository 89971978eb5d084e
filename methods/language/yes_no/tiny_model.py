"""A causal model of two small layers with random weights, made here: for tests and dry runs."""

from typing import Any

from ..text_encoder.model_files import ModelFiles, find_model
from ..text_encoder.tiny_models import SHAPE, TINY, find_tiny, make_byte_tokenizer

TOKENS = 4096
SPECIAL = ("<s>", "</s>")


def find_causal_model(name: str, path: str, revision: str) -> ModelFiles:
    """Return the files of a causal model; see ``find_model``. ``untrained/tiny`` is made here."""
    if name != TINY or path:
        return find_model(name, path, revision, causal=True)
    return find_tiny("tiny_causal_models", _make)


def describe_model(files: ModelFiles) -> dict[str, Any]:
    """Return what a record says about the base model; it has no pooling."""
    return {name: value for name, value in files.as_json().items() if name != "model_pooling"}


def _make() -> tuple[Any, Any]:
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = make_byte_tokenizer(SPECIAL)
    begin, end = SPECIAL
    made = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token=begin, eos_token=end, pad_token=end
    )
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=TOKENS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        **SHAPE | {"num_hidden_layers": 1},  # a fit asks it thousands of questions
    )
    return made, LlamaForCausalLM(config)
