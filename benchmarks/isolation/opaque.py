"""An opaque function: how ``validate`` is passed to a method."""

import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from ...datasets.validation_score import ValidationScore


class Opaque:
    """Calls a function of one argument to which no attribute of this object leads.

    Prevented is what reading gives away: attributes and slots, ``vars``, ``__dict__``,
    ``__self__``, ``__closure__``, the fields of a dataclass, copies (a copy is the object itself),
    pickles (refused), what the function returns (numbers alone), and the frames of an exception
    that comes out of it (they are reported as text, in a note of the exception). Not prevented is
    what nobody does by mistake: ``gc``, ``ctypes``, the stack above a method while it is scored
    (``sys._getframe``), and the descriptor that this module keeps for itself. A process has no
    walls inside; a method that goes there shows it in its source, whose hash is in the record.

    Parameters
    ----------
    function
        What is called.
    """

    __slots__ = ("__weakref__", "_function")

    def __init__(self, function: Callable[[Any], Any]) -> None:
        _FUNCTION.__set__(self, function)

    def __call__(self, argument: Any) -> Any:
        """Return the number that the function returns; a ``ValidationScore`` with its parts."""
        try:
            return _plain(_FUNCTION.__get__(self)(argument))
        except BaseException as error:
            _tell_frames(error)
            raise error

    def __copy__(self) -> "Opaque":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Opaque":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "validate cannot be pickled: it knows what is held back; keep it out of what is saved"
        )


_FUNCTION: Any = vars(Opaque)["_function"]
del Opaque._function  # type: ignore[attr-defined] # the slot stays, and nothing names it


def make_opaque(function: Callable[[Any], Any]) -> Opaque:
    """Return the function with its internals out of sight; what is so already stays as it is."""
    return function if isinstance(function, Opaque) else Opaque(function)


def _plain(found: Any) -> float:
    """Return a number that leads to nothing but numbers, whatever its class carries."""
    if isinstance(found, ValidationScore):
        return ValidationScore(found.tasks, found.groups, found.counted)
    return float(found)


def _tell_frames(error: BaseException) -> None:
    """Take the frames out of an exception and of those behind it; keep what they say as text."""
    error.add_note("while validating:\n" + "".join(traceback.format_exception(error)))
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = None
            waiting += [one.__cause__, one.__context__]
            waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else []
