"""Models of one or two small layers with random weights, made here: for tests and dry runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ....datasets.cache import find_data_folder
from .model_files import ModelFiles, find_model
from .untrained import PREFIX, write_once
from .weight_files import WEIGHTS

TINY = PREFIX + "tiny"
"""Name under which one is asked for; it knows nothing, and a token is a byte."""
WIDTH = 32
SHAPE: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def find_tiny(kind: str, make: Callable[[], tuple[Any, Any]]) -> ModelFiles:
    """Return the files of a tiny model, which are written the first time.

    Parameters
    ----------
    kind
        Name of the folder below the cache, as ``untrained_encoders``.
    make
        Returns its tokenizer and, drawn from torch's global generator, the model.
    """
    folder = find_data_folder() / "cache" / kind / "tiny"

    def write(to: Path) -> None:
        from ...training.seeding import seeded

        with seeded(0, 1):
            tokenizer, model = make()
        to.mkdir(parents=True)
        tokenizer.save_pretrained(to)
        model.save_pretrained(to, safe_serialization=True)

    write_once(folder, WEIGHTS, "the tiny model", write)
    made = find_model("tiny", str(folder))
    return replace(made, name=TINY, source="drawn at random from seed 0")


def make_byte_tokenizer(special: Sequence[str]) -> Any:
    """Return a tokenizer of the library tokenizers whose first tokens are the special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({one: at for at, one in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
