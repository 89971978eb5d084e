"""One run on disk: a record that is complete, written once, and readable without this code."""

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..datasets.atomic import replacing
from ..datasets.errors import ColdbenchError

SCHEMA: Literal[2] = 2
"""Version of the record format; raised when a key changes its meaning.

2: ``code`` is part of ``run_id``; ``preset``, ``findings`` and the digests are new. A record of
schema 1 is still read; its code counts as version 1.
"""


class Status(str, Enum):
    """How a run ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Figure(BaseModel):
    """A mean over ``n`` users with its 95 % interval; None where it is undefined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float | None
    low: float | None
    high: float | None
    n: int


class Cost(BaseModel):
    """What a run took.

    Attributes
    ----------
    fit_seconds, score_seconds
        Wall-clock time of ``fit`` and of the evaluation.
    peak_bytes
        The most resident memory of the process from the start of ``fit`` to the end of scoring,
        interpreter and data included; None where another run came before in the same process.
        In schema 1 it is the growth since the start of ``fit``, which depends on those runs.
    trainable_parameters, parameters
        As the method counts them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fit_seconds: float
    score_seconds: float
    peak_bytes: int | None
    trainable_parameters: int
    parameters: int


class Environment(BaseModel):
    """Where a run was made; nothing that names the machine or its folders.

    ``processor`` is its model and widest vector instructions, by which numeric libraries choose
    their kernels; empty in records from before it was noted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str
    packages: dict[str, str]
    device: str
    threads: int
    machine: str = ""
    processor: str = ""


class Code(BaseModel):
    """Whose code a part of a run is.

    Attributes
    ----------
    package
        The installed distribution, ``coldbench`` for our own.
    version
        As the class declares it; raised when the same settings give another figure.
    release
        Version of a third party's package; None for our own, whose commit is in the record.
    source_sha256
        Hash over the source files of a third party's package.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    version: int | str = 1
    release: str | None = None
    source_sha256: str | None = None


class RunRecord(BaseModel):
    """Everything that is known of one run.

    Attributes
    ----------
    run_id
        16 hexadecimal digits over method, dataset, scenario, their code, configuration, seed and
        both fingerprints: the same run has the same id on any machine.
    preset
        The option that was typed, ``content_knn_bm25``, where it is not the method's own name,
        with the settings that depart from it: ``content_knn_bm25 neighbours=5``.
    code
        Whose code method, dataset, scenario and any metrics of plugins are, and its version.
    reference
        True for a row that every other method must beat.
    side_information, track
        Whether side information of cold entities was visible while fitting, and which
        provenances were admitted.
    scores
        Task, then ``metric@k``, on the test part.
    slices
        Task, then group of users or items, then ``metric@k``.
    training
        What the method reports of its training.
    facts
        Counts of the split: cold users and items, users left out.
    findings
        What the audit of the split found: ways by which hidden things could be seen.
    duplicates
        Rows that were merged while the data was loaded.
    error
        Why there are no scores.
    missing_tables
        Tables that could not be written beside the record (``users``, ``rankings``), and why.
    users_sha256, rankings_sha256
        sha256 of the tables beside the record, None where there is none.
    sha256
        Over everything else in the record; None in records of schema 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1, 2] = Field(default=SCHEMA, alias="schema")
    run_id: str
    status: Status
    method: str
    preset: str | None = None
    family: str
    reference: bool = False
    dataset: str
    scenario: str
    seed: int
    config: dict[str, Any]
    code: dict[str, Code] = {}
    data_sha256: str
    split_sha256: str
    scenario_version: int | str
    side_information: str | None
    track: str | None = None
    tuning_trials: int = 0
    scores: dict[str, dict[str, Figure]] = {}
    slices: dict[str, dict[str, dict[str, Figure]]] = {}
    training: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    findings: list[str] = []
    duplicates: int = 0
    cost: Cost | None = None
    environment: Environment
    commit: str | None = None
    dirty: bool | None = None
    started: str
    error: str | None = None
    missing_tables: dict[str, str] = {}
    users_sha256: str | None = None
    rankings_sha256: str | None = None
    sha256: str | None = None


def run_id(identity: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits that depend on the content of ``identity`` alone."""
    text = json.dumps(jsonable(identity), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


def place(results: Path, record: RunRecord) -> Path:
    """Return where a record belongs, ``<scenario>/<dataset>/<method>/<run_id>.json``."""
    return results / record.scenario / record.dataset / record.method / f"{record.run_id}.json"


def write(path: Path, record: RunRecord, *, replace: bool = False) -> bool:
    """Write a record whole or not at all, and say whether it was this writer who did.

    Parameters
    ----------
    path
        From ``place``.
    replace
        Replace what is there; else the first writer wins and the others leave its record alone.
    """
    text = to_json(record)
    try:
        with replacing(path, once=not replace) as file:
            file.write(text.encode())
    except FileExistsError:
        return False
    return True


def to_json(record: RunRecord) -> str:
    """Return a record as JSON: one line per key, and one per task among scores and slices."""
    content = jsonable(record.model_dump(by_alias=True))
    lines = [f" {_compact(key)}: {_value_lines(value)}" for key, value in content.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value_lines(value: Any) -> str:
    """Return a value on one line, or a dict of dicts with one line per entry."""
    if not isinstance(value, dict) or not any(isinstance(one, dict) for one in value.values()):
        return _compact(value)
    lines = [f"  {_compact(key)}: {_compact(one)}" for key, one in value.items()]
    return "{\n" + ",\n".join(lines) + "\n }"


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


Cut = Callable[[bytes], bytes]
"""Cuts out of the text of a record what its reader does not need."""


def read(path: Path, cut: Cut | None = None) -> RunRecord:
    """Read and check one record, or what ``cut`` leaves of it.

    Raises
    ------
    ColdbenchError
        When the file is no record, with the path and the first thing that is wrong.
    """
    try:
        content = path.read_bytes()
        values = json.loads(content if cut is None else cut(content))
        return RunRecord.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        problem = f"{where}: {first['msg']}"
    except (OSError, ValueError) as error:
        problem = " ".join(str(error).split())
    raise ColdbenchError(f"{path} is not a readable record ({problem}); remove it and run it again")


def read_all(results: Path, cut: Cut | None = None) -> Iterator[RunRecord | ColdbenchError]:
    """Yield every record below a folder, in the order of their paths, or what is wrong with it."""
    for path in sorted(results.glob("*/*/*/*.json")):
        try:
            yield read(path, cut)
        except ColdbenchError as error:
            yield error


def jsonable(value: Any) -> Any:
    """Return ``value`` as JSON values: numpy scalars as numbers, NaN and infinity as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, dict):
        return {str(key): jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def now() -> str:
    """Return the time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
