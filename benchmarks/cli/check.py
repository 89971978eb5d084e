"""``coldbench check``: the conformance suite of a method, a dataset or a scenario."""

import argparse
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from rich.console import Console
from rich.text import Text

from ...datasets.errors import ColdbenchError
from ..conformance.checks.check_result import BROKEN, CheckResult, Verdict
from ..conformance.isolation import LIMIT_SECONDS, examine_in_process
from ..conformance.request import CheckRequest, parse_requests
from ..plugins.registry import OWN, list_names, list_offers
from ..terminal.console import format_duration, make_console, make_table
from ..terminal.fitted_table import FittedTable, TableColumn
from .arguments import Arguments

COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.NOT_REACHED: "red",
    Verdict.EXEMPT: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}
DEMAND = "requirement"
ORDER = (
    Verdict.FAILED,
    Verdict.NOT_REACHED,
    Verdict.EXEMPT,
    Verdict.PASSED,
    Verdict.NOT_APPLICABLE,
)
"""Order of the rows: failures come first."""


class Detail(Enum):
    """Amount of output for one method."""

    SUMMARY = "the counts of the results"
    TABLE = "and one row per check"
    DEMANDS = "with what each requires"


def main(argv: Sequence[str]) -> int:
    """Run the suites of what is named; return 1 when one does not conform.

    Raises
    ------
    ColdbenchError
        For a name that is not registered, unknown arguments, or an invalid time limit.
    """
    wanted = _parser().parse_args(list(argv))
    if not wanted.limit > 0:
        raise ColdbenchError(f"--limit {wanted.limit:g} is not a time; give a number of seconds")
    every = [f"method={name}" for name in list_names("methods")] if wanted.all else []
    requested = parse_requests([*every, *wanted.words])
    out = make_console()
    how = Detail.SUMMARY if wanted.quiet else Detail.DEMANDS if wanted.verbose else Detail.TABLE
    broken = [one.title for one in requested if not _conforms(out, one, wanted.limit, how)]
    if len(requested) > 1:
        failed = f"; not: {', '.join(broken)}" if broken else ""
        kinds = {one.kind for one in requested}
        what = f"{kinds.pop()}s conform" if len(kinds) == 1 else "conform"
        out.print(f"{len(requested) - len(broken)} of {len(requested)} {what}{failed}")
    return 1 if broken else 0


def _conforms(out: Console, requested: CheckRequest, limit: float, how: Detail) -> bool:
    """Check one method, dataset or scenario and print the results."""
    with out.status(requested.title) as status:

        def show(check: str) -> None:
            status.update(f"{requested.title}: {check}")

        outcomes = examine_in_process(requested, limit=limit, on_check=show)
    _show(out, requested.title, outcomes, how)
    offer = list_offers("methods").get(requested.name) if requested.kind == "method" else None
    if offer and offer.distribution != OWN and getattr(offer.target, "reference", False):
        out.print(
            f"{requested.name} declares reference = True; leaderboards show it as an ordinary "
            f"row, since baselines are coldbench's own",
            soft_wrap=True,
        )
    return not any(one.verdict in BROKEN for one in outcomes)


def _show(out: Console, name: str, outcomes: Sequence[CheckResult], how: Detail) -> None:
    """Print the table of checks, broken ones first, and the counts; the counts alone if quiet."""
    if how is not Detail.SUMMARY:
        out.print(_table(outcomes, how is Detail.DEMANDS))
    counts = Counter(one.verdict for one in outcomes)
    message = ", ".join(
        f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]
    )
    out.print(f"{name}: {message} ({format_duration(sum(one.seconds for one in outcomes))})")


def _table(outcomes: Sequence[CheckResult], demands: bool) -> FittedTable:
    """Return one row per check; a failed one with its requirement and remedy."""
    broken = any(one.verdict in BROKEN for one in outcomes)
    columns = ["check", "result"]
    columns += [DEMAND] if broken or demands else []
    columns += ["observed"]
    columns += ["remedy"] if broken else []
    rows = make_table(*(TableColumn(one, leave=one == DEMAND) for one in columns))
    for one in sorted(outcomes, key=lambda one: ORDER.index(one.verdict)):
        cells: dict[str, str | Text] = {
            "check": one.check,
            "result": Text(one.verdict.value, style=COLOURS[one.verdict]),
            DEMAND: one.requirement if demands or one.verdict in BROKEN else "",
            "observed": one.values,
            "remedy": one.remedy,
        }
        rows.add_row(*(cells[column] for column in columns))
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="coldbench check",
        description="Examine methods, datasets and scenarios, each in its own process.",
        epilog="docs/conformance.md says what each check requires and how to read a failure.",
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
        "-v", "--verbose", action="store_true", help="say what every check requires, too"
    )
    return parser
