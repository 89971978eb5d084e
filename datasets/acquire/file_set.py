"""The files of a dataset as its class declares them, and the folder in which they are."""

from dataclasses import dataclass
from pathlib import Path

from ..cache import find_data_folder
from ..card import Card
from ..errors import DataError
from ..reading.raw_bytes import find_file
from .data_file import DataFile, Download, require_plain

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class FileSet:
    """The files of a dataset.

    Attributes
    ----------
    name
        Its folder under ``data_home()``, and what is typed: the name of the entry point.
    files
        What is kept of the downloads, or of what the user adds.
    downloads
        Where it is fetched from; none where people must get it by hand.
    limit
        Bytes that an archive may unpack to.
    embedded
        The folder of the files where they come with the package.

    Raises
    ------
    DataError
        A name or a checksum that cannot be one.
    """

    name: str
    files: tuple[DataFile, ...]
    downloads: tuple[Download, ...] = ()
    limit: int = 400 * MEGABYTE
    embedded: Path | None = None

    def __post_init__(self) -> None:
        require_plain(self.name)
        if not self.files:
            raise DataError(f"{self.name} declares no file", remedy="name what its loader reads")

    @property
    def folder(self) -> Path:
        """Where the files are, or will be."""
        return self.embedded or find_data_folder() / self.name

    @property
    def needed(self) -> tuple[tuple[str, ...], ...]:
        """Groups of names: of each, one file at least must be there."""
        return tuple(
            tuple(choice.name for choice in one.choices()) for one in self.files if not one.optional
        )

    @property
    def checksums(self) -> dict[str, str | None]:
        """By the name of every file that is kept, the sha256 of its uncompressed content."""
        return {choice.name: choice.sha256 for one in self.files for choice in one.choices()}

    @property
    def remedy(self) -> str:
        """What to type where files are missing."""
        fetch = f"`coldbench data fetch {self.name}`, or " if self.downloads else ""
        return f"run {fetch}`coldbench data add {self.name} PATH`"

    def installed(self, path: str | None = None) -> "InstalledFiles":
        """Return the files in a folder: the one given, else ``folder``.

        Raises
        ------
        DataError
            There is no such folder; says how to fetch or add the dataset.
        """
        folder = Path(path).expanduser() if path else self.folder
        if not folder.is_dir():
            raise DataError(
                f"{self.name} is not on this machine (looked in {folder})", remedy=self.remedy
            )
        return InstalledFiles(self, folder)


@dataclass(frozen=True)
class InstalledFiles:
    """The files of a dataset in the folder where they are."""

    declared: FileSet
    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of a file or of its alternative, plain or gzipped.

        Raises
        ------
        DataError
            It is not there.
        """
        found = self.find(name)
        if found is None:
            raise DataError(
                f"{' or '.join(self._choices(name))} of {self.declared.name} is not there",
                path=self.folder,
                remedy=self.declared.remedy,
            )
        return found

    def find(self, name: str) -> Path | None:
        """Return the path of a file or of its alternative, None where it is not there."""
        return find_file(self.folder, *self._choices(name))

    def _choices(self, name: str) -> list[str]:
        for one in self.declared.files:
            if one.name == name:
                return [choice.name for choice in one.choices()]
        raise DataError(
            f"{self.declared.name} declares no file {name!r}",
            remedy=f"it declares {', '.join(one.name for one in self.declared.files)}",
        )


@dataclass(frozen=True)
class Published:
    """Files with the card that says whose they are.

    A dataset class declares its own as ``card`` and ``files``; further files, which an option of
    it reads, are the members of its ``extras``.
    """

    card: Card
    files: FileSet
