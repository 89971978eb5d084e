"""What is known about users and items before anyone interacts: columns, texts, and their origin."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .arrays import CSR, FloatArray, IntArray


class Side(str, Enum):
    """The two sides of a recommendation problem."""

    USER = "user"
    ITEM = "item"


class Provenance(str, Enum):
    """Where a piece of side information comes from; it decides the track that may use it."""

    INTRINSIC = "intrinsic"  # known before any interaction: title, year, citations made by a paper
    EDITORIAL = "editorial"  # written by a curator
    USER_GENERATED = "user_generated"  # tags, reviews: written by the very users we predict


class Track(str, Enum):
    """Which provenances a run admits."""

    STRICT = "strict"
    OPEN = "open"

    def admits(self, provenance: Provenance) -> bool:
        """Say whether side information of this provenance may be used."""
        return self is Track.OPEN or provenance is not Provenance.USER_GENERATED


class NumericEncoding(str, Enum):
    """How numeric and dated columns stand among the features; each is one block of columns."""

    VALUE = "value"  # one column: the number, standardised over the warm entities
    CATEGORY = "category"  # overlapping bins between quantiles of the warm entities
    BOTH = "both"  # the two blocks side by side


@dataclass(frozen=True)
class FeatureColumn:
    """One attribute of one side, already coded as numbers.

    Attributes
    ----------
    name
        For example ``genre``.
    provenance
        Where it comes from.
    matrix
        CSR float32, (entities, values). Categorical: 0/1 per value. Numeric: one column of raw
        values, in which a known zero is stored and a missing value is not.
    values
        Names of the matrix columns, ``("Drama", "Comedy")``; ``("",)`` for a numeric column.
    numeric
        True when the values are quantities: the split encodes them as ``NumericEncoding`` says,
        fitted to the warm entities only.
    minimum_count
        A value that fewer entities have is left out. The split counts the entities that a method
        may see while it fits; a source that counted would count cold ones.
    dated
        True when the quantities are dates in years, as 1994 or 1994.5. The first dated column of
        the items is their release date, ``Entities.released``.
    refers_to
        int32, (values,): where each value is an entity of the same side, as an article that is
        cited, its index. One that a method may not see while it fits is left out; None otherwise.
    """

    name: str
    provenance: Provenance
    matrix: CSR
    values: tuple[str, ...]
    numeric: bool = False
    minimum_count: int = 1
    dated: bool = False
    refers_to: IntArray | None = None


@dataclass(frozen=True)
class TextColumn:
    """One text per entity; the empty string where there is none."""

    name: str
    provenance: Provenance
    values: Sequence[str]


@dataclass(frozen=True)
class VectorColumn:
    """One vector per entity, such as an embedding of a picture or a text made elsewhere.

    Attributes
    ----------
    name, provenance
        As in ``FeatureColumn``.
    values
        float32, (entities, d), finite; all zeros where there is none.
    """

    name: str
    provenance: Provenance
    values: FloatArray


@dataclass(frozen=True)
class SideInformation:
    """Everything known about one side, in the order of the entities."""

    columns: tuple[FeatureColumn, ...] = ()
    texts: tuple[TextColumn, ...] = ()
    vectors: tuple[VectorColumn, ...] = ()
