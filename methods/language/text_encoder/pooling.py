"""Which hidden states of a text become its vector: the encoder's own files say it."""

import json
from enum import Enum
from pathlib import Path

from ....datasets.errors import ColdbenchError

POOLING = "1_Pooling/config.json"
"""Where sentence-transformers keeps it, next to the weights."""
_MODE = "pooling_mode_"


class Pooling(str, Enum):
    """What is taken of the last hidden states."""

    MEAN = "mean"
    FIRST = "cls_token"


def read_pooling(folder: Path) -> Pooling:
    """Return what the files of an encoder say; the mean over the tokens where they say nothing.

    Raises
    ------
    ColdbenchError
        When they say something else, or several, or cannot be read.
    """
    path = folder / POOLING
    if not path.is_file():
        return Pooling.MEAN
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        modes = [key for key, value in told.items() if key.startswith(_MODE) and value is True]
    except (OSError, ValueError, AttributeError) as error:
        raise ColdbenchError(f"{path} is not readable: {error}") from error
    names = [key.removeprefix(_MODE).removesuffix("_tokens") for key in modes]
    if len(names) != 1 or names[0] not in set(Pooling):
        raise ColdbenchError(
            f"{path} asks for the pooling {' and '.join(names) or 'of nothing'}; coldbench has "
            f"{', '.join(Pooling)}: use another model"
        )
    return Pooling(names[0])
