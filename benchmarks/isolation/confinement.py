"""The code of others, held to its time and leaving no traces in the process."""

from collections.abc import Iterator
from contextlib import contextmanager

from ...datasets.errors import ColdbenchError
from .process_state import keep_process_state
from .time_limit import OutOfTime, limit_time


@contextmanager
def confined(seconds: float | None) -> Iterator[None]:
    """Raise ``OutOfTime`` in a block that takes longer, and put the process back as it was.

    Parameters
    ----------
    seconds
        0 and None are not limit.
    """
    with keep_process_state(), limit_time(seconds):
        yield


@contextmanager
def confined_loading(seconds: float | None) -> Iterator[None]:
    """Confine the block that loads and splits the data of a run.

    Raises
    ------
    ColdbenchError
        When the block takes longer: without data there is no record that could say so.
    """
    try:
        with confined(seconds):
            yield
    except OutOfTime as error:
        raise ColdbenchError(f"{error}, not even loading and splitting the data") from error
