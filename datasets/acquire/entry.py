"""One dataset of the catalogue: its address, its checksums, its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..cache import data_home

MEGABYTE = 1_000_000
EMBEDDED = Path(__file__).parents[1] / "embedded"


@dataclass(frozen=True)
class Remote:
    """One file to download.

    Attributes
    ----------
    url
        Its address.
    checksum
        ``algorithm:hex`` of its bytes, or None where none was published.
    size
        Its bytes, or None.
    optional
        The dataset can be used without it.
    """

    url: str
    checksum: str | None = None
    size: int | None = None
    optional: bool = False

    @property
    def filename(self) -> str:
        """The last part of the address."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Entry:
    """One dataset of the catalogue.

    Attributes
    ----------
    name
        Its folder under ``data_home()``.
    page
        Where people read about it.
    licence
        Shown before anything is fetched or added.
    remotes
        What to download: archives (``.zip``, ``.tar.gz``, ``.tgz``) or plain files.
    needed
        Groups of file names; of each group at least one file must be there, plain or gzipped.
    welcome
        Further files that are taken when they are there.
    known
        By file name, the sha256 of the uncompressed content.
    limit
        Bytes that an archive may unpack to.
    embedded
        It comes with coldbench.
    """

    name: str
    page: str
    licence: str
    remotes: tuple[Remote, ...]
    needed: tuple[tuple[str, ...], ...]
    welcome: tuple[str, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    limit: int = 400 * MEGABYTE
    embedded: bool = False

    @property
    def folder(self) -> Path:
        """Where its files are, or will be."""
        return EMBEDDED / self.name if self.embedded else data_home() / self.name

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every file name that is taken."""
        return tuple(name for group in self.needed for name in group) + self.welcome
