"""One run on disk: a record that is complete, written once, and readable without this code.

Packed, it shares values with the other records of its board; see ``shared_values``.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from ..evaluation.task_result import Estimate
from .board_tables import write_own
from .details import join, keep, tabulate
from .digests import compute_digest, format_json, run_id_of_json, verify_digest
from .digests import run_id as run_id
from .digests import to_jsonable as to_jsonable
from .disk_space import explain_os_error
from .partial_records import Cut as Cut
from .provenance import Code as Code
from .provenance import Environment as Environment
from .refusals import RefusedError as RefusedError
from .refusals import (
    refuse_changed,
    refuse_misplaced,
    refuse_newer,
    refuse_other_run,
    unreadable,
)
from .run_outcome import Cost as Cost
from .run_outcome import Status as Status
from .shared_values import read_whole
from .table_kinds import DETAILS

SCHEMA: Literal[3] = 3
"""Version of the record format; raised when a key changes its meaning.

2: ``code`` is part of ``run_id``; ``preset``, ``findings`` and the digests are new.
3: slices and most values stand in the details next to the record; ``validation``, ``uninformed``,
``tuning`` and the digests of the tables of a board are new.

Records of schema 1 and 2 are still read; the code of the first counts as version 1.
"""


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
        Task, then ``metric@k``, on the test part. The file holds a few of them (``details.KEPT``).
    slices
        Task, then group of users or items, then ``metric@k``; not in the file.
    uninformed
        Task, then the share of users whose candidates all have one score; zeros are left out.
    chance
        Task, then ``metric@k``: the expected value of a random order.
    validation
        NDCG@10 (minus RMSE in a rating task) of the fitted method on the validation ``tasks``,
        and the means of their ``groups``; empty where there are none.
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
        sha256 of the files next to the record, None where there is none.
    details_sha256, hits_sha256, items_sha256
        Digests of the run's rows in the tables of ``table_kinds``, None where there are none.
    sha256
        Over everything else in the record; None in records of schema 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1, 2, 3] = Field(default=SCHEMA, alias="schema")
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
    uninformed: dict[str, float] = {}
    chance: dict[str, dict[str, float]] = {}
    validation: dict[str, dict[str, float]] = {}
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
    details_sha256: str | None = None
    hits_sha256: str | None = None
    items_sha256: str | None = None
    sha256: str | None = None


def find_identity(record: RunRecord) -> dict[str, Any]:
    """Return what a record's ``run_id`` is made of; the code since schema 2."""
    parts = ("method", "dataset", "scenario", "data_sha256", "split_sha256", "config", "seed")
    identity = {name: getattr(record, name) for name in parts}
    if record.schema_ > 1:
        identity["code"] = {part: one.model_dump() for part, one in record.code.items()}
    return identity


def with_identity(record: RunRecord) -> RunRecord:
    """Return a record with the ``run_id`` and the digests that its content gives."""
    return _signed(record.model_copy(update={"run_id": run_id(find_identity(record))}))


def _signed(record: RunRecord) -> RunRecord:
    """Return a record with the digests of its details and of itself."""
    rows = _tabulate(record)
    digest = None if rows is None else DETAILS.digest(rows)
    empty = record.model_copy(update={"details_sha256": digest, "sha256": None})
    return empty.model_copy(update={"sha256": compute_digest(to_json(empty).encode())})


def _tabulate(record: RunRecord) -> Any:
    """Return the rows that the file of a record leaves out; None where it leaves out nothing."""
    return tabulate(record.scores, record.slices) if record.schema_ > 2 else None


def record_path(results: Path, record: RunRecord) -> Path:
    """Return where a record belongs, ``<scenario>/<dataset>/<method>/<run_id>.json``."""
    return results / record.scenario / record.dataset / record.method / f"{record.run_id}.json"


def write(path: Path, record: RunRecord, *, replace: bool = False) -> RunRecord | None:
    """Write a record with its digests, atomically, and its details next to it.

    Parameters
    ----------
    path
        From ``record_path``.
    replace
        Replace what is there; else the first writer wins and the others leave its record alone.

    Returns
    -------
    RunRecord or None
        As it was written: details that cannot be are among its ``missing_tables``. None where
        another writer was the first.
    """
    if path.exists() and not replace:
        return None
    signed = _signed(_with_details(path, record))
    try:
        with replace_atomically(path, once=not replace) as file:
            file.write(to_json(signed).encode())
    except FileExistsError:
        return None
    return signed


def _with_details(path: Path, record: RunRecord) -> RunRecord:
    """Write the details of a record; return it without them where that fails."""
    own, rows = DETAILS.own_path(path), _tabulate(record)
    if rows is None:
        own.unlink(missing_ok=True)
        return record
    try:
        write_own(DETAILS, own, rows)
    except OSError as error:  # the headline values are worth keeping
        reason = explain_os_error(error)
        logging.getLogger(__name__).warning("%s could not be written: %s", own.name, reason)
        own.unlink(missing_ok=True)
        missing = record.missing_tables | {DETAILS.name: reason}
        kept = {task: keep(values) for task, values in record.scores.items()}
        return record.model_copy(update={"scores": kept, "slices": {}, "missing_tables": missing})
    return record


def to_json(record: RunRecord) -> str:
    """Return a record as JSON, without its details: one line per key, and one per task."""
    content = record.model_dump(by_alias=True)
    if record.schema_ > 2:
        del content["slices"]
        content["scores"] = {task: keep(values) for task, values in content["scores"].items()}
    return format_json(content)


def read(path: Path, cut: Cut | None = None) -> RunRecord:
    """Read one record with its details, or what ``cut`` leaves, and check the digests.

    Raises
    ------
    RefusedError
        When it is of a newer schema, or was changed after it was written.
    ColdbenchError
        When the file is not a record, with the path and the first thing that is wrong.
    """
    try:
        content = read_whole(path)
        values = json.loads(content if cut is None else cut.thin(content))
        schema = values.get("schema") if isinstance(values, dict) else None
        if isinstance(schema, int) and schema > SCHEMA:
            raise refuse_newer(path, schema, SCHEMA)
        joined = None if cut is None else cut.joined
        whole = join(values, path, joined) if isinstance(values, dict) else values
        record = RunRecord.model_validate(whole)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise unreadable(path, f"{where}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, " ".join(str(error).split())) from error
    if record.schema_ > 1 and not verify_digest(content):
        raise refuse_changed(path)
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
        raise refuse_other_run(path, record.run_id, expected)
    home = record_path(Path(), record).parts
    if path.parts[-len(home) :] != home:
        raise refuse_misplaced(path, "/".join(home))
    return record


def read_all(
    results: Path, cut: Cut | None = None, boards: Iterable[Path] | None = None
) -> Iterator[RunRecord | ColdbenchError]:
    """Yield every record of a folder or of some boards, by path, or what is wrong with it."""
    folders = sorted(results.glob("*/*")) if boards is None else boards
    for path in (path for folder in folders for path in sorted(folder.glob("*/*.json"))):
        try:
            yield read_verified(path, cut)
        except ColdbenchError as error:
            yield error


def read_clock() -> str:
    """Return the time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
