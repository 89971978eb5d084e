"""Whether features, text and graph of a dataset say the same of its users and items."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from .arrays import CSR
from .card import Fact
from .dataset import Dataset
from .graph import Graph
from .side_information import FeatureColumn, Side, SideInformation, TextColumn

GAPS = re.compile(r"[_\s]+")


def find_disagreements(data: Dataset, facts: Sequence[Fact]) -> Iterator[str]:
    """Yield a sentence for every fact that a form does not say, or says otherwise.

    A fact that no form holds is one of an option that was not chosen. A dataset without a graph
    need not say anything in it.

    Parameters
    ----------
    data
        A loaded dataset.
    facts
        Those of its card.
    """
    for side, known in ((Side.USER, data.users), (Side.ITEM, data.items)):
        graph = data.graph if side is Side.ITEM else None
        own = [fact for fact in facts if fact.side is side]
        yield from _find_undeclared(known, graph, own, side)
        for fact in own:
            yield from _compare_forms(fact, known, graph)


def _find_undeclared(
    known: SideInformation, graph: Graph | None, facts: Sequence[Fact], side: Side
) -> Iterator[str]:
    relations = () if graph is None else graph.relation_names
    for form, names, stated in (
        ("column", [one.name for one in known.columns], {fact.features for fact in facts}),
        ("text", [one.name for one in known.texts], {fact.text for fact in facts}),
        ("relation", relations, {fact.graph for fact in facts}),
    ):
        for name in names:
            if name not in stated:
                yield f"the card states no fact for {form} {name!r} of {side.value}s"


def _compare_forms(fact: Fact, known: SideInformation, graph: Graph | None) -> Iterator[str]:
    column = next((one for one in known.columns if one.name == fact.features), None)
    text = next((one for one in known.texts if one.name == fact.text), None)
    related = graph is not None and fact.graph in graph.relation_names
    if column is None and text is None and not related:
        return
    for form, name, found in (
        ("features", fact.features, column is not None),
        ("texts", fact.text, text is not None),
        ("graph", fact.graph, related or graph is None),
    ):
        if name is not None and not found:
            yield f"{fact.name}: there is no {name!r} in the {form}"
        if name is None and not found and not fact.remark:
            yield f"{fact.name} is not in the {form}, and the card does not say why"
    if column is not None:
        told, values = read_values(column)
        if text is not None:
            yield from _find_unwritten(fact, told, values, text)
        if related and _describe_columns(told) != _describe_columns(_read_links(graph, fact.graph)):
            yield f"{fact.name}: relation {fact.graph!r} links other items than the features"


def read_values(column: FeatureColumn) -> tuple[CSR, list[str]]:
    """Return which entities have which values, CSR (entities, values), and the values in words."""
    if not column.numeric:
        return column.matrix, list(column.values)
    numbers, codes = np.unique(column.matrix.data, return_inverse=True)
    shape = (column.matrix.shape[0], len(numbers))
    told = csr_matrix((np.ones(len(codes)), codes.reshape(-1), column.matrix.indptr), shape)
    return told, [np.format_float_positional(number, trim="-") for number in numbers]


def _find_unwritten(
    fact: Fact, told: CSR, values: Sequence[str], text: TextColumn
) -> Iterator[str]:
    """Yield the first value that the text of an entity with it does not hold."""
    folded = [_fold(value) for value in values]
    for row, written in enumerate(text.values):
        held = _fold(written)
        for at in told.indices[told.indptr[row] : told.indptr[row + 1]]:
            if folded[at] not in held:
                yield f"{fact.name}: text {text.name!r} {written[:60]!r} lacks {values[at]!r}"
                return


def _fold(text: str) -> str:
    return GAPS.sub(" ", text).casefold().strip()


def _read_links(graph: Graph | None, relation: str | None) -> CSR:
    """Return CSR (items, nodes): what each item is linked with by a relation, in any direction."""
    assert graph is not None and relation is not None
    of_it = graph.relations == graph.relation_names.index(relation)
    heads, tails = graph.heads[of_it], graph.tails[of_it]
    ends = (np.concatenate([heads, tails]), np.concatenate([tails, heads]))
    links = csr_matrix((np.ones(len(ends[0])), ends), (graph.n_nodes, graph.n_nodes))
    return links[: graph.n_items]


def _describe_columns(matrix: CSR) -> Counter[bytes]:
    """Return how many columns have which rows, whatever the order of the columns."""
    by_column = matrix.tocsc()
    by_column.sort_indices()
    rows = np.split(by_column.indices.astype(np.int32), by_column.indptr[1:-1])
    return Counter(one.tobytes() for one in rows if len(one))
