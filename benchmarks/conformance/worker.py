"""The process that checks one subject: ``python -m coldbench....worker ASKED FILE``.

ASKED is JSON. Every check leaves two JSON lines in FILE, one when it begins and one with its
outcome, so that the parent knows how far a process came that was stopped, or that ended itself.
"""

import json
import sys
from pathlib import Path

from ...datasets.errors import ColdbenchError
from .checks.definition import carry_out
from .request import CheckRequest
from .subjects import list_checks


def main(request: CheckRequest, path: Path) -> None:
    """Examine what was asked for and write the outcomes; or why it cannot be examined."""
    with path.open("a", buffering=1, encoding="utf-8") as file:

        def write(**line: object) -> None:
            file.write(json.dumps(line) + "\n")

        try:
            for check, subject in list_checks(request):
                write(begins=check.name)
                write(outcome=carry_out(check, subject).plain())
        except ColdbenchError as error:
            write(refused=str(error))
        write(ends=True)


if __name__ == "__main__":
    kind, name, *words = json.loads(sys.argv[1])
    main(CheckRequest(kind, name, tuple(words)), Path(sys.argv[2]))
