"""``coldbench results verify``: every record and table against its own digests."""

from ...records.verify_records import FolderReport, verify
from .folder import find_home, make_parser, report_problems


def main(argv: list[str]) -> int:
    """Check a folder of records; return 1 when a file in it is not valid."""
    parser = make_parser(
        "verify", "Check every record and table; the exit status is 1 if any is wrong."
    )
    home = find_home(parser.parse_args(argv).folder)
    found = verify(home)
    return report_problems(home, _describe(found), found.problems)


def _describe(found: FolderReport) -> list[str]:
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
