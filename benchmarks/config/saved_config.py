"""The configuration that is kept of a run: complete, and a run again as it is."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..plugins.registry import GROUPS, find_name
from .overlays import CONFIG_MODULE, CONFIG_NAME
from .run_config import RunConfig

FILE = "config.yaml"
"""Hydra's own name for it, in the folder ``hydra.output_subdir`` of a job."""


def keep_config(config: DictConfig, hydra: Any) -> None:
    """Write a job's configuration over the one of Hydra, which lacks what was chosen.

    Without the choices (``defaults``) a configuration is untyped and cannot be run; Hydra keeps
    them in another file, with the overrides of one command line.

    Parameters
    ----------
    config
        The composed configuration of the run.
    hydra
        The node ``hydra`` of the same job.
    """
    if hydra.output_subdir is None or OmegaConf.get_type(config) is not RunConfig:
        return
    folder = Path(hydra.runtime.output_dir) / hydra.output_subdir
    overrides = [{f"override {group}": name} for group, name in _choices(config, hydra).items()]
    head = OmegaConf.to_yaml({"defaults": [CONFIG_NAME, "_self_", *overrides]})
    again = f"# coldbench run --config-dir {folder} --config-name {Path(FILE).stem}\n"
    (folder / FILE).write_text(again + head + OmegaConf.to_yaml(config, resolve=True), "utf-8")


def _choices(config: DictConfig, hydra: Any) -> dict[str, str]:
    """Return the option of every group: a preset of ours by its name, else the class's own.

    A preset from somebody's folder is not there next time; its settings are in the configuration.
    """
    found = {}
    for group, kind in GROUPS.items():
        chosen = str(hydra.runtime.choices.get(group))
        ours = (files(CONFIG_MODULE) / group / f"{chosen}.yaml").is_file()
        found[group] = chosen if ours else find_name(kind, OmegaConf.get_type(config[group]))
    return found | {"tracking": str(hydra.runtime.choices.get("tracking"))}
