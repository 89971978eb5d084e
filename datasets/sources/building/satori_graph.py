"""Knowledge graphs of Microsoft Satori, in the two files in which MKR publishes them."""

from collections.abc import Collection, Mapping

from ...acquire.data_file import DataFile, Download
from ...acquire.file_set import FileSet, InstalledFiles
from ...reading.text_rows import read_rows
from ...side_information import Provenance, SideInformation
from .feature_columns import make_categorical
from .triples import Node, Triples

TRIPLES, INDEX = "kg.txt", "item_index2entity_id.txt"
REPOSITORY = (
    "https://raw.githubusercontent.com/hwwang55/MKR/d6bb77c426960bc04f5d88c39f09d87a844776b4/data"
)
NO_NAMES = "the graph's entities have no names to write"


def declare_files(
    name: str, domain: str, sums: Mapping[str, str], sizes: Mapping[str, int]
) -> FileSet:
    """Return the two files of one domain of MKR's repository.

    Parameters
    ----------
    name
        What is typed to fetch them.
    domain
        Their folder there.
    sums, sizes
        sha256 and bytes of each, by file name.
    """
    names = (TRIPLES, INDEX)
    return FileSet(
        name,
        files=tuple(DataFile(one, sums[one]) for one in names),
        downloads=tuple(
            Download(f"{REPOSITORY}/{domain}/{one}", sums[one], sizes[one]) for one in names
        ),
    )


def find_domain(files: InstalledFiles, domain: str) -> InstalledFiles:
    """Return the files of a domain: in MKR's own repository every domain has a folder."""
    folder = files.folder / domain
    return InstalledFiles(files.declared, folder) if folder.is_dir() else files


def add_satori_triples(
    triples: Triples,
    files: InstalledFiles,
    places: Mapping[int, int | None],
    editorial: Collection[str],
) -> SideInformation:
    """Add the triples of the items and what they lead to; return them as columns.

    Parameters
    ----------
    triples
        Of the items; added to.
    files
        Where ``kg.txt`` is.
    places
        The item of each entity that is one, None of an item that is not kept.
    editorial
        Relations that a curator chose; the others are intrinsic.
    """
    edges: dict[str, list[tuple[Node, Node]]] = {}
    for row in read_rows(files.path(TRIPLES), ("head", "relation", "tail"), "\t"):
        head, tail = (_node(row.whole(end), places) for end in ("head", "tail"))
        if head is not None and tail is not None:
            edges.setdefault(row["relation"], []).append((head, tail))
    columns = []
    for relation, pairs in sorted(edges.items()):
        provenance = Provenance.EDITORIAL if relation in editorial else Provenance.INTRINSIC
        triples.relate(relation, provenance, pairs)
        columns.append(make_categorical(relation, provenance, _cells(pairs, triples.n_items)))
    return SideInformation(tuple(columns))


def _cells(edges: list[tuple[Node, Node]], n_items: int) -> list[list[str]]:
    """Return the entities and the other items that each item is linked with."""
    cells: list[dict[str, None]] = [{} for _ in range(n_items)]
    for near, far in (*edges, *((tail, head) for head, tail in edges)):
        if isinstance(near, int):
            cells[near][far if isinstance(far, str) else f"item:{far}"] = None
    return [list(cell) for cell in cells]


def _node(entity: int, places: Mapping[int, int | None]) -> Node | None:
    """Return the item's index, the entity's name, or None for an item that is not kept."""
    return places.get(entity, f"entity:{entity}")
