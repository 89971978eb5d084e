"""An encoder of two small layers with random weights, made here: for tests and dry runs."""

from typing import Any

from ..text_encoder.model_files import ModelFiles, find_model
from ..text_encoder.tiny_models import SHAPE, TINY, find_tiny, make_byte_tokenizer

TOKENS = 512
SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")


def find_encoder(name: str, path: str) -> ModelFiles:
    """Return the files of an encoder; see ``find_model``. ``untrained/tiny`` is made here."""
    if name != TINY or path:
        return find_model(name, path)
    return find_tiny("untrained_encoders", _make)


def _make() -> tuple[Any, Any]:
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = make_byte_tokenizer(SPECIAL)
    fill, begin, end, mask, unknown = SPECIAL
    tokenizer.post_processor = TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} $B:1 {end}:1",
        special_tokens=[(one, tokenizer.token_to_id(one)) for one in (begin, end)],
    )
    made = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=fill,
        cls_token=begin,
        sep_token=end,
        mask_token=mask,
        unk_token=unknown,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=TOKENS,
        pad_token_id=0,
        **SHAPE,
    )
    return made, BertModel(config)
