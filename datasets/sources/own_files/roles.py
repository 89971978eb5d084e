"""Which column of a file holds what: named by the user, or called as the role is."""

import difflib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError

ROLES = ("user", "item", "rating", "timestamp")
OPTIONAL = ("rating", "timestamp")


def suggest_name(word: str, among: Any) -> str:
    """Return the end of a sentence about an unknown word: the nearest one, or all there are."""
    near = difflib.get_close_matches(word, list(among), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there is {', '.join(among) or 'none'}"


def suggest_column(role: str, free: Sequence[str]) -> str:
    """Return what to type for a role whose column may be one of the free ones."""
    ids = [name for name in free if _folded(name).endswith("id")]
    name = ids[0] if len(ids) == 1 else "NAME"
    return f"say which it is: 'dataset.columns={{{role}: {name}}}'"


class Roles:
    """The mapping of ``dataset.columns`` over the names of any table.

    Parameters
    ----------
    given
        Column by role, as the user typed it.

    Raises
    ------
    DataError
        A role that does not exist; one column in two roles.
    """

    def __init__(self, given: dict[str, str]) -> None:
        for role, name in given.items():
            if role not in ROLES:
                raise DataError(f"dataset.columns names {role!r}{suggest_name(role, ROLES)}")
            twice = [other for other in given if other != role and given[other] == name]
            if twice:
                raise DataError(f"dataset.columns gives {name!r} as {role} and as {twice[0]}")
        self.given = given

    def column(self, role: str, names: Collection[str]) -> str | None:
        """Return the column of a role in the interactions, None when there is none.

        An id is also found under ``userId``, ``user_id``, ``UserID`` and the like, when there is
        just one such column.
        """
        if role in self.given:
            return self.given[role] if self.given[role] in names else None
        free = [name for name in names if name not in self.given.values()]
        if role in free or role in OPTIONAL:
            return role if role in free else None
        alike = [name for name in free if _folded(name) in (role, f"{role}id")]
        return alike[0] if len(alike) == 1 else None

    def key(self, side: str, names: Collection[str]) -> str | None:
        """Return the column of ids in a table of users or items, None when there is none."""
        given = self.given.get(side)
        if given in names:
            return given
        found = Roles({}).column(side, names)
        return found or ("id" if "id" in names else None)

    def key_names(self, side: str) -> list[str]:
        """Return the names under which the ids of a table of users or items are looked for."""
        given = [self.given[side]] if side in self.given else []
        return [*given, side, "id"]

    def pairs_of(self, path: Path, names: Sequence[str]) -> dict[str, str]:
        """Return the column by role of a table of interactions.

        Raises
        ------
        DataError
            No user, no item, no column of a name that was given; a column that is almost called
            rating or timestamp: it would go unused unseen.
        """
        found = {role: self.column(role, names) for role in ROLES}
        for role, name in found.items():
            if name is None and (role in self.given or role not in OPTIONAL):
                wanted = self.given.get(role, role)
                raise DataError(
                    f"column {wanted!r} is missing; the columns are {', '.join(names)}",
                    path=path,
                    line=1,
                    remedy=suggest_column(
                        role, [one for one in names if one not in found.values()]
                    ),
                )
        used = {role: name for role, name in found.items() if name is not None}
        self._refuse_near_miss(path, names, used)
        return used

    def _refuse_near_miss(self, path: Path, names: Sequence[str], used: dict[str, str]) -> None:
        free = {name.lower(): name for name in names if name not in used.values()}
        for role in OPTIONAL:
            near = difflib.get_close_matches(role, list(free), n=1, cutoff=0.8)
            if role not in used and near:
                raise DataError(
                    f"column {free[near[0]]!r} is not used; did you mean {role}?",
                    path=path,
                    line=1,
                    remedy=f"rename it, or add 'dataset.columns={{{role}: {free[near[0]]}}}'",
                )


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
