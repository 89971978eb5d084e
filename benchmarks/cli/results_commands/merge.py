"""``coldbench results merge``: the records of several machines in one folder."""

from pathlib import Path

from ...store.merge import merge
from .folder import find_home, make_parser, report_problems


def main(argv: list[str]) -> int:
    """Merge folders of records; return 1 when a file is left out because it is not valid."""
    parser = make_parser(
        "merge",
        "Bring the records of several folders and their tables into one. Equal records count "
        "once, a success replaces a record without scores, and the same run with different "
        "values is named and refused. The folders are only read, and the command can be repeated.",
        folder=False,
    )
    parser.add_argument("folders", nargs="+", metavar="DIR", help="folders of records")
    parser.add_argument(
        "--into", required=True, metavar="DIR", help="folder of all of them; it may hold records"
    )
    parser.add_argument(
        "--keep",
        choices=["newest"],
        help="of the same run with different content keep the one that was started last",
    )
    options = parser.parse_args(argv)
    folders = [find_home(one) for one in options.folders]
    target = Path(options.into)
    done = merge(folders, target, keep_newest=options.keep == "newest")
    parts = [f"{done.added:,} records added", f"{done.tables:,} tables"]
    parts += [f"{done.replaced:,} replaced"] if done.replaced else []
    parts += [f"{done.equal:,} were there"] if done.equal else []
    return report_problems(target, parts, done.problems)
