"""Why a record is not believed, as the error that says so with its path and the remedy."""

from pathlib import Path

from ...datasets.errors import ColdbenchError

_AGAIN = "remove it and run it again (force=true replaces it)"


class RefusedError(ColdbenchError):
    """A record that is there and is neither to be believed nor to be replaced unasked."""


def unreadable(path: Path, problem: str) -> ColdbenchError:
    """Return the error of a file that is no record."""
    return ColdbenchError(
        f"{path} is not a readable record ({problem}); remove it and run it again"
    )


def refuse_newer(path: Path, schema: int, known: int) -> RefusedError:
    """Return the refusal of a record of a schema that is not known yet."""
    return RefusedError(
        f"{path} was written by a newer coldbench (schema {schema}, this one reads up to {known}); "
        "upgrade coldbench, or replace the record with force=true"
    )


def refuse_changed(path: Path) -> RefusedError:
    """Return the refusal of a record whose digest is not that of its content."""
    return RefusedError(
        f"{path} was changed after it was written: its sha256 does not match; restore it, or "
        f"{_AGAIN}"
    )


def refuse_without_value(path: Path, shared: Path) -> RefusedError:
    """Return the refusal of a record that refers to a value which is not found."""
    return RefusedError(
        f"{path} refers to values that are not in {shared}, which `coldbench results pack` wrote; "
        f"restore that file, or {_AGAIN}"
    )


def refuse_unreadable_shared(shared: Path, problem: str) -> RefusedError:
    """Return the refusal of the records of a board whose shared values cannot be read."""
    return RefusedError(
        f"{shared} is not readable ({problem}), and the records next to it refer to it; restore it"
    )


def refuse_other_run(path: Path, stated: str, given: str) -> RefusedError:
    """Return the refusal of a record whose ``run_id`` is not that of its content."""
    return RefusedError(
        f"{path} is not the run that it says: its run_id is {stated}, its content gives {given}; "
        f"restore it, or {_AGAIN}"
    )


def refuse_misplaced(path: Path, home: str) -> RefusedError:
    """Return the refusal of a record in another folder than its own."""
    return RefusedError(
        f"{path} is not where it belongs, which is {home}: the same run would count twice; "
        "remove it, or move it there"
    )
