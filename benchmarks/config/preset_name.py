"""The name under which a run's method was typed: that of a preset, with deviating settings."""

import logging
from dataclasses import fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..plugins.registry import find_name
from .enum_values import to_typed_form


def find_preset(method: Any, hydra: Any, config_name: str) -> str | None:
    """Return the preset that was chosen for a run's method; None for a method by its own name.

    Settings that depart from the preset's follow its name: ``content_knn_bm25 neighbours=5``.

    Parameters
    ----------
    method
        The method of the run.
    hydra
        The node ``hydra`` of its configuration.
    config_name
        The configuration that the preset is chosen in.
    """
    choice = hydra.runtime.choices.get("method")
    if choice is None or choice == find_name("methods", method):
        return None
    plain = _composed(str(choice), hydra, config_name)
    if type(plain) is not type(method):
        return None
    own = {one.name: getattr(method, one.name) for one in fields(method)}
    changed = [
        f"{name}={to_typed_form(value)}"
        for name, value in own.items()
        if getattr(plain, name) != value
    ]
    return " ".join([str(choice), *changed])


def _composed(preset: str, hydra: Any, config_name: str) -> Any:
    """Return the method that a preset alone makes; None where it cannot be composed here."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    searched = [
        word for word in hydra.overrides.hydra if word.lstrip("+").startswith("hydra.searchpath=")
    ]
    try:
        config: DictConfig = (
            GlobalHydra.instance()
            .config_loader()
            .load_configuration(config_name, [f"method={preset}", *searched], RunMode.RUN)
        )
        return OmegaConf.to_object(config.method)
    except Exception as error:  # the method's own name and its settings are true all the same
        logging.getLogger(__name__).warning("the preset %s cannot be read: %s", preset, error)
        return None
