"""One file of a dataset: where it is downloaded from, and how it is recognised."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import DataError

MANIFEST = "manifest.json"
"""Written into the folder of an installed dataset."""

RESERVED = (MANIFEST, "cache", "downloads")
"""Names in the data folder, or in a dataset's, that are not for a dataset and its files."""

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
_PLAIN = re.compile(r"[^./\\:\0][^/\\:\0]*")
_LENGTHS = {"sha256": 64, "md5": 32, "git": 40}


@dataclass(frozen=True)
class Download:
    """One file to download; its checksum is the one that the publisher, or a copy of it, gives.

    Attributes
    ----------
    url
        Its address, ``http`` or ``https``.
    sha256, md5, git
        Checksum (hex) of its bytes, as one of these; ``git`` is the id that git gives them.
    size
        Its bytes; where it is None, 2 GB are the limit.
    optional
        The dataset can be used without it.
    name
        What it is stored as; by default the last part of the address.
    unpack
        Whether an archive (``.zip``, ``.tar.gz``, ``.tgz``, ``.tar``) is unpacked.
    """

    url: str
    sha256: str | None = None
    size: int | None = None
    optional: bool = False
    md5: str | None = None
    git: str | None = None
    name: str | None = None
    unpack: bool = True

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise DataError(f"{self.url!r} is not an address", remedy="begin it with https://")
        require_plain(self.filename)
        for algorithm in _LENGTHS:
            _require_hex(self.filename, algorithm, getattr(self, algorithm))

    @property
    def filename(self) -> str:
        """The name under which it is stored."""
        return self.name or self.url.partition("?")[0].rsplit("/", 1)[-1]

    @property
    def checksum(self) -> tuple[str, str] | None:
        """Algorithm and hex of the checksum, None where none was published."""
        given = [(one, value) for one in _LENGTHS if (value := getattr(self, one))]
        return given[0] if given else None

    @property
    def is_archive(self) -> bool:
        """Whether the files are inside it."""
        return self.unpack and self.filename.endswith(ARCHIVES)


@dataclass(frozen=True)
class DataFile:
    """One file that is kept in the folder of a dataset, plain or gzipped.

    Attributes
    ----------
    name
        Its name.
    sha256
        Checksum (hex) of its uncompressed content, where it is known.
    optional
        Kept when it is there; the dataset can be used without it.
    alternative
        A file that does as well.
    """

    name: str
    sha256: str | None = None
    optional: bool = False
    alternative: "DataFile | None" = None

    def __post_init__(self) -> None:
        require_plain(self.name)
        _require_hex(self.name, "sha256", self.sha256)

    def choices(self) -> "Iterator[DataFile]":
        """Yield the file and its alternatives, best first."""
        yield self
        if self.alternative is not None:
            yield from self.alternative.choices()


def require_plain(name: str) -> None:
    """Refuse a name that is not a plain one: it becomes part of a path."""
    if not _PLAIN.fullmatch(name) or name in RESERVED:
        raise DataError(
            f"{name!r} cannot be the name of a file or of a dataset's folder",
            remedy=f"give one without folders and without a dot in front; {', '.join(RESERVED)} "
            "are taken",
        )


def _require_hex(name: str, algorithm: str, value: str | None) -> None:
    length = _LENGTHS[algorithm]
    if value is not None and not re.fullmatch(f"[0-9a-f]{{{length}}}", value):
        raise DataError(
            f"{algorithm} of {name} is {value!r}", remedy=f"give its {length} hexadecimal digits"
        )
