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
        Who made it, when, and where it is documented.
    licence
        The terms in a sentence.
    citation
        The paper to cite.
    gaps
        What is missing or odd, one sentence each.
    """

    title: str
    publisher: str
    licence: str
    citation: str
    gaps: tuple[str, ...] = ()
