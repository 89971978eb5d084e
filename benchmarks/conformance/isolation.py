"""The suite in a separate process, under a time limit: a plugin can hang or end only itself."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ...datasets.errors import ColdbenchError
from .checks.check_result import CheckResult, Verdict
from .checks.definition import Check
from .request import CheckRequest
from .subjects import SUITES

LIMIT_SECONDS = 900.0
"""Time for one of them, unless the caller says otherwise."""
POLL_SECONDS = 0.2
TAIL = 300
"""Characters of a dead process's last words that are shown."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def examine_in_process(
    request: CheckRequest | str,
    *,
    limit: float = LIMIT_SECONDS,
    on_check: Callable[[str], None] | None = None,
) -> list[CheckResult]:
    """Return the outcome of every check on one method, dataset or scenario.

    A check during which the time runs out or the process ends has failed, and those after it were
    not reached.

    Parameters
    ----------
    asked
        What is examined; a text is the name of a registered method.
    limit
        Seconds for the whole suite.
    on_check
        Called with the name of each check when it begins.

    Raises
    ------
    ColdbenchError
        When it cannot be made, loaded or split with the settings that were asked for.
    """
    if isinstance(request, str):
        request = CheckRequest("method", request)
    with tempfile.TemporaryDirectory() as folder:
        path, spoken = Path(folder) / "outcomes", Path(folder) / "spoken"
        path.touch()
        with spoken.open("wb") as output:
            ending = _run(request, path, output.fileno(), limit, on_check)
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        for line in lines:
            if "refused" in line:
                raise ColdbenchError(str(line["refused"]))
        return _complete(
            SUITES[request.kind], lines, ending, spoken.read_text("utf-8", errors="replace")
        )


def _run(
    request: CheckRequest,
    path: Path,
    output: int,
    limit: float,
    on_check: Callable[[str], None] | None,
) -> str:
    """Run the worker; return how it ended, as a clause."""
    words = json.dumps([request.kind, request.name, *request.words])
    command = [sys.executable, "-m", f"{__package__}.worker", words, str(path)]
    quiet = {**os.environ, **dict.fromkeys(THREADS, "1")}
    process = subprocess.Popen(
        command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=quiet,
        start_new_session=True,
    )  # fmt: skip
    shown = 0
    left = limit
    try:
        while left > 0:
            try:
                code = process.wait(POLL_SECONDS)
                return f"the process ended with exit code {code}"
            except subprocess.TimeoutExpired:
                left -= POLL_SECONDS
            begun = list(_begun(path))
            for check in begun[shown:] if on_check else ():
                on_check(check)  # type: ignore[misc]
            shown = len(begun)
        return f"it did not end within {limit:g} seconds"
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the worker and whatever it started: they share a session of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _begun(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines(keepends=True):
        if line.endswith("\n") and "begins" in (words := json.loads(line)):
            yield words["begins"]


def _complete(
    checks: Sequence[Check], lines: list[dict[str, object]], ending: str, spoken: str
) -> list[CheckResult]:
    """Return the outcomes that were written, and what the missing ones come to."""
    done = [CheckResult.read(line["outcome"]) for line in lines if "outcome" in line]  # type: ignore[arg-type]
    if any("ends" in line for line in lines):
        return done
    words = " ".join(spoken.split())[-TAIL:]
    values = f"{ending}; its last words: {words}" if words else ending
    for at, check in enumerate(checks[len(done) :]):
        if at == 0:
            verdict, remedy = Verdict.FAILED, "let it come to an end, and never end the process"
        else:
            verdict, values, remedy = Verdict.NOT_REACHED, ending, "fix what failed first"
        done.append(CheckResult(check.name, check.requirement, verdict, values, remedy))
    return done
