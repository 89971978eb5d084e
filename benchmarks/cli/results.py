"""``coldbench results``: the folder of records as a store, a module of its own per command."""

import sys
from importlib import import_module

from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown

COMMANDS = {
    "status": "what is done, failed, running and missing of every sweep, and the time left",
    "list": "one line per record, with the settings that depart from the defaults",
    "retry": "make the runs of a sweep again that failed or are missing",
    "verify": "check every record and table by its digest, run_id and place",
    "prune": "remove what no leaderboard needs; without --yes only say what that is",
    "merge": "bring the records and tables of several folders into one",
    "compare": "compare the values of the same runs in two folders to the last digit",
    "pack": "merge the small tables of the runs into one file per board",
}


def main(argv: list[str]) -> int:
    """Carry out one command on a folder of records and return its exit status."""
    if not argv or argv[0] in ("-h", "--help"):
        sys.stdout.write(make_usage())
        return 0
    if argv[0] not in COMMANDS:
        raise ColdbenchError(describe_unknown("command of coldbench results", argv[0], COMMANDS))
    module = import_module(f"{__package__}.results_commands.{argv[0]}")
    status: int = module.main(argv[1:])
    return status


def make_usage() -> str:
    """Return the help text."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "usage: coldbench results COMMAND [DIR] [...]",
            "",
            "The folder of records as a store. DIR is $COLDBENCH_RESULTS, else results/.",
            "",
            *lines,
            "",
            "`coldbench results COMMAND --help` shows what a command takes.",
            "",
        ]
    )
