"""One pass over the bytes of a table of ratings, at the speed of memory."""

import numpy as np
from numba import njit

LONGEST = 15
"""Digits of a cell; so many a float64 holds exactly."""


@njit(cache=True, nogil=True)
def parse_ratings(
    codes: np.ndarray,
    mark: int,
    width: int,
    low: float,
    high: float,
    blank: int,
    blank_allowed: bool,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    times: np.ndarray,
) -> int:
    """Fill the four columns and return how many rows were read, or -1.

    Only the plainest form is read: ids and times of digits, ratings of digits and perhaps a
    point, ``width`` times ``mark`` between cells, a line end after each row. Whatever else
    occurs, or is out of range, gives -1: another parser has to say what it is.

    Parameters
    ----------
    codes
        uint8: the file.
    mark, width
        The separator: which character, how often.
    low, high
        Limits of a rating.
    blank, blank_allowed
        Whether a time may be empty, and what it then reads as.
    users, items, values, times
        uint32, uint32, float32, int64: as many as there may be rows.
    """
    size, at, row = len(codes), 0, 0
    while at < size:
        if row == len(users):
            return -1
        for column in range(4):
            value, digits, point = 0, 0, -1
            while at < size:
                digit = codes[at] - 48
                if 0 <= digit <= 9:
                    value = value * 10 + digit
                    digits += 1
                elif digit == -2 and column == 2 and point < 0:
                    point = digits
                else:
                    break
                at += 1
            if digits > LONGEST or (digits == 0 and not (column == 3 and blank_allowed)):
                return -1
            if column < 2 and value > 4294967295:
                return -1
            if column == 0:
                users[row] = value
            elif column == 1:
                items[row] = value
            elif column == 2:
                rating = value / 10.0 ** (digits - point) if point >= 0 else float(value)
                if not low <= rating <= high:
                    return -1
                values[row] = rating
            else:
                times[row] = value if digits else blank
            if column < 3:
                for _ in range(width):
                    if at >= size or codes[at] != mark:
                        return -1
                    at += 1
        if at < size and codes[at] == 13:
            at += 1
        if at < size:
            if codes[at] != 10:
                return -1
            at += 1
        row += 1
    return row
