"""Tuned settings in a file: what ``coldbench tune`` writes and ``tuned=`` applies to a run."""

import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...datasets.atomic import replace_atomically
from ...datasets.errors import ColdbenchError
from ...datasets.validation_score import GROUPS
from ..plugins.registry import find_name
from ..records.home import results_home
from .configured import configured
from .dataset_name import find_dataset_name

FOLDER = "tuned"
"""Below the results: ``tuned/<scenario>/<dataset>/<method>/<group>.yaml`` and its trials as CSV."""
NAMES = ("mean", *GROUPS)
"""What a preset may be tuned for: the mean over the groups of tasks, or one of them."""
KEYS = ("method", "settings", "tuning")
NOT_APPLICABLE = "not_applicable"
"""In ``tuning``, the reason, where there was nothing to search: the method does not apply."""


def find_file(results: str | None, place: Sequence[str], name: str) -> Path:
    """Return the file of a preset: of a group of tasks in the results, or the path itself.

    Parameters
    ----------
    results
        Folder of the records.
    place
        Scenario, dataset and method.
    name
        ``mean``, a group of tasks, or a path that ends in ``.yaml``.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name).expanduser()
    if name not in NAMES:
        raise ColdbenchError(
            f"tuned={name} is none of what settings are tuned for ({', '.join(NAMES)}) and no path "
            f"that ends in .yaml"
        )
    return results_home(results).joinpath(FOLDER, *place, f"{name}.yaml")


def write_preset(path: Path, content: Mapping[str, Any], trials: str, comment: str) -> str:
    """Write a preset and its trials next to it; return the sha256 of the trials.

    Parameters
    ----------
    path
        Of the preset.
    content
        ``method``, ``settings``, and ``tuning`` without ``study_sha256``, which is added.
    trials
        CSV.
    comment
        Lines at the head of the preset.
    """
    import yaml

    digest = sha256(trials.encode()).hexdigest()
    whole = {**content, "tuning": {**content["tuning"], "study_sha256": digest}}
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(_trials_of(path)) as file:
        file.write(trials.encode())
    with replace_atomically(path) as file:
        file.write((lines + yaml.safe_dump(whole, sort_keys=False)).encode())
    return digest


def read_preset(path: Path) -> dict[str, Any]:
    """Return the content of a preset whose trials are those that it was written with.

    Raises
    ------
    ColdbenchError
        When it is not there, not readable, or its trials are missing or were changed.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise ColdbenchError(
            f"there is no tuned preset {path}; make it with coldbench tune, the same method=, "
            f"dataset= and scenario="
        ) from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ColdbenchError(f"{path} is not readable: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or sorted(content) != sorted(KEYS):
        raise ColdbenchError(f"{path} is no tuned preset: it must hold {', '.join(KEYS)}")
    trials = _trials_of(path)
    found = sha256(trials.read_bytes()).hexdigest() if trials.exists() else None
    if found != content["tuning"].get("study_sha256"):
        how = "is missing" if found is None else "was changed after the preset was written"
        raise ColdbenchError(f"{trials} {how}: restore it, or tune again")
    return content


def apply_preset(run: Any, typed: Sequence[str]) -> None:
    """Give a run's method its tuned settings, but for the fields that were typed.

    Where the search found that the method does not apply, the run keeps the method's own settings:
    its record says so as well, and a sweep over tuned methods counts it as not applicable.

    Parameters
    ----------
    run
        A ``RunConfig`` whose ``tuned`` is set; its ``method``, ``tuning`` and ``preset`` are
        replaced.
    typed
        The words of the command line.

    Raises
    ------
    ColdbenchError
        When the preset is not there, or is another method's.
    """
    method = find_name("methods", run.method)
    place = (find_name("scenarios", run.scenario), find_dataset_name(run.dataset), method)
    path = find_file(run.results, place, run.tuned)
    content = read_preset(path)
    if content["method"] != method:
        raise ColdbenchError(f"{path} holds settings of {content['method']}, not of {method}")
    if NOT_APPLICABLE in content["tuning"]:
        logging.getLogger(__name__).warning(
            "%s has no settings (%s); %s keeps its own",
            path,
            content["tuning"][NOT_APPLICABLE],
            method,
        )
        return
    own = {
        word.lstrip("+").partition("=")[0].removeprefix("method.")
        for word in typed
        if word.lstrip("+").startswith("method.")
    }
    settings = {name: one for name, one in content["settings"].items() if name not in own}
    run.method = configured(run.method, settings, "method")
    run.tuning = dict(content["tuning"])
    run.preset = _label(run)


def _label(run: Any) -> str:
    """Return the name of a tuned run's row: ``heater tuned``, ``heater tuned=new_item``."""
    group = run.tuning["group"]
    own = run.preset or find_name("methods", run.method)
    return f"{own} tuned" if group == NAMES[0] else f"{own} tuned={group}"


def _trials_of(path: Path) -> Path:
    return path.with_suffix(".csv")
