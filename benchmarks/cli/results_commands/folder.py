"""What the commands of ``coldbench results`` share: the argument DIR, and the closing line."""

from collections.abc import Sequence
from pathlib import Path

from ....datasets.errors import ColdbenchError
from ...records.home import results_home
from ...terminal.console import make_console
from ..arguments import Arguments


def make_parser(command: str, what: str, *, folder: bool = True) -> Arguments:
    """Return the parser of a command.

    Parameters
    ----------
    command
        Its name.
    what
        What it does, in sentences.
    folder
        Whether it takes the folder of the records.
    """
    parser = Arguments(prog=f"coldbench results {command}", description=what)
    if folder:
        parser.add_argument(
            "folder", nargs="?", metavar="DIR", help="folder of the records (default: results)"
        )
    return parser


def find_home(folder: str | None) -> Path:
    """Return the folder of the records.

    Raises
    ------
    ColdbenchError
        When it is not there.
    """
    home = results_home(folder)
    if not home.is_dir():
        raise ColdbenchError(f"no folder {home}; name the folder of the records, or make a run")
    return home


def report_problems(home: Path, parts: Sequence[str], problems: Sequence[str]) -> int:
    """Print the problems and the closing line; return the exit status."""
    out = make_console()
    for problem in problems:
        out.print(problem, soft_wrap=True)
    bad = f"{len(problems):,} not valid" if problems else "no problems"
    out.print(f"{home}: {'; '.join([*parts, bad])}", soft_wrap=True)
    return int(bool(problems))
