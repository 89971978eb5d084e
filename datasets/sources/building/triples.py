"""Knowledge graphs from readable triples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...arrays import LongArray, make_read_only
from ...graph import Graph
from ...side_information import Provenance

Node = int | str
"""An item by its index, an entity by its name."""


@dataclass
class Triples:
    """Collects (head, relation, tail) over the items of a dataset.

    Attributes
    ----------
    n_items
        Items have the nodes ``0..n_items-1``.
    """

    n_items: int
    _entities: dict[str, int] = field(default_factory=dict)
    _relations: dict[str, Provenance] = field(default_factory=dict)
    _heads: list[int] = field(default_factory=list)
    _kinds: list[int] = field(default_factory=list)
    _tails: list[int] = field(default_factory=list)

    def relate(
        self, relation: str, provenance: Provenance, edges: Iterable[tuple[Node, Node]]
    ) -> None:
        """Add edges of one relation; entities are distinguished by their whole name."""
        before = len(self._heads)
        for head, tail in edges:
            self._heads.append(self._node(head))
            self._tails.append(self._node(tail))
        self._name(relation, provenance, len(self._heads) - before)

    def describe(
        self,
        relation: str,
        provenance: Provenance,
        cells: Sequence[Sequence[str]],
        namespace: str | None = None,
    ) -> None:
        """Link each item to the entities ``namespace:value`` of its cell."""
        space = relation if namespace is None else namespace
        values = [value for cell in cells for value in cell]
        places = {value: self._node(f"{space}:{value}") for value in dict.fromkeys(values)}
        sizes = [len(cell) for cell in cells]
        self._heads.extend(np.repeat(np.arange(len(cells)), sizes).tolist())
        self._tails.extend(map(places.__getitem__, values))
        self._name(relation, provenance, len(values))

    def _node(self, node: Node) -> int:
        """Return the item itself, or an entity's provisional place."""
        if isinstance(node, int):
            return node
        return self._entities.setdefault(node, self.n_items + len(self._entities))

    def _name(self, relation: str, provenance: Provenance, edges: int) -> None:
        self._relations.setdefault(relation, provenance)
        self._kinds.extend([list(self._relations).index(relation)] * edges)

    def graph(self) -> Graph:
        """Return the distinct triples, sorted, with entities in the order of their names."""
        place = self._places()
        n_nodes, n_relations = len(place), max(len(self._relations), 1)
        heads, tails = (place[np.array(e, dtype=np.int64)] for e in (self._heads, self._tails))
        kinds = np.array(self._kinds, dtype=np.int64)
        keys = np.unique((heads * n_relations + kinds) * n_nodes + tails)
        pairs, tails = np.divmod(keys, max(n_nodes, 1))
        heads, kinds = np.divmod(pairs, n_relations)
        return Graph(
            make_read_only(heads.astype(np.int32)),
            make_read_only(kinds.astype(np.int32)),
            make_read_only(tails.astype(np.int32)),
            self.n_items,
            n_nodes,
            tuple(self._relations),
            tuple(self._relations.values()),
        )

    def _places(self) -> LongArray:
        """Return the final node of each provisional one."""
        names = list(self._entities)
        order = sorted(range(len(names)), key=names.__getitem__)
        place = np.arange(self.n_items + len(names))
        place[self.n_items + np.array(order, dtype=np.int64)] = place[self.n_items :].copy()
        return place
