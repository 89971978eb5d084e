"""``coldbench check``: the conformance suite on one method, ours or anyone's."""

import argparse
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ...datasets.errors import ColdbenchError
from ..conformance.isolated import LIMIT_SECONDS, examine_isolated
from ..conformance.outcome import BROKEN, Outcome, Verdict
from ..console import console, duration, table
from ..registry import available, find

COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "red",
    Verdict.NOT_REACHED: "red",
    Verdict.EXEMPT: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}


def main(argv: Sequence[str]) -> int:
    """Examine the named methods; return 1 when one does not conform.

    Raises
    ------
    ColdbenchError
        For a name that is not registered, or a time limit that is none.
    """
    wanted = _parser().parse_args(list(argv))
    names = available("methods") if wanted.all else wanted.names
    if not names:
        raise ColdbenchError("check needs the name of a method, or --all")
    if not wanted.limit > 0:
        raise ColdbenchError(f"--limit {wanted.limit:g} is no time; give a number of seconds")
    for name in names:
        find("methods", name)
    out = console()
    broken = [name for name in names if not _conforms(out, name, wanted.limit, wanted.verbose)]
    if len(names) > 1:
        failed = f"; not: {', '.join(broken)}" if broken else ""
        out.print(f"{len(names) - len(broken)} of {len(names)} methods conform{failed}")
    return 1 if broken else 0


def _conforms(out: Console, name: str, limit: float, every: bool) -> bool:
    """Examine one method and print what came of it."""
    with out.status(name) as status:

        def show(check: str) -> None:
            status.update(f"{name}: {check}")

        outcomes = examine_isolated(name, limit=limit, on_check=show)
    _show(out, name, outcomes, every)
    return not any(one.verdict in BROKEN for one in outcomes)


def _show(out: Console, name: str, outcomes: Sequence[Outcome], every: bool) -> None:
    """Print a table of all checks, or of those that neither passed nor were out of place."""
    quiet = () if every else (Verdict.PASSED, Verdict.NOT_APPLICABLE)
    shown = [one for one in outcomes if one.verdict not in quiet]
    if shown:
        rows = table("check", "result", "it demands that", "what was seen", "what to do")
        for one in shown:
            result = Text(one.verdict.value, style=COLOURS[one.verdict])
            rows.add_row(one.check, result, one.demands, one.values, one.remedy)
        out.print(rows)
    counts = Counter(one.verdict for one in outcomes)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    out.print(f"{name}: {told} ({duration(sum(one.seconds for one in outcomes))})")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coldbench check",
        description="Run the conformance suite on registered methods, each in its own process.",
        epilog="docs/conformance.md says what each check demands and how to read a failure.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a registered method")
    parser.add_argument("--all", action="store_true", help="every registered method")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT_SECONDS,
        metavar="SECONDS",
        help=f"time per method ({LIMIT_SECONDS:g})",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show passed checks, too")
    return parser
