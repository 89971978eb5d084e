"""Arrays in one file that says whether they are still the ones that were written."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

_SEAL = "seal"


class DamagedError(ValueError):
    """A file that is not what was written under its name, with the reason."""


def write_arrays(file: BinaryIO, about: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as ``np.savez`` does, and a seal over their checksums and ``about``.

    Parameters
    ----------
    about
        What the arrays are: a file under another name is not taken for that one.
    arrays
        None may have dtype object.

    Raises
    ------
    ValueError
        For an array of objects.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
        archive.writestr(_SEAL, _seal(about, archive.infolist()))


def read_arrays(path: Path, about: str) -> dict[str, np.ndarray]:
    """Return what ``write_arrays`` wrote about the same.

    ``zipfile`` compares every array with its CRC-32 as it reads; the seal holds these sums, so
    it costs nothing beyond. It notices damage, not an attack.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    DamagedError
        When anything in it is not as it was written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if one.filename != _SEAL]
            if len(members) == len(archive.infolist()):
                raise DamagedError("it carries no checksum")
            if archive.read(_SEAL) != _seal(about, members):
                raise DamagedError("it is not what was written under this name")
            return {one.filename.removesuffix(".npy"): _array(archive, one) for one in members}
    except (FileNotFoundError, DamagedError, MemoryError):
        raise
    except Exception as error:  # whatever zipfile and numpy say of broken bytes
        raise DamagedError(" ".join(str(error).split()) or type(error).__name__) from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Read one array to the end of its member, where its checksum is compared."""
    with archive.open(member) as file:
        array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):
            raise DamagedError(f"{member.filename} is longer than its array")
    return array


def _seal(about: str, members: list[zipfile.ZipInfo]) -> bytes:
    content = [about, [(one.filename, one.CRC, one.file_size) for one in members]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest().encode()
