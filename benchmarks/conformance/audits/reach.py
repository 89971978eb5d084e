"""Rules about references: a method cannot reach held-out data from its training data."""

import gc
from collections.abc import Iterator
from types import FunctionType, MethodType, ModuleType

from ....datasets.arrays import CSR
from ....datasets.world import Entities
from .audited_split import AuditedSplit

VISITED = 200_000
"""Objects to follow before giving up; the training data of a clean split has far fewer."""


def truth_is_out_of_reach(audited: AuditedSplit) -> Iterator[str]:
    """Require that no reference leads from the training data to the truth of a test."""
    split = audited.split
    hidden = {id(task.truth): name for name, task in split.test.items()}
    hidden |= {id(task.truth.data): name for name, task in split.test.items() if task.truth.nnz}
    for found in _reachable(split.train):
        if id(found) in hidden:
            yield f"the training data leads to the truth of test {hidden[id(found)]}"
            return


def _reachable(start: object) -> Iterator[object]:
    seen = {id(start)}
    waiting = [start]
    while waiting and len(seen) < VISITED:
        here = waiting.pop()
        yield here
        for there in _referents(here):
            if id(there) not in seen and not isinstance(there, (type, ModuleType, str, bytes, int)):
                seen.add(id(there))
                waiting.append(there)


def _referents(here: object) -> list[object]:
    """Return what an object refers to; of a function its closure and defaults, not its module."""
    if isinstance(here, FunctionType):
        return [here.__closure__, here.__defaults__, here.__kwdefaults__]
    if isinstance(here, MethodType):
        return [here.__self__, here.__func__]
    return gc.get_referents(here)


def arrays_are_read_only(audited: AuditedSplit) -> Iterator[str]:
    """Require that every array that a method receives forbids writing."""
    split = audited.split
    places: list[tuple[str, Entities]] = [
        ("train users", split.train.users),
        ("train items", split.train.items),
    ]
    for name, task in split.test.items():
        places += [(f"{name} users", task.query.users), (f"{name} items", task.query.items)]
    for name, entities in places:
        for field in ("known", "history", "features"):
            if _writable(getattr(entities, field)):
                yield f"{field} of {name} can be written"


def _writable(array: CSR) -> bool:
    parts = (array.data, array.indices, array.indptr) if hasattr(array, "indptr") else (array,)
    return any(part.flags.writeable for part in parts)


RULES = (truth_is_out_of_reach,)
