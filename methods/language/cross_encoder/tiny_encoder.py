"""An encoder of two small layers with random weights, made here: for tests and dry runs."""

from dataclasses import replace
from pathlib import Path

from ....datasets.cache import find_data_folder
from ..text_encoder.model_files import ModelFiles, find_model
from ..text_encoder.untrained import PREFIX, write_once
from ..text_encoder.weight_files import WEIGHTS

TINY = PREFIX + "tiny"
"""Name under which it is asked for; it knows nothing, and a token is a byte."""
WIDTH, LAYERS, HEADS, TOKENS = 32, 2, 2, 512
SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")


def find_encoder(name: str, path: str) -> ModelFiles:
    """Return the files of an encoder; see ``find_model``. ``untrained/tiny`` is made here."""
    if name != TINY or path:
        return find_model(name, path)
    folder = find_data_folder() / "cache" / "untrained_encoders" / "tiny"
    write_once(folder, WEIGHTS, "the tiny encoder", _write)
    made = find_model("tiny", str(folder))
    return replace(made, name=TINY, source="drawn at random from seed 0")


def _write(folder: Path) -> None:
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from ...training.seeding import seeded
    from ..text_encoder.byte_tokenizer import make_byte_tokenizer

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
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=TOKENS,
        pad_token_id=0,
    )
    with seeded(0, 1):
        model = BertModel(config)
    folder.mkdir(parents=True)
    made.save_pretrained(folder)
    model.save_pretrained(folder, safe_serialization=True)
