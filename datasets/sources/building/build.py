"""The last step of every source: pairs, side information and graph become a Dataset."""

from ...arrays import TextArray
from ...dataset import Dataset
from ...graph import Graph
from ...side_information import SideInformation
from .preprocessing import RatedPairs


def build_dataset(
    name: str,
    pairs: RatedPairs,
    ids: tuple[TextArray, TextArray],
    users: SideInformation,
    items: SideInformation,
    graph: Graph | None,
    rule: str,
) -> Dataset:
    """Return the dataset.

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
        The rule as a sentence.
    """
    return Dataset(
        name,
        pairs.interactions,
        pairs.positive,
        *ids,
        users,
        items,
        graph,
        pairs.merged,
        rule,
    )
