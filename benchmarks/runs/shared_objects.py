"""Data and splits that one run of a sweep has made and the next ones, each in its process, read.

They are in files without a name, open in the process of the sweep and in every run that it forks:
nothing is left of them when that process ends, however it does.
"""

import logging
import os
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO, Any

MOST = 8
"""Objects that are shared at once; the oldest give way."""
PLACES = 2
"""A run makes as many at most: a dataset and a split of it."""
_FINDINGS = "findings"


class SharedObjects:
    """What is shared; the process of the sweep has the one object, every run a copy of it."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, tuple[IO[bytes], int]] = OrderedDict()
        self._findings: dict[str, list[str]] = {}
        self._places: list[IO[bytes]] = []
        self._used = 0

    def make_room(self) -> None:
        """Open the files that the next run may write objects into."""
        while len(self._places) < PLACES:
            self._places.append(TemporaryFile())  # noqa: SIM115  (as long as the sweep)

    def read(self, key: str) -> Any:
        """Return an object that an earlier run has written, None where there is none."""
        if key not in self._files:
            return None
        file, size = self._files[key]
        return pickle.loads(os.pread(file.fileno(), size, 0))  # written by this program

    def write(self, key: str, made: Any) -> dict[str, Any]:
        """Write an object for the runs to come, and return what the sweep is to be told of it.

        One that cannot be written, such as one with a plugin's own objects, is not shared.
        """
        if self._used >= len(self._places) or key in self._files:
            return {}
        place, self._used = self._used, self._used + 1
        try:
            content = pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL)
            self._places[place].write(content)
            self._places[place].flush()
        except Exception as error:  # whatever an object of a plugin raises, and a full disk
            logging.getLogger(__name__).debug("not shared with other runs: %s", error)
            return {}
        return {f"shared {place}": [key, len(content)]}

    def keep(self, told: Mapping[str, Any]) -> None:
        """Keep what a run has written, in place of the oldest where there are many."""
        for place in reversed(range(len(self._places))):
            key, size = told.get(f"shared {place}", (None, 0))
            if key is not None and key not in self._files:
                self._files[key] = self._places.pop(place), int(size)
        while len(self._files) > MOST:
            self._files.popitem(last=False)[1][0].close()
        self._findings |= told.get(_FINDINGS, {})

    def read_findings(self, key: str) -> list[str] | None:
        """Return what the audit of a split found, None where none has been made."""
        return self._findings.get(key)

    def write_findings(self, key: str, findings: list[str]) -> dict[str, Any]:
        """Return what the sweep is to be told of an audit."""
        return {_FINDINGS: {key: findings}}


shared = SharedObjects()
"""Those of this process."""
