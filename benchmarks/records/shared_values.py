"""Values that the records of a board share, kept once in ``shared.jsonl``.

The code, the environment, the counts of a split and the expected values of a random order are the
same in hundreds of records of a board, and a quarter of their bytes. ``coldbench results pack``
writes such a value once, into the folder of scenario and dataset, and leaves its digest in the
records: ``"facts": {"shared":"0123456789abcdef"}``. A line of the file is
``{"digest":"0123456789abcdef","text":"..."}``, and the text stood in the record. So the bytes of
the record as its run wrote it are found again, and its own digest vouches for these values too.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ...datasets.atomic import replace_atomically
from .board_tables import find_state
from .refusals import refuse_unreadable_shared, refuse_without_value

FILE = "shared.jsonl"
KEYS = ("code", "chance", "facts", "environment")
"""Whatever else records share is their identity, or short."""
SHORTEST = 64
"""Bytes of a value; its digest takes 29."""
_NAMES = "|".join(KEYS).encode()
_VALUE = re.compile(rb'(\n "(?:%b)": )(\{.*?\})(?=,\n ")' % _NAMES, re.DOTALL)
"""One key of a record; the lines of its value are indented by more than one space."""
_REFERENCE = re.compile(rb'\{"shared":"([0-9a-f]{16})"\}')


def read_whole(record: Path) -> bytes:
    """Return the bytes of a record as its run wrote it.

    Raises
    ------
    RefusedError
        When a value that it shares with others is not found.
    OSError
        When the record cannot be read.
    """
    content = record.read_bytes()
    if b'{"shared":"' not in content:
        return content
    shared = record.parent.parent / FILE
    held = read_shared(shared)

    def put(found: re.Match[bytes]) -> bytes:
        reference = _REFERENCE.fullmatch(found[2])
        if reference is None:
            return found[0]
        text = held.get(reference[1].decode())
        if text is None:
            raise refuse_without_value(record, shared)
        return found[1] + text

    return _VALUE.sub(put, content)


def read_shared(shared: Path) -> Mapping[str, bytes]:
    """Return the values of a board by their digest; none where there is no such file.

    Raises
    ------
    RefusedError
        When the file cannot be read.
    """
    try:
        return _load(shared, *find_state(shared))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise refuse_unreadable_shared(shared, " ".join(str(error).split())) from error


def share_values(folder: Path, records: Iterable[Path]) -> int:
    """Write the values that records share once; return how many records got shorter.

    The values are on the disk before they are left out of any record, and each record is replaced
    atomically: whatever it is stopped by, nothing is lost.

    Parameters
    ----------
    folder
        Of a scenario and dataset, which nobody else writes to.
    records
        Of this folder, read and verified.

    Raises
    ------
    OSError
        When something cannot be written.
    """
    shared = folder / FILE
    held = dict(read_shared(shared))
    contents = {path: path.read_bytes() for path in records}
    counts = Counter(found[2] for one in contents.values() for found in _VALUE.finditer(one))
    known = set(held.values())
    values = {
        compute_digest(text): text
        for text, count in counts.items()
        if len(text) >= SHORTEST and (count > 1 or text in known)
    }
    if values.keys() - held.keys():
        held |= values
        _write(shared, held)
    digests = {text: digest for digest, text in values.items()}
    shortened = 0
    for path, content in contents.items():
        short = _VALUE.sub(lambda found: found[1] + _refer(found[2], digests), content)
        if short != content:
            with replace_atomically(path) as file:
                file.write(short)
            shortened += 1
    _drop_unused(shared, held)
    return shortened


def compute_digest(text: bytes) -> str:
    """Return the 16 hexadecimal digits by which records refer to a value."""
    return sha256(text).hexdigest()[:16]


def _refer(text: bytes, digests: Mapping[bytes, str]) -> bytes:
    return b'{"shared":"%b"}' % digests[text].encode() if text in digests else text


def _drop_unused(shared: Path, held: Mapping[str, bytes]) -> None:
    """Remove the values that no record refers to any longer, readable or not."""
    used = {
        digest.decode()
        for path in shared.parent.glob("*/*.json")
        for digest in _REFERENCE.findall(path.read_bytes())
    }
    kept = {digest: text for digest, text in held.items() if digest in used}
    if not kept:
        shared.unlink(missing_ok=True)
    elif kept != held:
        _write(shared, kept)


def _write(shared: Path, held: Mapping[str, bytes]) -> None:
    lines = [
        json.dumps({"digest": digest, "text": text.decode()}) + "\n"
        for digest, text in sorted(held.items())
    ]
    with replace_atomically(shared) as file:
        file.write("".join(lines).encode())


@lru_cache(maxsize=64)
def _load(shared: Path, *state: int) -> dict[str, bytes]:
    lines = [json.loads(line) for line in shared.read_bytes().split(b"\n") if line]
    return {str(one["digest"]): one["text"].encode() for one in lines}
