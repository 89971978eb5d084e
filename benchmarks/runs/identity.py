"""What identifies a run: its resolved configuration, the same on any machine."""

from dataclasses import fields
from pathlib import PurePath
from typing import Any

from ..config.masking import mask_settings
from ..config.run_config import RunConfig, to_plain
from ..config.trainer_groups import trainer_departures
from ..plugins.registry import GROUPS

UNSEEN = (
    "results", "force", "save_rankings", "time_limit", "tracking", "logger", "checkpoint", "tuned",
    "isolate", "memory_limit", "log_limit",
)  # fmt: skip
"""Settings of a run that are not part of its identity: they say where and whether, not what."""

_PATH_FIELDS = ("path", "file", "files", "folder", "directory")
_OF_FILES = ("dataset", "scenario")
_ELSEWHERE = (("dataset", "path"), ("dataset", "hetrec_path"), ("scenario", "files"))
"""Folders that only say where the same content lies."""


def make_identity(config: RunConfig) -> dict[str, Any]:
    """Return the resolved configuration that identifies a run, the same on any machine.

    A path is cut down to its last part: what it holds is in ``data_sha256`` or ``split_sha256``.
    Of the folder of a dataset or of a published split nothing is kept, since everybody's is called
    differently.
    Settings of a method may hold names with a slash (of a published model), which are kept. What
    looks like a secret is masked: which key opens a service is not a part of what is computed.
    """
    settings = to_plain(config)
    for name in GROUPS:
        for added in _list_added(getattr(config, name)):
            del settings[name][added]
    for name in (*UNSEEN, "trainer", "callbacks"):
        del settings[name]
    settings |= to_plain(trainer_departures(config))  # none, and no key, in an ordinary run
    if config.tuning is not None:  # also where tuning kept the defaults: it is a row of its own
        settings["tuned"] = config.tuning["study_sha256"]
    del settings["evaluation"]["block"]
    for group, name in _ELSEWHERE:
        if name in settings[group]:
            settings[group][name] = None
    shown = {
        name: _without_folders(value, name, everywhere=name in _OF_FILES)
        for name, value in settings.items()
    }
    return {name: mask_settings(value) for name, value in shown.items()}


def _list_added(owner: Any) -> list[str]:
    """Return the fields that came after results had been made, where they are at their default."""
    return [
        one.name
        for one in fields(owner)
        if one.metadata.get("added") and getattr(owner, one.name) == one.default
    ]


def _without_folders(value: Any, name: str, everywhere: bool) -> Any:
    if isinstance(value, dict):
        return {key: _without_folders(one, key, everywhere) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_folders(one, name, everywhere) for one in value]
    if isinstance(value, str) and (everywhere or _is_path(name, value)):
        return PurePath(value).name
    return value


def _is_path(name: str, value: str) -> bool:
    named = any(name == part or name.endswith(f"_{part}") for part in _PATH_FIELDS)
    return named or value.startswith("~") or PurePath(value).is_absolute()
