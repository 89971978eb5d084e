"""``coldbench results pack``: one file of tables per board instead of three per run."""

from ...records.pack import Packed, pack
from .folder import find_home, make_parser, report_problems


def main(argv: list[str]) -> int:
    """Pack a folder of records; return 1 when a file in it is not valid."""
    parser = make_parser(
        "pack",
        "Merge the details, hits and items of the runs of every board, and write once what their "
        "records share; safe to repeat.",
    )
    home = find_home(parser.parse_args(argv).folder)
    done = pack(home)
    return report_problems(home, _describe(done), done.problems)


def _describe(done: Packed) -> list[str]:
    parts = [f"{done.boards:,} boards", f"{done.merged:,} tables packed"]
    if done.left_out:
        parts.append(f"{done.left_out:,} left out, of records that are gone")
    if done.shortened:
        parts.append(f"{done.shortened:,} records shortened")
    return [*parts, f"{done.bytes / 1e6:.1f} MB of packed tables"]
