"""What people should know of a dataset before they use it."""

from dataclasses import dataclass


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
    """

    title: str
    publisher: str
    licence: str
    citation: str
    page: str = ""
    limitations: tuple[str, ...] = ()
