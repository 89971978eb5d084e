"""A clock for several searches, one after the other: each has its share of what is left."""

from collections.abc import Callable


class SearchClock:
    """Counts down the seconds of all searches together and of the present one.

    Parameters
    ----------
    seconds
        For all of them.
    now
        Seconds of a clock that only goes forward.
    """

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._now = now
        self._end = now() + seconds
        self._turn_end = self._end

    def begin_turn(self, waiting: int) -> None:
        """Give a search its share; ``waiting`` others come after it."""
        self._turn_end = self._now() + self.left() / (waiting + 1)

    def left(self) -> float:
        """Return the seconds that all have left."""
        return max(0.0, self._end - self._now())

    def turn_left(self) -> float:
        """Return the seconds in which the present search may begin trials."""
        return max(0.0, self._turn_end - self._now())
