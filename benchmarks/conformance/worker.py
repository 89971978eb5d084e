"""The process in which one method is examined: ``python -m coldbench....worker NAME FILE``.

Every check leaves two JSON lines in FILE, one when it begins and one with its outcome, so that the
parent knows how far a process came that was stopped, or that ended itself.
"""

import json
import sys
from pathlib import Path

from ..registry import find
from .check import carry_out
from .subject import Subject
from .suite import CHECKS


def main(name: str, path: Path) -> None:
    """Examine the method that is registered under a name and write the outcomes."""
    subject = Subject(name, find("methods", name))
    with path.open("a", buffering=1, encoding="utf-8") as file:
        for check in CHECKS:
            file.write(json.dumps({"begins": check.name}) + "\n")
            file.write(json.dumps({"outcome": carry_out(check, subject).plain()}) + "\n")
        file.write(json.dumps({"ends": len(CHECKS)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
