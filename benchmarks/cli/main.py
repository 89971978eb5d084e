"""The command line: which commands there are, and how errors are shown."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ... import __version__
from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown
from ..terminal.complaint import complain

COMMANDS = {
    "run": "run one method (method=NAME), or a sweep of them (-m method=A,B seed=0,1,2)",
    "tune": "search a method's settings within a budget, on validation only",
    "list": "show methods, presets, datasets, scenarios, metrics, experiments, tables and settings",
    "leaderboard": "rank the methods by the records in results/",
    "explain": "show which items of a history and words of a text carried a recommendation",
    "report": "write the leaderboards as one page to look at, or as tables and plots",
    "results": "the folder of records as a store; `coldbench results --help` lists the commands",
    "table": "print a paper's table with our results next to it",
    "wandb": "send records (push) or leaderboards (leaderboard) to a project of W&B",
    "data": "fetch, add, verify or describe a dataset",
    "split": "write a split as CSV files with original ids",
    "check": "run the conformance suite on a method, a dataset or a scenario",
    "new-method": "write a package with a working method to start from",
    "demo": "run the methods of every family on the embedded dataset and print the leaderboard",
}
INTERRUPTED = 130
WATCHED = ("run", "demo", "table", "explain")
"""Commands that fit methods, whose code may end the process."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 when a run failed, 2 for an invalid command.

    Parameters
    ----------
    argv
        The words after the program's name; by default those of the process, which is then the
        program itself, and methods are fitted in a child that it watches.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None and words[:1] and words[0] in WATCHED:
        from ..isolation.child_process import run_in_child

        return run_in_child(lambda: _guarded(words), _died)
    return _guarded(words)


def _guarded(words: list[str]) -> int:
    """Run one command; an error becomes a sentence and an exit status."""
    try:
        return _dispatch(words)
    except ColdbenchError as error:
        if os.environ.get("COLDBENCH_DEBUG"):
            raise
        from ..config.masking import Mask

        complain(Mask.of({}, words).text(str(error)))
        return 2
    except KeyboardInterrupt:
        complain("interrupted; what was finished is kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _died(message: dict[str, Any], how: str) -> None:
    from .run import report_death

    report_death(message, how)


def make_usage() -> str:
    """Return the help text."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "coldbench compares cold-start recommenders under one split protocol.",
            "",
            "usage: coldbench COMMAND [...]",
            "",
            *lines,
            "",
            "`coldbench COMMAND --help` shows what a command takes; --version the version.",
            "Data is kept in $COLDBENCH_DATA, records in $COLDBENCH_RESULTS (default: results/).",
            "COLDBENCH_DEBUG=1 shows the traceback of an error.",
            "",
        ]
    )


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(make_usage())
        return 0
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"coldbench {__version__}\n")
        return 0
    if words[0] == "-sc":  # the shell's completion asks the bare program
        words = ["run", *words]
    if words[0] not in COMMANDS:
        raise ColdbenchError(describe_unknown("command", words[0], COMMANDS))
    module = import_module(f"{__package__}.{words[0].replace('-', '_')}")
    status: int = module.main(words[1:])
    return status


if __name__ == "__main__":
    sys.exit(main())
