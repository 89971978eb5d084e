"""Users as MovieLens 1M and 100K describe them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...card import Fact
from ...reading.text_rows import TextRow
from ...side_information import FeatureColumn, Provenance, Side, SideInformation, TextColumn
from ..building.feature_columns import make_categorical, make_numeric

PEOPLE_FACTS = tuple(
    Fact(name, features=name, text=text, side=Side.USER)
    for name, text in (
        ("gender", "person"),
        ("age", "person"),
        ("occupation", "person"),
        ("zip_area", "zip_area"),
    )
)
"""What is known of every user."""

GENDERS = {"F": "female", "M": "male"}


@dataclass(frozen=True)
class Person:
    """A user: gender, age as a band or in years, occupation, first digit of the zip code."""

    gender: str
    age: str
    occupation: str
    area: str

    @cached_property
    def text(self) -> str:
        """The user in words, ``"female, 25-34, programmer"``."""
        return f"{self.gender}, {self.age}, {self.occupation}"


def list_people(rows: Sequence[TextRow], person: Callable[[TextRow], Person]) -> list[Person]:
    """Return the users of rows; equal descriptions, of which there are few, are read once."""
    known: dict[tuple[str, ...], Person] = {}
    people = []
    for row in rows:
        key = (*row.cells[1:-1], row.cells[-1][:1])
        if key not in known:
            known[key] = person(row)
        people.append(known[key])
    return people


def gender_of(row: TextRow) -> str:
    """Return the gender of a row in words; a letter that is neither M nor F is refused."""
    if row["gender"] not in GENDERS:
        raise row.error(f"gender {row['gender']!r} is neither M nor F", "gender")
    return GENDERS[row["gender"]]


def make_people_side(people: Sequence[Person], *, years: bool, area: bool) -> SideInformation:
    """Return gender, age and occupation of the users and a text of them.

    Parameters
    ----------
    people
        The users.
    years
        Ages are numbers of years, not bands.
    area
        Add the first digit of the zip code, to columns and text.
    """
    intrinsic = Provenance.INTRINSIC
    age = (
        make_numeric("age", intrinsic, [int(person.age) for person in people])
        if years
        else make_categorical("age", intrinsic, [[person.age] for person in people])
    )
    columns: list[FeatureColumn] = [
        make_categorical("gender", intrinsic, [[person.gender] for person in people]),
        age,
        make_categorical("occupation", intrinsic, [[person.occupation] for person in people]),
    ]
    texts = [TextColumn("person", intrinsic, [person.text for person in people])]
    if area:
        areas = [[person.area] if person.area else [] for person in people]
        columns.append(make_categorical("zip_area", intrinsic, areas))
        written = [f"zip area {person.area}" if person.area else "" for person in people]
        texts.append(TextColumn("zip_area", intrinsic, written))
    return SideInformation(tuple(columns), tuple(texts))
