"""What people should know of a dataset before they use it."""

from dataclasses import dataclass

from .side_information import Side


@dataclass(frozen=True)
class Fact:
    """Something that is known of the entities of one side, and what says it in each form.

    Attributes
    ----------
    name
        For people.
    features, text, graph
        Name of the column, the text and the relation that say it; None where none does.
    side
        Users or items; only items are in the graph.
    remark
        Why a form does not say it; needed wherever one does not.
    """

    name: str
    features: str | None = None
    text: str | None = None
    graph: str | None = None
    side: Side = Side.ITEM
    remark: str = ""


@dataclass(frozen=True)
class Card:
    """A dataset's card; counts and columns are read from the loaded dataset itself.

    Attributes
    ----------
    title
        The full name.
    publisher
        Who made it and when.
    licence
        The terms of use; shown before anything is fetched or added.
    citation
        The paper to cite.
    page
        Address where the publisher documents it; empty where there is none.
    limitations
        What is missing or odd, one sentence each.
    facts
        What is known of users and items; features, text and graph must agree on each. A card that
        states none promises nothing.
    """

    title: str
    publisher: str
    licence: str
    citation: str
    page: str = ""
    limitations: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
