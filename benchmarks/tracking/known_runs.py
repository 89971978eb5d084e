"""Which records a project of W&B holds already: asked of the server, or read from offline files."""

from collections.abc import Iterable

from ..records.record import RunRecord
from .destination import Destination, Mode
from .offline_files import find_complete
from .session import find_home, load_wandb
from .wandb import find_digest

ENDED = ("finished", "failed")
"""States of a run whose end has come to the server; a failed record is a failed run."""
PER_PAGE = 100


def list_missing(to: Destination, records: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the records that are not in the project, or there as they were before.

    Raises
    ------
    Exception
        Whatever W&B raises where its server does not answer.
    """
    if to.mode is Mode.OFFLINE:
        home = find_home(to)
        return [
            one
            for one in records
            if not find_complete(home, to.project, to.entity, one.run_id, find_digest(one))
        ]
    known = ask_digests(to)
    return [one for one in records if known.get(one.run_id) != find_digest(one)]


def ask_digests(to: Destination) -> dict[str, str]:
    """Return the digest of each run that the server holds to its end, by the id of its record.

    That is the id of the run too, but for a run of ``wandb agent``, which the server has named.
    """
    api = load_wandb().Api(timeout=max(1, round(to.timeout)))
    entity = to.entity or api.default_entity
    found: dict[str, str] = {}
    try:
        for run in api.runs(f"{entity}/{to.project}", per_page=PER_PAGE, lazy=False):
            run_id, digest = (run.summary.get(f"record/{name}") for name in ("run_id", "sha256"))
            if run.state in ENDED and isinstance(run_id, str) and isinstance(digest, str):
                found[run_id] = digest
    except Exception as error:  # W&B has no class for it; a first push makes the project
        if "Could not find project" not in str(error):
            raise
    return found
