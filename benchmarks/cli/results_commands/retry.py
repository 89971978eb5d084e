"""``coldbench results retry``: make what failed or is missing, by its recorded configuration."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ....datasets.errors import ColdbenchError
from ...isolation.child_process import run_in_child
from ...runs.retry_plan import Retry, plan_retries
from ...store.live_marks import SWEEP, hold_mark
from ...terminal.complaint import complain
from ...terminal.console import make_console
from .folder import find_home, make_parser

INTERRUPTED = 128
"""The lowest exit status of a process that a signal ended."""


def main(argv: list[str]) -> int:
    """Make runs again; return 1 when one of them fails again or could not be made."""
    parser = make_parser(
        "retry",
        "Make the runs of the last sweep, or of the one that is named, again that failed or are "
        "missing; and, unless a sweep is named, every other failed record. One after another, each "
        "in a process of its own. The same command as before makes them too, with its launcher.",
    )
    parser.add_argument("--sweep", metavar="NAME", help="name or id of a sweep, as status shows it")
    parser.add_argument("--failed", action="store_true", help="only those that failed")
    parser.add_argument("--missing", action="store_true", help="only those that are missing")
    parser.add_argument("--dry-run", action="store_true", help="only print their commands")
    options = parser.parse_args(argv)
    home = find_home(options.folder)
    both = options.failed == options.missing
    found, problems = plan_retries(
        home,
        options.sweep,
        failed=both or options.failed,
        missing=both or options.missing,
    )
    for problem in problems:
        complain(problem)
    if not found:
        make_console().print("nothing to retry", soft_wrap=True)
        return int(bool(problems))
    if options.dry_run:
        for one in found:
            make_console().print(one.command(home), soft_wrap=True)
        return int(bool(problems))
    statuses = _make(home, found)
    return int(bool(problems) or any(statuses))


def _make(home: Path, found: Sequence[Retry]) -> list[int]:
    """Make the runs one after another and return their exit statuses."""
    with ExitStack() as marks:
        for sweep in sorted({one.sweep for one in found if one.sweep is not None}):
            marks.enter_context(hold_mark(home, SWEEP, sweep=sweep))
        return [
            _make_apart(home, one, f"[{number}/{len(found)}]")
            for number, one in enumerate(found, 1)
        ]


def _make_apart(home: Path, one: Retry, head: str) -> int:
    """Make one run in a child process, whatever becomes of that, and return its exit status."""

    def died(facts: dict[str, object], how: str) -> None:
        complain(f"{head} {one.label}: its process {how}")

    parent = os.getpid()
    status = run_in_child(lambda: _make_one(home, one, head), died)
    if os.getpid() != parent:  # the rest is the parent's
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    if status >= INTERRUPTED:  # by Ctrl-C, or a signal that was handed on: the rest is left too
        raise KeyboardInterrupt
    return status


def _make_one(home: Path, one: Retry, head: str) -> int:
    """Make one run in this process and print how it ended; return its exit status."""
    from ...runs.job import finished_jobs
    from ...runs.sweep_job import join_sweep
    from .. import run

    join_sweep(one.sweep, one.number)
    try:
        status = run.main(one.words(home), report=False)
    except ColdbenchError as error:
        complain(f"{head} {one.label}: {error}")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    for outcome in finished_jobs:
        make_console().print(f"{head} {outcome}", soft_wrap=True)
    return status
