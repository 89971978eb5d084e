"""What a sweep knows of a run before its method is called, so that its death can be recorded."""

from typing import Any

from ..isolation.process_limits import STAGE
from ..records.record import RunRecord, to_json, with_identity
from .plan import Plan

RECORD, PATH = "record", "path"
"""Keys of what it knows: a record as JSON, and where it belongs."""


def describe_start(plan: Plan, record: RunRecord) -> dict[str, Any]:
    """Return what the record of a run would be if its process died, and where it belongs."""
    draft = with_identity(hide_secrets(record, plan))
    return {STAGE: "fit", RECORD: to_json(draft), PATH: str(plan.path)}


def hide_secrets(record: RunRecord, plan: Plan) -> RunRecord:
    """Return a record in whose own texts, an error or a report, no secret stands."""
    parts = ("preset", "training", "facts", "findings", "error", "missing_tables")
    shown: dict[str, Any] = {name: plan.mask.deep(getattr(record, name)) for name in parts}
    return record.model_copy(update=shown)
