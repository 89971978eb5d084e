"""``coldbench results``: the folder of records as a store: ``verify``, ``pack``."""

import argparse
from pathlib import Path

from ...datasets.errors import ColdbenchError
from ..records.home import results_home
from ..records.pack import Packed, pack
from ..records.verify_records import FolderReport, verify
from ..terminal.console import make_console


def main(argv: list[str]) -> int:
    """Check or pack a folder of records; return 1 when a file in it is not valid."""
    options = _parser().parse_args(argv)
    home = results_home(options.folder)
    if not home.is_dir():
        raise ColdbenchError(f"no folder {home}; name the folder of the records, or make a run")
    if options.command == "pack":
        done = pack(home)
        return _tell(home, _describe_packing(done), done.problems)
    found = verify(home)
    return _tell(home, _describe_folder(found), found.problems)


def _tell(home: Path, parts: list[str], problems: list[str]) -> int:
    """Print the problems and the closing line; return the exit status."""
    out = make_console()
    for problem in problems:
        out.print(problem, soft_wrap=True)
    bad = f"{len(problems):,} not valid" if problems else "no problems"
    out.print(f"{home}: {'; '.join([*parts, bad])}", soft_wrap=True)
    return int(bool(problems))


def _describe_folder(found: FolderReport) -> list[str]:
    counts = [f"{n:,} {name.replace('_', ' ')}" for name, n in sorted(found.statuses.items())]
    parts = [f"{found.statuses.total():,} records ({', '.join(counts) or 'none'})"]
    parts.append(f"{found.tables:,} tables")
    if found.packed:
        parts.append(f"{found.packed:,} packed")
    if found.alone:
        parts.append(f"{found.alone:,} tables of runs that were cut short")
    if found.temporary:
        parts.append(f"{found.temporary:,} temporary files of writers that were killed")
    return parts


def _describe_packing(done: Packed) -> list[str]:
    parts = [f"{done.boards:,} boards", f"{done.merged:,} tables packed"]
    if done.left_out:
        parts.append(f"{done.left_out:,} left out, of records that are gone")
    return [*parts, f"{done.bytes / 1e6:.1f} MB of packed tables"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coldbench results", description="The folder of records as a store."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    check = commands.add_parser(
        "verify",
        help="check every record and table by its digest, run_id and place",
        description="Check every record and table; the exit status is 1 if any is wrong.",
    )
    merge = commands.add_parser(
        "pack",
        help="merge the small tables of the runs into one file per board",
        description="Merge the details, hits and items of the runs of every board; safe to repeat.",
    )
    for one in (check, merge):
        one.add_argument("folder", nargs="?", metavar="DIR", help="folder of the records (results)")
    return parser
