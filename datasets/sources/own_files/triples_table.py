"""A knowledge graph from a table of triples of the user's."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from ...arrays import TextArray
from ...errors import DataError
from ...graph import Graph
from ...reading.frames import open_table
from ...reading.schema import Kind, NumberColumn
from ..building.triples import Node, Triples
from .attributes import SideSettings
from .import_report import Found, ImportReport

ITEM = "item:"
"""A node written ``item:42`` is the item 42, which then must exist."""

TRIPLE = tuple(NumberColumn(name, Kind.NAME) for name in ("head", "relation", "tail"))


def read_graph(
    path: str | None,
    ids: TextArray,
    known: Collection[str],
    settings: SideSettings,
    report: ImportReport,
) -> Graph | None:
    """Return the graph of a table with the columns head, relation, tail.

    A node that is the id of an item is that item; every other node is an entity, known by its
    name. Triples of items that the rule dropped are left aside.

    Parameters
    ----------
    path
        CSV or Parquet, or None.
    ids
        The kept items, in their order.
    known
        Every item of the interactions, kept or not.
    settings
        How the file is written, and the provenance by relation.
    report
        Records what was found.

    Raises
    ------
    DataError
        A node ``item:ID`` whose item does not exist; no node that is an item.
    """
    if path is None:
        return None
    file = Path(path).expanduser()
    needed = {column.name for column in TRIPLE}
    table = open_table(file, settings.form, needed.issubset)
    frame = _like_ids(table.checked(TRIPLE), known)
    places = {name: at for at, name in enumerate(ids.tolist())}
    edges: dict[str, list[tuple[Node, Node]]] = {}
    touched = False
    for number, (head, relation, tail) in enumerate(
        frame.select("head", "relation", "tail").iter_rows(), start=1
    ):
        ends = [_item(file, number, name, known) for name in (head, tail)]
        touched = touched or any(end is not None for end in ends)
        nodes = [
            name if item is None else places.get(item)
            for name, item in zip((head, tail), ends, strict=True)
        ]
        if nodes[0] is not None and nodes[1] is not None:
            edges.setdefault(relation, []).append((nodes[0], nodes[1]))
    if not touched:
        raise DataError(
            "no head and no tail is an item of the interactions",
            path=file,
            remedy=f"write items as in the interactions, for example {str(ids[0])!r}",
        )
    kept = sum(map(len, edges.values()))
    report.files.append(("graph", table.description))
    report.columns.append(
        Found("graph", "head, relation, tail", "triple", f"{len(edges):,} relations")
    )
    report.drop(frame.height - kept, "triples are of items that the rule dropped")
    triples = Triples(len(ids))
    for relation in sorted(edges):
        triples.relate(relation, settings.origin(relation), edges[relation])
    return triples.graph()


def _like_ids(frame: Any, known: Collection[str]) -> Any:
    """Return the triples; where no node is an item, whole numbers written as floats may be."""
    import polars as pl

    if set(known).isdisjoint([*frame["head"].to_list(), *frame["tail"].to_list()]):
        ends = pl.col("head", "tail")
        return frame.with_columns(ends.str.replace(r"^((?:item:)?-?[0-9]+)\.0$", "${1}"))
    return frame


def _item(path: Path, number: int, node: str, known: Collection[str]) -> str | None:
    """Return the id of the item that a node is, or None for an entity."""
    if node in known:
        return node
    if not node.startswith(ITEM):
        return None
    name = node.removeprefix(ITEM)
    if name not in known:
        raise DataError(
            f"row {number}: item {name!r} of the graph is not in the interactions",
            path=path,
            line=number + 1,
            remedy="remove the triple, or write the node without 'item:' if it is an entity",
        )
    return name
