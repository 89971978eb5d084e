"""``coldbench results prune``: remove what no leaderboard needs."""

from collections import Counter

from ...store.prune import Pruning, prune
from ...terminal.console import make_console
from .folder import find_home, make_parser


def main(argv: list[str]) -> int:
    """Say or remove what is needless; return 1 when something could not be removed."""
    parser = make_parser(
        "prune",
        "Remove what no leaderboard needs: temporary files and marks of processes that were "
        "killed, tables of runs that were cut short, checkpoints of runs that have a record, and "
        "failed records that a later success supersedes. Without --yes it only says what that is.",
    )
    parser.add_argument("--yes", action="store_true", help="remove it")
    parser.add_argument(
        "--older-versions",
        action="store_true",
        help="also records whose run a newer version of the same code has repeated",
    )
    options = parser.parse_args(argv)
    home = find_home(options.folder)
    done = prune(home, older_versions=options.older_versions, remove=options.yes)
    _report(done, options.yes)
    return int(bool(done.problems))


def _report(done: Pruning, removed: bool) -> None:
    out = make_console()
    for one in done.needless:
        more = f" and {len(one.paths) - 1} tables" if len(one.paths) > 1 else ""
        out.print(f"{one.paths[0]}{more}: {one.why}", soft_wrap=True)
    for problem in done.problems:
        out.print(problem, soft_wrap=True)
    counts = [f"{n:,} {why}" for why, n in Counter(one.why for one in done.needless).items()]
    if not counts:
        out.print("nothing is needless")
        return
    did = "removed" if removed else "not removed; --yes removes it"
    size = f"{sum(done.sizes) / 1e6:.1f} MB"
    out.print(f"{', '.join(counts)}; {size}; {did}", soft_wrap=True)
