"""The words that ``wandb agent`` passes to a run of its sweep, as Hydra reads them."""

import os
import re
from collections.abc import Sequence

_FLAG = re.compile(r"--(?P<word>(?P<name>[A-Za-z_][\w./@-]*)=.*)", re.DOTALL)


def read_agent_words(argv: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return the words of a command line with ``--method=popularity`` as ``method=popularity``.

    Only under ``wandb agent``, whose macro ``${args}`` writes them so; ``None`` becomes Hydra's
    ``null`` there. Hydra's own options stay as they are.

    Parameters
    ----------
    options
        The long options of Hydra: ``--config-name``.
    """
    if not os.environ.get("WANDB_SWEEP_ID"):
        return list(argv)
    return [_read(one, options) for one in argv]


def _read(word: str, options: Sequence[str]) -> str:
    found = _FLAG.fullmatch(word)
    if found and f"--{found['name']}" not in options:
        word = found["word"]
    return f"{word.removesuffix('None')}null" if word.endswith("=None") else word
