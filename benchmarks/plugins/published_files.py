"""What can be fetched, added and verified: the files that the installed datasets declare."""

from collections.abc import Iterator
from typing import Any

from ...datasets.acquire.file_set import FileSet, Published
from ...datasets.card import Card
from ...datasets.errors import ColdbenchError
from .registry import describe_unknown, find, list_names, list_offers, list_own_names


def published_names() -> list[str]:
    """Return every name under which files are declared: of datasets, and of their extras."""
    declaring = {name for name in list_names("datasets") if declared_files(find("datasets", name))}
    return sorted({*declaring, *(one.files.name for _, one in _extras())})


def published(name: str) -> Published:
    """Return the files of a dataset, or an extra of one, with their card.

    Raises
    ------
    ColdbenchError
        There is no such name (with the nearest ones), the dataset is not offered (with the reason)
        or declares no files or no card, or the folder of the files is another dataset's.
    """
    if name in list_offers("datasets"):
        return _of_dataset(name)
    found = {owner: one for owner, one in _extras() if one.files.name == name}
    if not found:
        raise ColdbenchError(describe_unknown("dataset", name, published_names()))
    first = next(iter(found.values()))
    if any(one != first for one in found.values()):
        raise ColdbenchError(
            f"the files {name!r} are declared by {' and by '.join(found)}, each in its own way; "
            "uninstall the package of all but one"
        )
    return first


def declared_files(target: type[Any]) -> FileSet | None:
    """Return the files that a dataset class declares, None where it declares none."""
    files = getattr(target, "files", None)
    return files if isinstance(files, FileSet) else None


def _of_dataset(name: str) -> Published:
    target = find("datasets", name)
    files, card = declared_files(target), getattr(target, "card", None)
    if files is None:
        raise ColdbenchError(
            f"dataset {name!r} declares no files: there is nothing to fetch, add or verify; "
            f"there are: {', '.join(published_names())}"
        )
    if not isinstance(card, Card):
        raise ColdbenchError(
            f"dataset {name!r} declares files but no card; add card: ClassVar[Card] = Card(...), "
            "which says whose they are and under which licence"
        )
    if files.name != name and not _is_of_another(files):
        raise ColdbenchError(
            f"dataset {name!r} declares its files as {files.name!r}; name them {name!r}"
        )
    return Published(card, files)


def _is_of_another(files: FileSet) -> bool:
    """Say whether they are the files of the dataset of that name, which a class may share."""
    owner = list_offers("datasets").get(files.name)
    return owner is not None and owner.target is not None and declared_files(owner.target) == files


def _extras() -> Iterator[tuple[str, Published]]:
    """Yield each extra with its dataset; under a name that coldbench takes, only coldbench's."""
    own = list_own_names("datasets")
    taken: set[str] = set()
    for name in sorted(list_names("datasets"), key=lambda name: (name not in own, name)):
        for one in getattr(find("datasets", name), "extras", ()):
            if isinstance(one, Published) and one.files.name not in taken:
                taken |= {one.files.name} if name in own else set()
                yield name, one
