"""``coldbench check``: the suite of a method, a dataset or a scenario, ours or anyone's."""

import argparse
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from rich.console import Console
from rich.text import Text

from ...datasets.errors import ColdbenchError
from ..conformance.asked import Asked, asked_for
from ..conformance.checks.outcome import BROKEN, Outcome, Verdict
from ..conformance.isolated import LIMIT_SECONDS, examine_isolated
from ..plugins.registry import OWN, available, offers
from ..terminal.console import console, duration, table
from ..terminal.fitted_table import Column, FittedTable
from .arguments import Arguments

COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.NOT_REACHED: "red",
    Verdict.EXEMPT: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}
DEMAND = "it demands that"
ORDER = (
    Verdict.FAILED,
    Verdict.NOT_REACHED,
    Verdict.EXEMPT,
    Verdict.PASSED,
    Verdict.NOT_APPLICABLE,
)
"""Of the rows: what someone must act on comes first."""


class Detail(Enum):
    """How much is printed of one method."""

    SUMMARY = "the counts of the results"
    TABLE = "and one row per check"
    DEMANDS = "with what each demands"


def main(argv: Sequence[str]) -> int:
    """Examine what is named; return 1 when one does not conform.

    Raises
    ------
    ColdbenchError
        For a name that is not registered, words that fit nothing, or a time limit that is none.
    """
    wanted = _parser().parse_args(list(argv))
    if not wanted.limit > 0:
        raise ColdbenchError(f"--limit {wanted.limit:g} is no time; give a number of seconds")
    every = [f"method={name}" for name in available("methods")] if wanted.all else []
    asked = asked_for([*every, *wanted.words])
    out = console()
    how = Detail.SUMMARY if wanted.quiet else Detail.DEMANDS if wanted.verbose else Detail.TABLE
    broken = [one.title for one in asked if not _conforms(out, one, wanted.limit, how)]
    if len(asked) > 1:
        failed = f"; not: {', '.join(broken)}" if broken else ""
        kinds = {one.kind for one in asked}
        what = f"{kinds.pop()}s conform" if len(kinds) == 1 else "conform"
        out.print(f"{len(asked) - len(broken)} of {len(asked)} {what}{failed}")
    return 1 if broken else 0


def _conforms(out: Console, asked: Asked, limit: float, how: Detail) -> bool:
    """Examine one method, dataset or scenario and print what came of it."""
    with out.status(asked.title) as status:

        def show(check: str) -> None:
            status.update(f"{asked.title}: {check}")

        outcomes = examine_isolated(asked, limit=limit, on_check=show)
    _show(out, asked.title, outcomes, how)
    offer = offers("methods").get(asked.name) if asked.kind == "method" else None
    if offer and offer.distribution != OWN and getattr(offer.target, "reference", False):
        out.print(
            f"{asked.name} declares reference = True; boards show it as an ordinary row, since the "
            f"reference rows are coldbench's own",
            soft_wrap=True,
        )
    return not any(one.verdict in BROKEN for one in outcomes)


def _show(out: Console, name: str, outcomes: Sequence[Outcome], how: Detail) -> None:
    """Print the table of checks, broken ones first, and the counts; the counts alone if quiet."""
    if how is not Detail.SUMMARY:
        out.print(_table(outcomes, how is Detail.DEMANDS))
    counts = Counter(one.verdict for one in outcomes)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    out.print(f"{name}: {told} ({duration(sum(one.seconds for one in outcomes))})")


def _table(outcomes: Sequence[Outcome], demands: bool) -> FittedTable:
    """Return one row per check; what a broken one demands and what to do stand beside it."""
    broken = any(one.verdict in BROKEN for one in outcomes)
    columns = ["check", "result"]
    columns += [DEMAND] if broken or demands else []
    columns += ["what was seen"]
    columns += ["what to do"] if broken else []
    rows = table(*(Column(one, leave=one == DEMAND) for one in columns))
    for one in sorted(outcomes, key=lambda one: ORDER.index(one.verdict)):
        cells: dict[str, str | Text] = {
            "check": one.check,
            "result": Text(one.verdict.value, style=COLOURS[one.verdict]),
            DEMAND: one.demands if demands or one.verdict in BROKEN else "",
            "what was seen": one.values,
            "what to do": one.remedy,
        }
        rows.add_row(*(cells[column] for column in columns))
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench check",
        description="Examine methods, datasets and scenarios, each in its own process.",
        epilog="docs/conformance.md says what each check demands and how to read a failure.",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="a registered name, method=NAME, dataset=NAME or scenario=NAME; and settings as for "
        "run: method.factors=8, dataset.k_core=5, seed=1",
    )
    parser.add_argument("--all", action="store_true", help="every registered method")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT_SECONDS,
        metavar="SECONDS",
        help=f"time for each ({LIMIT_SECONDS:g})",
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("-q", "--quiet", action="store_true", help="the counts alone, no table")
    shown.add_argument(
        "-v", "--verbose", action="store_true", help="say what every check demands, too"
    )
    return parser
