"""What a run of W&B is given: tables and files, without a path of this machine."""

import os
import shutil
from pathlib import Path
from typing import Any

from .session import find_service_folder, load_wandb

Table = tuple[list[str], list[list[Any]]]
"""The columns and the rows."""


def log_file(
    run: Any, name: str, kind: str, file: Path, shown: str, *, used: bool = False, **metadata: Any
) -> None:
    """Log a file as an artifact, of a copy that lies in the folder of the run.

    W&B writes down where the copy lies. It is named by its way from the current folder, where
    ``wandb sync`` is to be called, or online by that from the folder of W&B's service, which reads
    it. So no folder of this machine is written down.

    Parameters
    ----------
    name, kind
        Of the artifact.
    shown
        The file's name in it.
    used
        As what the run was made from, not what it made; only a server can note that.
    metadata
        What stands next to it.
    """
    copy = Path(run.dir).parent / "artifacts" / name / shown
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    artifact = load_wandb().Artifact(name, type=kind, metadata=metadata)
    entry = artifact.add_file(str(copy), name=shown, policy="immutable", skip_cache=True)
    start = Path.cwd() if run.offline else find_service_folder()
    entry.local_path = os.path.relpath(copy, start)
    (run.use_artifact if used and not run.offline else run.log_artifact)(artifact)


def log_tables(run: Any, tables: dict[str, Table], step: int) -> None:
    """Log tables, each by its columns and rows; empty ones are left out."""
    media = {
        name: make_table(run, name, columns, rows, step)
        for name, (columns, rows) in tables.items()
        if rows
    }
    if media:
        run.log(media, step=step)


def make_table(run: Any, name: str, columns: list[str], rows: list[list[Any]], step: int) -> Any:
    """Return a table that is bound to its run.

    A table that is bound already is not copied into an artifact in W&B's own folder, whose path
    on this machine would be written down.
    """
    table = load_wandb().Table(columns=columns, data=rows, allow_mixed_types=True)
    table.bind_to_run(run, name, step)
    return table
