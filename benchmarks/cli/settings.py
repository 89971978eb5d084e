"""The settings that ``coldbench list`` shows: of one class, of every run, of a tracker."""

from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.fields import NO_DEFAULT, described
from ..config.overlays import chosen_options
from ..config.run_config import TRACKERS, RunConfig
from ..plugins.docstrings import first_sentence
from ..plugins.registry import describe_unknown
from ..terminal.console import make_console, make_table
from ..terminal.fitted_table import TableColumn


def show_run() -> None:
    """Print the settings of a run, its choices of method, dataset and scenario among them."""
    chosen = {group: NO_DEFAULT if one == "???" else one for group, one in chosen_options().items()}
    show_fields(RunConfig, "run", first_sentence(RunConfig), chosen)


def show_trackers() -> None:
    """Print where records may be mirrored."""
    rows = make_table("name", "what it is", title="trackers, for tracking=")
    for name, target in TRACKERS.items():
        rows.add_row(name, first_sentence(target))
    make_console().print(rows)


def show_tracker(name: str) -> None:
    """Print the settings of one tracker.

    Raises
    ------
    ColdbenchError
        When there is none of that name.
    """
    if name not in TRACKERS:
        raise ColdbenchError(describe_unknown("tracker", name, TRACKERS))
    show_fields(TRACKERS[name], name, first_sentence(TRACKERS[name]), {})


def show_fields(target: type[Any], name: str, message: str, changes: dict[str, str]) -> None:
    """Print the fields of one class: default, meaning, bounds or choices, and search range.

    Parameters
    ----------
    target
        The class.
    name, told
        Printed above: what is typed for it, and what it is.
    changes
        Defaults that depart from those of the class, by field.
    """
    out, known = make_console(), list(described(target, changes))
    out.print(f"{name}: {message}", soft_wrap=True)
    if not known:
        out.print("It has no fields.")
        return
    searched = ["search"] if any(one.search for one in known) else []
    rows = make_table("field", "default", "what it is", TableColumn("values", leave=1), *searched)
    for one in known:
        rows.add_row(one.path, one.default, one.doc, one.values, *([one.search] * len(searched)))
    out.print(rows)
