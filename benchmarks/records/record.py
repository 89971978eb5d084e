"""One run on disk: a record that is complete, written once, and readable without this code."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from ..evaluation.task_result import Estimate
from .digests import compute_digest, format_json, run_id_of_json, verify_digest
from .digests import run_id as run_id
from .digests import to_jsonable as to_jsonable
from .provenance import Code as Code
from .provenance import Environment as Environment

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
        True for a baseline.
    side_information, track
        Whether side information of cold entities was visible during training, and which
        provenances were admitted.
    tuning_trials, tuning
        How many settings were tried on validation, and how: trials, minutes, group of tasks, split
        seeds, dataset and scenario of the search, and the sha256 of its trials; None for a method
        that was not tuned.
    scores
        Task, then ``metric@k``, on the test part.
    slices
        Task, then group of users or items, then ``metric@k``.
    validation
        NDCG@10 (minus RMSE in a rating task) of the fitted method on the validation ``tasks``,
        and the means of their ``groups``; empty where there are none.
    uninformed
        Task, then the share of users whose candidates all have one score; zeros are left out.
    chance
        Task, then ``metric@k``: the expected value of a random order.
    tuning
        Trials, minutes and group of the search that chose the settings; None without one.
    training
        What the method reports of its training.
    facts
        Counts of the split: cold users and items, users left out.
    findings
        What the audit of the split found: leaks.
    duplicates
        Rows that were merged while the data was loaded.
    error
        Why there are no scores.
    missing_tables
        Tables that could not be written next to the record (``users``, ``rankings``), and why.
    users_sha256, rankings_sha256
        sha256 of the tables next to the record, None where there is none.
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
    tuning: dict[str, Any] | None = None
    scores: dict[str, dict[str, Estimate]] = {}
    slices: dict[str, dict[str, dict[str, Estimate]]] = {}
    validation: dict[str, dict[str, float]] = {}
    uninformed: dict[str, float] = {}
    chance: dict[str, dict[str, float]] = {}
    tuning: dict[str, Any] | None = None
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


def find_identity(record: RunRecord) -> dict[str, Any]:
    """Return what a record's ``run_id`` is made of; the code since schema 2."""
    parts = ("method", "dataset", "scenario", "data_sha256", "split_sha256", "config", "seed")
    identity = {name: getattr(record, name) for name in parts}
    if record.schema_ > 1:
        identity["code"] = {part: one.model_dump() for part, one in record.code.items()}
    return identity


def with_identity(record: RunRecord) -> RunRecord:
    """Return a record with the ``run_id`` and the ``sha256`` that its content gives."""
    empty = record.model_copy(update={"run_id": run_id(find_identity(record)), "sha256": None})
    return empty.model_copy(update={"sha256": compute_digest(to_json(empty).encode())})


def record_path(results: Path, record: RunRecord) -> Path:
    """Return where a record belongs, ``<scenario>/<dataset>/<method>/<run_id>.json``."""
    return results / record.scenario / record.dataset / record.method / f"{record.run_id}.json"


def write(path: Path, record: RunRecord, *, replace: bool = False) -> bool:
    """Write a record with its digest, atomically; say whether this writer did it.

    Parameters
    ----------
    path
        From ``place``.
    replace
        Replace what is there; else the first writer wins and the others leave its record alone.
    """
    empty = to_json(record.model_copy(update={"sha256": None}))
    signed = record.model_copy(update={"sha256": compute_digest(empty.encode())})
    try:
        with replace_atomically(path, once=not replace) as file:
            file.write(to_json(signed).encode())
    except FileExistsError:
        return False
    return True


def to_json(record: RunRecord) -> str:
    """Return a record as JSON: one line per key, and one per task among scores and slices."""
    return format_json(record.model_dump(by_alias=True))


class RefusedError(ColdbenchError):
    """A record that is there and is neither to be believed nor to be replaced unasked."""


Cut = Callable[[bytes], bytes]
"""Cuts out of the text of a record what its reader does not need."""


def read(path: Path, cut: Cut | None = None) -> RunRecord:
    """Read one record, or what ``cut`` leaves of it, and check the digest of the whole.

    Raises
    ------
    RefusedError
        When it is of a newer schema, or was changed after it was written.
    ColdbenchError
        When the file is not a record, with the path and the first thing that is wrong.
    """
    try:
        content = path.read_bytes()
        values = json.loads(content if cut is None else cut(content))
        schema = values.get("schema") if isinstance(values, dict) else None
        if isinstance(schema, int) and schema > SCHEMA:
            raise RefusedError(
                f"{path} was written by a newer coldbench (schema {schema}, this one reads up to "
                f"{SCHEMA}); upgrade coldbench, or replace the record with force=true"
            )
        record = RunRecord.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _unreadable(path, f"{where}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, " ".join(str(error).split())) from error
    if record.schema_ > 1 and not verify_digest(content):
        raise RefusedError(
            f"{path} was changed after it was written: its sha256 does not match; restore it, or "
            f"{_AGAIN}"
        )
    return record


def read_verified(path: Path, cut: Cut | None = None) -> RunRecord:
    """Read a record that must be what its folder, its file's name and its own run_id say.

    Raises
    ------
    RefusedError
        Also when the run_id is not that of the content, or the file is not where it belongs.
    """
    record = read(path, cut)
    expected = run_id_of_json(find_identity(record))
    if record.run_id != expected:
        raise RefusedError(
            f"{path} is not the run that it says: its run_id is {record.run_id}, its content gives "
            f"{expected}; restore it, or {_AGAIN}"
        )
    home = record_path(Path(), record).parts
    if path.parts[-len(home) :] != home:
        raise RefusedError(
            f"{path} is not where it belongs, which is {'/'.join(home)}: the same run would count "
            f"twice; remove it, or move it there"
        )
    return record


_AGAIN = "remove it and run it again (force=true replaces it)"


def _unreadable(path: Path, problem: str) -> ColdbenchError:
    return ColdbenchError(
        f"{path} is not a readable record ({problem}); remove it and run it again"
    )


def read_all(results: Path, cut: Cut | None = None) -> Iterator[RunRecord | ColdbenchError]:
    """Yield every record below a folder, in the order of their paths, or what is wrong with it."""
    for path in sorted(results.glob("*/*/*/*.json")):
        try:
            yield read_verified(path, cut)
        except ColdbenchError as error:
            yield error


def read_clock() -> str:
    """Return the time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
