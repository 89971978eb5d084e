"""An encoder of the same shape with weights drawn at random: the control of pretraining."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ....datasets.cache import find_data_folder
from ....datasets.errors import ColdbenchError

PREFIX = "untrained/"
"""Before the name of a model: its architecture and tokenizer, without what it has learned."""


def find_untrained(base: Path, sha256: str, weights: str, others: Sequence[str]) -> Path:
    """Return the folder of an untrained encoder, which is made the first time.

    Parameters
    ----------
    base
        Folder of the encoder whose configuration and tokenizer it has.
    sha256
        Of the weights there; the same ones give the same untrained ones.
    weights
        Name of the file that holds them.
    others
        Names of further files that it shares with the other, of a tokenizer for example.

    Raises
    ------
    ColdbenchError
        When it cannot be written.
    """
    folder = find_data_folder() / "cache" / "untrained_encoders" / sha256
    if (folder / weights).is_file():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            _write(base, Path(made, "model"), others).rename(folder)
    except OSError as error:
        if (folder / weights).is_file():  # another process was faster
            return folder
        raise ColdbenchError(
            f"an untrained copy of {base} cannot be written to {folder} ({error}); set "
            "COLDBENCH_DATA to a folder that can"
        ) from error
    return folder


def _write(base: Path, folder: Path, others: Sequence[str]) -> Path:
    from transformers import AutoConfig, AutoModel

    from ...training.seeding import seeded
    from .transformer import keep_quiet

    only = {"local_files_only": True, "trust_remote_code": False}
    with keep_quiet(), seeded(0, 1):
        config = AutoConfig.from_pretrained(base, **only)
        model = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
        model.save_pretrained(folder)
    for name in others:
        if (base / name).is_file():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(base / name, folder / name)
    return folder
