"""The last step of every source: pairs, side information and graph become a Dataset."""

from ..arrays import TextArray
from ..dataset import Dataset
from ..graph import Graph
from ..hashing import content_hash
from ..sides import SideInformation
from .rule import RatedPairs


def dataset(
    name: str,
    pairs: RatedPairs,
    ids: tuple[TextArray, TextArray],
    users: SideInformation,
    items: SideInformation,
    graph: Graph | None,
    rule: str,
) -> Dataset:
    """Return the dataset with the fingerprint of everything that can move a number.

    Parameters
    ----------
    name
        The registered name.
    pairs
        What the rule kept.
    ids
        Original ids of users and items, as text.
    users, items, graph
        Side information in the order of ``pairs``.
    rule
        The rule as a sentence; it is told, not hashed: its effects are.
    """
    fingerprint = content_hash(pairs.digest, *ids, _side(users), _side(items), _graph(graph))
    return Dataset(
        name,
        pairs.interactions,
        pairs.positive,
        *ids,
        users,
        items,
        graph,
        pairs.merged,
        fingerprint,
        rule,
    )


def _side(side: SideInformation) -> list[object]:
    columns = [[c.name, c.provenance, c.numeric, c.values, c.matrix] for c in side.columns]
    return [columns, [[t.name, t.provenance, list(t.values)] for t in side.texts]]


def _graph(graph: Graph | None) -> list[object] | None:
    if graph is None:
        return None
    triples = [graph.heads, graph.relations, graph.tails]
    return [*triples, graph.n_items, graph.n_nodes, graph.relation_names, graph.provenance]
