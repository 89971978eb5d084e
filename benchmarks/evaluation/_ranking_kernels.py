"""Compiled steps that turn a block of scores into ranked lists; numba is heavy: import lazily.

Each releases the GIL, works on one block of users and keeps IEEE arithmetic (no fastmath: masked
scores are -inf). A key is an int64: the score's bits in the high half, reordered so that a
smaller key is a better score, and the pair's tie-break hash in the low half. Indices are unsigned
and counters int32 where it matters: numba then neither wraps negative indices nor widens vectors.
"""

import numpy as np
from numba import njit

from .tie_break import HIGH, HIGH_INVERSE, LOW, LOW_INVERSE

U15, U16, U30 = np.uint32(15), np.uint32(16), np.uint32(30)
U_LOW, U_HIGH = np.uint32(LOW), np.uint32(HIGH)
U_LOW_INVERSE, U_HIGH_INVERSE = np.uint32(LOW_INVERSE), np.uint32(HIGH_INVERSE)
ONE, ZERO = np.uint64(1), np.uint64(0)
I31, I32 = np.int32(31), np.int64(32)
LOW_HALF = np.int64(0xFFFFFFFF)
NO_KEY = np.int64(2**63 - 1)
INFINITE = np.int32(0x7F800000)
MAGNITUDE = np.int32(0x7FFFFFFF)
MINUS_ZERO = np.int32(-(2**31))
LOWEST_ORDER, HIGHEST_ORDER = np.int32(-(2**31)), np.int32(2**31 - 1)
LOWEST = np.float32(np.finfo(np.float32).min)
TRIES = 40


@njit(cache=True, nogil=True, inline="always")
def mix(x):  # type: ignore[no-untyped-def]
    """Return the 32-bit mixer of the tie-break hash."""
    x = np.uint32(np.uint32(x ^ (x >> U16)) * U_LOW)
    x = np.uint32(np.uint32(x ^ (x >> U15)) * U_HIGH)
    return np.uint32(x ^ (x >> U16))


@njit(cache=True, nogil=True, inline="always")
def unmix(x):  # type: ignore[no-untyped-def]
    """Return what ``mix`` was given."""
    x = np.uint32(np.uint32(x ^ (x >> U16)) * U_HIGH_INVERSE)
    x = np.uint32(np.uint32(x ^ (x >> U15) ^ (x >> U30)) * U_LOW_INVERSE)
    return np.uint32(x ^ (x >> U16))


@njit(cache=True, nogil=True, inline="always")
def ordered(bits):  # type: ignore[no-untyped-def]
    """Return an int32 that grows with the float of these bits; its own inverse."""
    # IEEE 754 is sign and magnitude: as integers positive floats grow with their value already,
    # negative ones fall. The shift copies the sign bit everywhere, so that only theirs are flipped.
    return np.int32(bits ^ ((bits >> I31) & MAGNITUDE))


@njit(cache=True, nogil=True, inline="always")
def as_float(order):  # type: ignore[no-untyped-def]
    """Return the float32 of an ordered int32."""
    return np.int32(ordered(order)).view(np.float32)


@njit(cache=True, nogil=True)
def is_finite(bits):  # type: ignore[no-untyped-def]
    """Say whether no score is NaN or infinite, by their exponents."""
    # All bits of the exponent are set in infinity and in every NaN, and in nothing that is finite.
    largest = np.int32(0)
    for c in range(len(bits)):
        magnitude = np.int32(bits[c] & MAGNITUDE)
        largest = magnitude if magnitude > largest else largest
    return largest < INFINITE


@njit(cache=True, nogil=True)
def group_maxima(line, best):  # type: ignore[no-untyped-def]
    """Write the largest score of each group of candidates.

    Group g holds the candidates g, g + groups, g + 2 groups ...: neighbouring groups are
    neighbouring scores, so that every step is elementwise. Four members are read at a time, which
    spares traffic of the results. A maximum of -0.0 becomes 0.0.
    """
    n = len(best)
    for g in range(n):
        best[g] = -np.inf
    for start in range(0, len(line), 4 * n):
        one, two = line[start : start + n], line[start + n : start + 2 * n]
        three, four = line[start + 2 * n : start + 3 * n], line[start + 3 * n : start + 4 * n]
        for g in range(n):
            best[g] = max(best[g], max(max(one[g], two[g]), max(three[g], four[g])))
    for g in range(n):
        best[g] += np.float32(0.0)


@njit(cache=True, nogil=True)
def mark_members(line, threshold, members):  # type: ignore[no-untyped-def]
    """Write for each group a number whose bits say which of its members reach the threshold."""
    n = len(members)
    for g in range(n):
        members[g] = 0
    for start in range(0, len(line), 4 * n):
        one, two = line[start : start + n], line[start + n : start + 2 * n]
        three, four = line[start + 2 * n : start + 3 * n], line[start + 3 * n : start + 4 * n]
        bit = np.int32(1 << (start // n))
        for g in range(n):
            a = bit if one[g] >= threshold else np.int32(0)
            b = np.int32(bit << 1) if two[g] >= threshold else np.int32(0)
            c = np.int32(bit << 2) if three[g] >= threshold else np.int32(0)
            d = np.int32(bit << 3) if four[g] >= threshold else np.int32(0)
            members[g] |= np.int32(np.int32(a | b) | np.int32(c | d))


@njit(cache=True, nogil=True)
def count_from(orders, order):  # type: ignore[no-untyped-def]
    """Return how many are at least ``order``."""
    count = np.int32(0)
    for g in range(len(orders)):
        count = np.int32(count + np.int32(orders[g] >= order))
    return count


@njit(cache=True, nogil=True)
def threshold_of(best, depth, orders):  # type: ignore[no-untyped-def]
    """Return a score that at least ``depth`` of the group maxima reach, and few more.

    The depth-th largest maximum is at most the depth-th largest score, so every score of the top
    ``depth`` reaches it. Found by false position between bounds that always hold; where many
    maxima are equal it may stop early, at a threshold that only lets more through.
    """
    if len(best) < depth:
        return LOWEST
    low, high = HIGHEST_ORDER, LOWEST_ORDER
    bits = best.view(np.int32)
    for g in range(len(best)):
        order = ordered(bits[g])
        orders[g] = order
        low, high = np.int32(min(low, order)), np.int32(max(high, order))
    reach, beyond = len(best), 1
    for attempt in range(TRIES):
        below, above = as_float(low), as_float(high)
        # False position, as if the maxima lay evenly between the bounds. It aims at a few more than
        # depth: a count just above is accepted, one just below costs another turn.
        share = 0.5 if attempt == 0 else (reach - depth - depth // 64) / (reach - beyond)
        middle = ordered(np.float32(below + (above - below) * np.float32(share)).view(np.int32))
        if not low < middle < high:  # also where a bound is -inf
            middle = np.int32((np.int64(low) + np.int64(high)) // 2)
            if middle <= low:
                break
        count = count_from(orders, middle)
        if count < depth:
            high, beyond = middle, count
        else:
            low, reach = middle, count
            if count <= depth + depth // 32:
                break
    return np.float32(max(as_float(low), LOWEST))


@njit(cache=True, nogil=True, inline="always")
def lowest_bit(pattern):  # type: ignore[no-untyped-def]
    """Return the place of the lowest bit that is set: the exponent of that bit as a float."""
    alone = np.float32(np.uint32(pattern & -pattern))
    return np.uint32((alone.view(np.int32) >> np.int32(23)) - np.int32(127))


@njit(cache=True, nogil=True)
def pick(members, reached, picked):  # type: ignore[no-untyped-def]
    """Write the candidates whose bit is set in their group; return how many.

    The first of each group without branches: what does not count is overwritten by the next.
    """
    groups = np.uint64(len(members))
    count, crowded = ZERO, ZERO
    for g in range(groups):
        reached[count] = g
        count += np.uint64(members[g] != 0)
    for a in range(count):
        group = np.uint64(reached[a])
        pattern = np.int64(members[group])
        picked[a] = np.uint32(group + groups * np.uint64(lowest_bit(pattern)))
        reached[crowded] = group
        crowded += np.uint64(pattern & (pattern - 1) != 0)
    for a in range(crowded):
        group = np.uint64(reached[a])
        pattern = np.int64(members[group]) & (np.int64(members[group]) - 1)
        while pattern != 0:
            picked[count] = np.uint32(group + groups * np.uint64(lowest_bit(pattern)))
            count += ONE
            pattern &= pattern - 1
    return count


@njit(cache=True, nogil=True)
def write_keys(picked, count, bits, items, user_key, score, item, out):  # type: ignore[no-untyped-def]
    """Write the key of every picked candidate; ``score`` and ``item`` are scratch.

    Collecting and computing are apart, since only the second can be vectorised.
    """
    low, high = np.uint32(user_key), np.uint32(user_key >> np.uint64(32))
    for a in range(count):
        score[a], item[a] = bits[picked[a]], items[picked[a]]
    for a in range(count):
        tie = mix(np.uint32(mix(np.uint32(np.uint32(item[a]) ^ low)) ^ high))
        plain = np.int32(0) if score[a] == MINUS_ZERO else score[a]
        out[a] = (np.int64(np.int32(~ordered(plain))) << I32) | np.int64(tie)


@njit(cache=True, nogil=True)
def write_mask(scores, rows, starts, columns):  # type: ignore[no-untyped-def]
    """Write -inf over the scores of known pairs."""
    for i in range(len(rows)):
        for m in range(starts[rows[i]], starts[rows[i] + 1]):
            scores[i, columns[m]] = -np.inf


@njit(cache=True, nogil=True)
def top_keys(  # type: ignore[no-untyped-def]
    scores, bits, candidates, groups, depth, rows, mask_starts, mask_items, user_keys, items,
    keys, counts,
):  # fmt: skip
    """Mask a block and write the keys of a small superset of every row's top ``depth``.

    ``scores`` (and its bits) is as wide as a whole number of groups; what lies beyond
    ``candidates`` is -inf. Returns the first row with a NaN or infinite score, or -1.
    """
    width = scores.shape[1]
    best, orders = np.empty(groups, np.float32), np.empty(groups, np.int32)
    members = np.empty(groups, np.int32)
    reached, picked = np.empty(groups + 1, np.uint32), np.empty(width + 1, np.uint32)
    score, item = np.empty(width, np.int32), np.empty(width, np.int32)
    for i in range(len(rows)):
        if not is_finite(bits[i, :candidates]):
            return i
        write_mask(scores[i : i + 1], rows[i : i + 1], mask_starts, mask_items)
        group_maxima(scores[i], best)
        mark_members(scores[i], threshold_of(best, depth, orders), members)
        counts[i] = pick(members, reached, picked)
        write_keys(picked, counts[i], bits[i], items, user_keys[i], score, item, keys[i])
    return -1


@njit(cache=True, nogil=True)
def pad(keys, counts, width):  # type: ignore[no-untyped-def]
    """Fill rows from their count to ``width`` with a key that sorts last."""
    for i in range(len(counts)):
        for j in range(counts[i], width):
            keys[i, j] = NO_KEY


@njit(cache=True, nogil=True)
def read_keys(keys, counts, user_keys, place, positions, score_bits):  # type: ignore[no-untyped-def]
    """Turn sorted keys back into candidate positions and scores; -1 after a list's end."""
    depth = positions.shape[1]
    items = np.empty(depth, np.uint32)
    for i in range(len(counts)):
        low, high = np.uint32(user_keys[i]), np.uint32(user_keys[i] >> np.uint64(32))
        listed = min(depth, counts[i])
        for j in range(listed):
            key = keys[i, j]
            items[j] = unmix(np.uint32(unmix(np.uint32(key & LOW_HALF)) ^ high)) ^ low
            score_bits[i, j] = ordered(np.int32(~np.int32(key >> I32)))
        for j in range(listed):
            positions[i, j] = place[items[j]]
        for j in range(listed, depth):
            positions[i, j] = -1
