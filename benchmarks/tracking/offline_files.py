"""The offline folders of W&B: which run is complete in one, and which folder is superseded.

A note lies in the folder of each run that was written to its end, so that it goes when the folder
does: there is no list elsewhere that could be wrong.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTE = "coldbench.json"
SECONDS_UNTIL_ABANDONED = 600.0
"""A folder without a note that nobody wrote into for so long was left by a process that died."""


def find_complete(
    home: Path, project: str, entity: str | None, run_id: str, digest: str
) -> Path | None:
    """Return the folder below ``home`` that holds the whole of a run, None without one."""
    wanted = _describe(project, entity, run_id, digest)
    return next((one for one in _folders(home, run_id) if _read_note(one) == wanted), None)


def mark_complete(folder: Path, project: str, entity: str | None, run_id: str, digest: str) -> None:
    """Note in a run's folder that it is whole."""
    content = _describe(project, entity, run_id, digest)
    if folder.is_dir():
        (folder / NOTE).write_text(json.dumps(content), encoding="utf-8")


def remove_superseded(
    home: Path, project: str, entity: str | None, run_id: str, latest: Path
) -> None:
    """Remove the other folders of a run that nobody has sent yet, so that one is left to sync.

    Folders for another project stay, and so do those that may still be written.
    """
    for folder in _folders(home, run_id):
        if folder.resolve() == latest.resolve() or any(folder.glob("*.synced")):
            continue
        note = _read_note(folder)
        same = note is not None and (note["project"], note["entity"]) == (project, entity)
        if same or (note is None and _is_abandoned(folder)):
            shutil.rmtree(folder, ignore_errors=True)


def _describe(project: str, entity: str | None, run_id: str, digest: str) -> dict[str, Any]:
    return {"project": project, "entity": entity, "run_id": run_id, "sha256": digest}


def _folders(home: Path, run_id: str) -> Iterator[Path]:
    """Yield the folders of a run; a second one within a second has a number at its end."""
    named = re.compile(rf"offline-run-[0-9_]+-{re.escape(run_id)}(-[0-9]+)?")
    for folder in sorted((home / "wandb").glob("offline-run-*")):
        if named.fullmatch(folder.name):
            yield folder


def _read_note(folder: Path) -> dict[str, Any] | None:
    """Return the note in a folder; None where there is none, or no run's file next to it."""
    try:
        note = json.loads((folder / NOTE).read_bytes())
    except (OSError, ValueError):
        return None
    known = isinstance(note, dict) and {"project", "entity", "run_id", "sha256"} <= set(note)
    return note if known and any(folder.glob("*.wandb")) else None


def _is_abandoned(folder: Path) -> bool:
    touched = [one.stat().st_mtime for one in folder.rglob("*") if one.is_file()]
    return time.time() - max(touched, default=0.0) > SECONDS_UNTIL_ABANDONED
