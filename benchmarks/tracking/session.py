"""One run of W&B: begun without a trace of the machine, filled, and ended in bounded time."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...datasets.errors import ColdbenchError
from .destination import Destination, Mode
from .error_reports import forbid_error_reports
from .offline_files import find_complete, mark_complete, remove_superseded

RETRIES = 2
"""How often a request is repeated that the server does not answer, or answers with an error."""
FINISH_TIMES = 4.0
"""What the end of a run may take, in multiples of the time that its beginning may."""

QUIET = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "disable_job_creation": True,
    "save_code": False,
    "sagemaker_disable": True,
    "symlink": False,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}
"""No output, and nothing of the machine, the checkout, the command line or the environment."""

UNNAMED = {"host": "", "username": "", "email": "", "program": ""}
"""What W&B would read from the machine or from its environment variables, given as empty."""

_started: list[tuple[Any, Path]] = []
"""The present service of W&B and the folder in which it was started."""


def load_wandb() -> Any:
    """Import W&B without what it would send unasked: names of the user, and reports of errors."""
    forbid_error_reports()
    import wandb

    # Silent, else logging in talks and asks for a key.
    service = wandb.setup(wandb.Settings(silent=True, username="", email=""))
    if not _started or _started[0][0] is not service:
        _started[:] = [(service, Path.cwd())]
    return wandb


def find_service_folder() -> Path:
    """Return the folder in which W&B's service was started: its relative paths begin there."""
    load_wandb()
    return _started[0][1]


def is_agent() -> bool:
    """Say whether ``wandb agent`` started this process, as one run of its sweep."""
    return bool(os.environ.get("WANDB_SWEEP_ID"))


def find_home(to: Destination) -> Path:
    """Return the folder in which W&B makes its folder ``wandb``.

    Whole, since W&B's service keeps the folder in which the process made its first run.
    """
    return Path(to.dir or os.environ.get("WANDB_DIR") or ".").resolve()


def send_run(
    to: Destination,
    run_id: str,
    digest: str,
    fill: Callable[[Any], None],
    *,
    failed: bool = False,
    **about: Any,
) -> bool:
    """Send one run under its id and say whether it had to be sent.

    Offline, a run whose file is there already, with the same digest, is not written again.

    Parameters
    ----------
    digest
        Of the content: what is sent again is the same run, what has changed replaces it.
    fill
        Logs everything into the run.
    failed
        Mark the run as failed.
    about
        Further arguments of ``wandb.init``: name, group, tags, config.

    Raises
    ------
    Exception
        Whatever W&B raises; ModuleNotFoundError where it is not installed.
    """
    offline, home = to.mode is Mode.OFFLINE, find_home(to)
    if offline and find_complete(home, to.project, to.entity, run_id, digest):
        return False
    with _restarting_after(Exception, SystemExit):
        run = _begin(to, home, run_id, about)
    folder, exit_code = Path(run.dir).parent, 1
    with _restarting_after(ConnectionError):
        try:
            fill(run)
            run.summary.update({"record/run_id": run_id, "record/sha256": digest})
            exit_code = int(failed)
        finally:
            run.finish(exit_code=exit_code)
            # W&B's own logs tell the folders of the machine, and the record is what counts.
            shutil.rmtree(folder / "logs", ignore_errors=True)
    if offline:
        mark_complete(folder, to.project, to.entity, run_id, digest)
        remove_superseded(home, to.project, to.entity, run_id, folder)
    return True


@contextmanager
def _restarting_after(*errors: type[BaseException]) -> Iterator[None]:
    """Let the next run start W&B's service anew after an error.

    One that did not begin a run keeps its id as used, and one that has died stays so.
    """
    try:
        yield
    except errors:
        with suppress(Exception, SystemExit):
            load_wandb().teardown()
        raise


def _begin(to: Destination, home: Path, run_id: str, about: dict[str, Any]) -> Any:
    """Start the W&B run that has the given id, independent of any other in the process."""
    wandb = load_wandb()
    refuse_additions()
    home.mkdir(parents=True, exist_ok=True)  # else W&B takes a temporary one
    path = {"project": to.project, "entity": to.entity, "id": run_id}
    if is_agent():  # the server has named the run already, and adds the sweep's own settings
        path = {"project": None, "entity": None, "id": None}
        about = {**about, "config": {"coldbench": about.get("config", {})}}
    return wandb.init(
        **path,
        **about,
        dir=str(home),
        mode=to.mode.value,
        resume="allow",
        reinit="create_new",
        settings=wandb.Settings(**_limits(to), **QUIET, **UNNAMED),
    )


def _limits(to: Destination) -> dict[str, Any]:
    """Return the settings that bound how long a server may take to answer."""
    limits: dict[str, Any] = {
        "allow_offline_artifacts": to.mode is Mode.ONLINE,
        "init_timeout": to.timeout,
        "finish_timeout": FINISH_TIMES * to.timeout,
        "finish_timeout_raises": True,
    }
    each = max(1.0, to.timeout / (RETRIES + 1))
    for kind, seconds in (("graphql", each), ("file_stream", each), ("file_transfer", to.timeout)):
        limits[f"x_{kind}_timeout_seconds"] = seconds
        limits[f"x_{kind}_retry_max"] = RETRIES
        limits[f"x_{kind}_retry_wait_min_seconds"] = each / 10
        limits[f"x_{kind}_retry_wait_max_seconds"] = each / 2
    return limits


def refuse_additions() -> None:
    """Refuse to send where W&B itself would add settings to the allow-listed configuration.

    Raises
    ------
    ColdbenchError
        With the file or variable that W&B would read.
    """
    if Path("config-defaults.yaml").exists():
        raise ColdbenchError(
            "W&B would add what config-defaults.yaml in this folder holds; start elsewhere"
        )
    names = ["WANDB_CONFIG_PATHS"]
    if not is_agent():  # whose own settings it names; the server has them already
        names.append("WANDB_SWEEP_PARAM_PATH")
    for name in names:
        if os.environ.get(name):
            raise ColdbenchError(f"W&B would add the files in {name}; unset it")
