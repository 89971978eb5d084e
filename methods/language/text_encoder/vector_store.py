"""Text vectors on disk, one per text, found again by content."""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ....datasets.array_file import read_arrays, write_arrays
from ....datasets.arrays import FloatArray, make_read_only
from ....datasets.atomic import replace_atomically, sweep_stale
from ....datasets.cache import find_data_folder
from ....datasets.hashing import hash_content

_TEXTS_AT_ONCE = 4096  # so much work is lost when a run is killed


@dataclass(frozen=True)
class VectorStore:
    """Vectors of texts under one encoder and its settings.

    A file holds the vectors of some texts and is never changed: it appears whole, under a name
    that its texts decide. So writers need no lock, two that encode the same list write the same
    file, and a killed one leaves nothing that is read. A file that was altered, or stands under
    another's name, is noticed by its checksums, and its texts are encoded again.

    Attributes
    ----------
    space
        Hash of all that decides a vector but the text: weights, tokenizer, settings.
    """

    space: str

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return find_data_folder() / "cache" / "text_vectors" / self.space

    def vectors(
        self,
        texts: Sequence[str],
        encode: Callable[[list[str]], FloatArray],
        expect: Callable[[int], None] | None = None,
    ) -> FloatArray:
        """Return float32 (texts, d), calling ``encode`` for the distinct texts not yet stored.

        Parameters
        ----------
        texts
            Any texts, repeated ones too.
        encode
            Returns float32 (texts, d).
        expect
            Called once, with the number of texts that ``encode`` will be called for.
        """
        distinct, position = _distinct(texts)
        keys = _keys(distinct)
        found = self._read(keys)
        missing = [text for text, key in zip(distinct, keys, strict=True) if key not in found]
        if missing and expect is not None:
            expect(len(missing))
        for at in range(0, len(missing), _TEXTS_AT_ONCE):
            part = missing[at : at + _TEXTS_AT_ONCE]
            made = np.ascontiguousarray(encode(part), dtype=np.float32)
            new = _keys(part)
            self._write(new, made)
            found.update(zip(new, made, strict=True))
        if not keys:
            return encode([])
        vectors: FloatArray = np.stack([found[key] for key in keys])[position]
        return vectors

    def _read(self, keys: list[bytes]) -> dict[bytes, FloatArray]:
        wanted = set(keys)
        found: dict[bytes, FloatArray] = {}
        for path in sorted(self.folder.glob("*.npz")):
            if len(found) == len(wanted):
                break
            for key, vector in _read_file(path, wanted):
                found.setdefault(key, vector)
        return found

    def _write(self, keys: list[bytes], vectors: FloatArray) -> None:
        path = self.folder / f"{hash_content(keys)}.npz"
        stored = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, 32)
        try:
            sweep_stale(path.parent)
            with replace_atomically(path) as file:
                write_arrays(file, _about(path), {"keys": stored, "vectors": vectors})
        except OSError as error:
            warnings.warn(f"{path} cannot be written ({error}); nothing is cached", stacklevel=2)


def _read_file(path: Path, wanted: set[bytes]) -> list[tuple[bytes, FloatArray]]:
    """Return the wanted vectors of one file; a damaged file is removed with a warning."""
    try:
        stat = path.stat()
        keys, vectors = _content(path, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError) as error:
        warnings.warn(f"{path} is damaged ({error}); its texts are encoded again", stacklevel=2)
        with suppress(OSError):
            path.unlink()
        return []
    return [(key, vectors[row]) for row, key in enumerate(keys) if key in wanted]


@lru_cache(maxsize=16)
def _content(path: Path, size: int, modified: int) -> tuple[list[bytes], FloatArray]:
    """Read a file once per process: users come in many small blocks."""
    stored = read_arrays(path, _about(path))
    return [row.tobytes() for row in stored["keys"]], make_read_only(stored["vectors"])


def _about(path: Path) -> str:
    """Return what a file holds: the texts that its name is the hash of, in its space."""
    return f"{path.parent.name}/{path.stem}"


def _distinct(texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Return the texts without repeats, in order, and the place of every text among them."""
    place: dict[str, int] = {}
    position = [place.setdefault(text, len(place)) for text in texts]
    return list(place), np.array(position, dtype=np.int64)


def _keys(texts: Sequence[str]) -> list[bytes]:
    return [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
