"""``coldbench results``: the folder of records as a store; ``verify`` checks it."""

import argparse
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..records.home import results_home
from ..records.verify_records import FolderReport, verify
from ..terminal.console import make_console


def main(argv: list[str]) -> int:
    """Check a folder of records; return 1 when a file in it is not valid."""
    options = _parser().parse_args(argv)
    home = results_home(options.folder)
    if not home.is_dir():
        raise ColdbenchError(f"no folder {home}; name the folder of the records, or make a run")
    found = verify(home)
    out = make_console()
    for problem in found.problems:
        out.print(problem, soft_wrap=True)
    out.print(_told(home, found), soft_wrap=True)
    return int(bool(found.problems))


def _told(home: Path, found: FolderReport) -> str:
    counts = [f"{n:,} {name.replace('_', ' ')}" for name, n in sorted(found.statuses.items())]
    parts = [f"{found.statuses.total():,} records ({', '.join(counts) or 'none'})"]
    parts.append(f"{found.tables:,} tables")
    if found.alone:
        parts.append(f"{found.alone:,} tables of runs that were cut short")
    if found.temporary:
        parts.append(f"{found.temporary:,} temporary files of writers that were killed")
    bad = len(found.problems)
    parts.append(f"{bad:,} not valid" if bad else "no problems")
    return f"{home}: {'; '.join(parts)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coldbench results", description="The folder of records as a store."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser(
        "verify",
        help="check every record and table by its digest, run_id and place",
        description="Check every record and table; the exit status is 1 if any is wrong.",
    )
    check.add_argument("folder", nargs="?", metavar="DIR", help="folder of the records (results)")
    return parser
