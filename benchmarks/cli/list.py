"""``coldbench list``: what is installed, what each name stands for, and what is not offered."""

import gc
import sys
from collections.abc import Callable
from typing import Any

from ...datasets.errors import ColdbenchError
from ..config.overlays import read_descriptions, read_experiments, read_presets
from ..plugins.docstrings import first_sentence
from ..plugins.registry import (
    KINDS,
    OWN,
    describe_unknown,
    describe_unknown_option,
    find,
    list_names,
    list_offers,
)

USAGE = """usage: coldbench list [KIND] [NAME]

Kinds: methods, presets, datasets, scenarios, metrics, experiments, tables, run, trackers. A preset
is typed as a method is (method=content_knn_bm25), an experiment as sweep=first_run (or
+experiment=first_run); run shows the settings that are of no method, dataset or scenario.

Without a word it lists what there is; with a kind and a name, the fields of one class, what they
mean, their default, bounds or choices, and what a search explores:
coldbench list methods implicit_als.
"""

TABLES, PRESETS, EXPERIMENTS = "tables", "presets", "experiments"
"""What can be listed and is not an entry point: data of this package."""
RUN, TRACKERS = "run", "trackers"
"""Settings of every run besides its method, dataset and scenario."""

OVERVIEW = (KINDS[0], PRESETS, *KINDS[1:], EXPERIMENTS, TABLES)
LISTED = (*OVERVIEW, RUN, TRACKERS)


def main(argv: list[str]) -> int:
    """Print the requested tables.

    Nothing is collected meanwhile: importing every class makes much that is kept, and looking for
    garbage in it takes a tenth of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return _print(argv)
    finally:
        if collects:
            gc.enable()


def _print(argv: list[str]) -> int:
    if {"-h", "--help"} & set(argv):
        sys.stdout.write(USAGE)
        return 0
    unexpected = [word for word in argv if word.startswith("-")]
    if unexpected:
        raise ColdbenchError(describe_unknown_option("coldbench list", unexpected[0], ["--help"]))
    if len(argv) > 2:
        raise ColdbenchError(f"list takes a kind and a name, not {' '.join(argv)!r}")
    if argv and argv[0] not in LISTED:
        raise ColdbenchError(describe_unknown("kind", argv[0], LISTED))
    if len(argv) == 2:
        _show_one(*argv)
        return 0
    if not argv:
        _show_everything()
    for kind in argv:
        if kind in KINDS:
            _show_kind(kind)
        if kind == PRESETS or argv == [KINDS[0]]:  # what is valid for method= stands together
            _show_presets()
        if kind == EXPERIMENTS:
            _show_experiments()
        if kind == TABLES:
            _show_tables()
        if kind in (RUN, TRACKERS):
            _show_settings(kind)
    return 0


def _show_everything() -> None:
    """Print every kind; of presets and experiments what they are, not what they change."""
    from ..terminal.console import make_console

    for kind in OVERVIEW:
        if kind in KINDS:
            _show_kind(kind)
        elif kind == TABLES:
            _show_tables()
        elif kind == PRESETS:
            _show_sentences("method", f"{PRESETS}, for method=; list {PRESETS} shows the changes")
        else:
            _show_sentences("experiment", f"{EXPERIMENTS}, +experiment=; list {EXPERIMENTS}")
    make_console().print(
        f"list {RUN} shows the settings of every run, list {TRACKERS} its trackers"
    )


def _show_settings(kind: str) -> None:
    """Print the settings of every run besides its method, dataset and scenario."""
    from .settings import show_run, show_trackers

    (show_run if kind == RUN else show_trackers)()


def _show_sentences(group: str, title: str) -> None:
    """Print what each file of a group of ``conf/`` is."""
    from ..terminal.console import make_console, make_table

    rows = make_table("name", "what it is", title=title)
    for name, what in read_descriptions(group).items():
        rows.add_row(name, what)
    make_console().print(rows)


def _show_one(kind: str, name: str) -> None:
    """Print the fields of one class or preset, or the words of one experiment.

    Raises
    ------
    ColdbenchError
        When there is none of that name.
    """
    if kind == TABLES:
        raise ColdbenchError(f"a table is shown by: coldbench table {name}")
    if kind == RUN:
        raise ColdbenchError(f"{RUN} has no names; its settings are shown by: coldbench list {RUN}")
    if kind == EXPERIMENTS:
        _show_experiment(name)
        return
    from .settings import show_fields, show_tracker

    if kind == TRACKERS:
        show_tracker(name)
        return
    known = read_presets() if kind in (KINDS[0], PRESETS) else {}
    if kind == PRESETS and name not in known:
        raise ColdbenchError(describe_unknown("preset", name, known))
    if kind == KINDS[0] and name not in (*known, *list_offers(kind)):
        raise ColdbenchError(describe_unknown("method", name, (*known, *list_names(kind))))
    if name in known:
        one = known[name]
        changes = dict(word.split("=", 1) for word in one.changes)
        message = f"{one.what}. Of {one.base}, with {' '.join(one.changes)}."
        show_fields(find(KINDS[0], one.base), name, message, changes)
    else:
        target = find(kind, name)
        show_fields(target, name, first_sentence(target), {})


def _show_presets() -> None:
    """Print the presets, which are typed as methods are."""
    from ..terminal.console import make_console, make_table

    rows = make_table("name", "of", "changes", "what it is", title=f"{PRESETS}, for method=")
    for one in read_presets().values():
        rows.add_row(one.name, one.base, " ".join(one.changes), one.what)
    make_console().print(rows)


def _show_experiments() -> None:
    """Print the sweeps that are typed as ``+experiment=NAME``."""
    from ..terminal.console import make_console, make_table

    rows = make_table("name", "methods", "sets", "what it is", title=f"{EXPERIMENTS}, +experiment=")
    for one in read_experiments().values():
        rows.add_row(one.name, str(len(one.methods)), " ".join(one.changes), one.what)
    make_console().print(rows)


def _show_experiment(name: str) -> None:
    """Print what one experiment runs."""
    from ..terminal.console import make_console

    known = read_experiments()
    if name not in known:
        raise ColdbenchError(describe_unknown("experiment", name, known))
    one, out = known[name], make_console()
    out.print(f"{name}: {one.what}.", soft_wrap=True)
    out.print(f"It sets {' '.join(one.changes)} and runs: {', '.join(one.methods)}", soft_wrap=True)


def _show_tables() -> None:
    """Print the papers' tables that ``coldbench table`` knows."""
    from ..reports.papers.table_sources import find_sources, read_title
    from ..terminal.console import make_console, make_table

    found, out = find_sources(), make_console()
    rows, refused = make_table("name", "what it is", title=TABLES), [*found.refused]
    for name, owner in sorted(found.owners.items()):
        try:
            rows.add_row(name, _label(owner) + read_title(name, found))
        except ColdbenchError as error:
            refused.append(f"{name} ({owner}) is not offered: {error}")
    out.print(rows)
    for sentence in refused:
        out.print(sentence, soft_wrap=True)


def _show_kind(kind: str) -> None:
    from ..terminal.console import make_console, make_table
    from ..terminal.fitted_table import TableColumn

    out, known = make_console(), list_offers(kind)
    columns = COLUMNS[kind]
    between = [TableColumn(one, leave=at + 1) for at, one in enumerate(columns)]
    rows = make_table("name", *between, "what it is", title=kind)
    for name, offer in known.items():
        if offer.target is not None:
            cells = (cell(offer.target) for cell in columns.values())
            rows.add_row(name, *cells, _label(offer.distribution) + first_sentence(offer.target))
    out.print(rows)
    refused = [offer for offer in known.values() if offer.target is None]
    for offer in refused:
        out.print(f"{offer.name} is not offered: {offer.reason}", soft_wrap=True)
    if refused:
        out.print()


def _label(owner: str) -> str:
    """Return who offers it, when that is not coldbench."""
    return "" if owner == OWN else f"({owner}) "


def _sides(target: type[Any]) -> str:
    return " ".join(sorted(side.value for side in target.cold)) or "-"


def _needs(target: type[Any]) -> str:
    return " ".join(sorted(need.value for need in target.needs)) or "-"


def _support(target: type[Any]) -> str:
    return "yes" if target.uses_support else "-"


def _cold(target: type[Any]) -> str:
    return (
        " ".join(one for one in ("users", "items") if getattr(target, f"cold_{one}", False)) or "-"
    )


Cell = Callable[[type[Any]], str]

COLUMNS: dict[str, dict[str, Cell]] = {
    "methods": {
        "family": lambda target: str(target.family.value),
        "cold": _sides,
        "uses support": _support,
        "needs": _needs,
    },
    "datasets": {},
    "scenarios": {"cold": _cold},
    "metrics": {},
}
"""The columns of each kind between the name and the sentence."""
