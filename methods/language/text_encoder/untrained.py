"""A model of the same shape with weights drawn at random: the control of pretraining."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ....datasets.cache import find_data_folder
from ....datasets.errors import ColdbenchError

PREFIX = "untrained/"
"""Before the name of a model: its architecture and tokenizer, without what it has learned."""


def find_untrained(
    base: Path, sha256: str, weights: str, others: Sequence[str], *, causal: bool = False
) -> Path:
    """Return the folder of an untrained model, which is made the first time.

    Parameters
    ----------
    base
        Folder of the model whose configuration and tokenizer it has.
    sha256
        Of the weights there; the same ones give the same untrained ones.
    weights
        Name of the file that holds them.
    others
        Names of further files that it shares with the other, of a tokenizer for example.
    causal
        Whether it has the output layer of a language model that writes.

    Raises
    ------
    ColdbenchError
        When it cannot be written.
    """
    kind = "untrained_causal_models" if causal else "untrained_encoders"
    folder = find_data_folder() / "cache" / kind / sha256
    what = f"an untrained copy of {base}"
    return write_once(folder, weights, what, lambda to: _write(base, to, others, causal))


def write_once(folder: Path, weights: str, what: str, write: Callable[[Path], None]) -> Path:
    """Return a folder of a model, which ``write`` fills the first time; it appears whole.

    Parameters
    ----------
    folder
        Where the model is to lie.
    weights
        Name of a file there without which it is not complete.
    what
        The model in words, for the error.
    write
        Writes the files into the folder that it is given.

    Raises
    ------
    ColdbenchError
        When it cannot be written.
    """
    if (folder / weights).is_file():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            write(Path(made, "model"))
            Path(made, "model").rename(folder)
    except OSError as error:
        if (folder / weights).is_file():  # another process was faster
            return folder
        raise ColdbenchError(
            f"{what} cannot be written to {folder} ({error}); set COLDBENCH_DATA to a folder "
            "that can"
        ) from error
    return folder


def _write(base: Path, folder: Path, others: Sequence[str], causal: bool) -> None:
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    from ...training.seeding import seeded
    from .transformer import keep_quiet

    only = {"local_files_only": True, "trust_remote_code": False}
    with keep_quiet(), seeded(0, 1):
        config = AutoConfig.from_pretrained(base, **only)
        with_output: Any = (
            AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        )
        made: Any = with_output if causal else AutoModel
        model = made.from_config(config)
        model.save_pretrained(folder)
    for name in others:
        if (base / name).is_file():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(base / name, folder / name)
