"""One run's configuration: every offered class is the schema of ``method=<its name>``."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import check_parameters, parameter
from ..evaluation.task_result import EvaluationSettings
from ..plugins.foreign_code import watch_composition
from ..plugins.registry import GROUPS, describe_unknown_field, list_offers
from ..tracking.none import NoTracking
from ..tracking.wandb import WandbTracking
from . import enum_values as enum_values  # OmegaConf reads enum values from here on
from .dataset_name import find_dataset_name
from .masking import mask_typed_texts
from .overlays import CONFIG_MODULE, CONFIG_NAME
from .preset_name import find_preset
from .trainer_groups import CheckpointSettings, TrainerFlags, resolve_trainer
from .tuned_preset import apply_preset

TRACKERS: dict[str, type[Any]] = {"none": NoTracking, "wandb": WandbTracking}
"""The options of ``tracking=``."""


@dataclass
class RunConfig:
    """What one run is: a method on a dataset under a scenario, with a seed.

    Attributes
    ----------
    preset
        The option typed for ``method`` where it is not the method's own name, with the settings
        that depart from it; set by ``to_run``, no field and no part of the run's identity.
    tuning
        Trials, minutes, group and seeds of the search that ``tuned`` names, and the sha256 of its
        trials; set by ``to_run``.
    """

    method: Any = parameter(MISSING, "what is fitted: a name of `coldbench list methods`")
    dataset: Any = parameter(MISSING, "on what: a name of `coldbench list datasets`")
    scenario: Any = parameter(MISSING, "who is cold: a name of `coldbench list scenarios`")
    tuned: str | None = parameter(
        None, "settings that `coldbench tune` found: mean, a group of tasks, or a path"
    )
    seed: int = parameter(0, "of the split, the method and the tie-break hash", minimum=0)
    threads: int = parameter(1, "of every library, from BLAS to the method's own", minimum=1)
    device: str = parameter("cpu", "where a neural method trains: cpu, cuda, cuda:1, mps")
    devices: int = parameter(1, "how many of them", minimum=1)
    evaluation: EvaluationSettings = parameter(EvaluationSettings(), "what is measured, and how")
    save_rankings: bool = parameter(False, "keep every ranked list next to the record")
    results: str | None = parameter(
        None, "folder of the records; None is $COLDBENCH_RESULTS, else results"
    )
    force: bool = parameter(False, "make a finished run again, its record replaced")
    time_limit: float | None = parameter(
        86_400.0,
        "seconds that loading and splitting may take, and then fitting and evaluating; "
        "0 or None: no limit",
        minimum=0,
    )
    isolate: bool = parameter(
        True, "make the run in a process of its own, so that its death is a record too"
    )
    memory_limit: float | None = parameter(
        None, "GiB that the process of the run may hold; 0 or None: no limit", minimum=0
    )
    log_limit: float | None = parameter(
        100.0, "MB that the log of the run may have; 0 or None: no limit", minimum=0
    )
    tracking: Any = parameter(
        None, "where the record is mirrored: a name of `coldbench list trackers`"
    )
    trainer: TrainerFlags = parameter(
        TrainerFlags(), "flags of Lightning's Trainer, for methods that train with it"
    )
    callbacks: dict[str, Any] = parameter({}, "callbacks of Lightning, each with its arguments")
    logger: dict[str, Any] = parameter({}, "loggers of Lightning, each with its arguments")
    checkpoint: CheckpointSettings = parameter(
        CheckpointSettings(), "how a training is kept so that it goes on when it was killed"
    )
    # Without annotations, so that they are not fields that could be typed.
    preset = None  # type: str | None
    tuning = None  # type: dict[str, Any] | None


def register() -> None:
    """Store the schema of a run and of every offered class in Hydra's ``ConfigStore``, once."""
    from hydra.core.config_store import ConfigStore

    watch_composition()
    store = ConfigStore.instance()
    store.store(name="run_schema", node=_schema(RunConfig), provider="coldbench")
    for name, tracker in TRACKERS.items():
        store.store(group="tracking", name=name, node=_schema(tracker), provider="coldbench")
    for group, kind in GROUPS.items():
        for name, offer in list_offers(kind).items():
            held = store.repo.get(group, {}).get(f"{name}.yaml")
            if offer.target is None or (held and OmegaConf.get_type(held.node) is offer.target):
                continue
            try:
                node = _schema(offer.target)
                store.store(group=group, name=name, node=node, provider=offer.distribution)
            except Exception as error:  # the annotations of a plugin's fields may be anything
                reason = str(error).splitlines()[0]
                logging.getLogger(__name__).warning(
                    "%s %r cannot be configured and is left out: %s", group, name, reason
                )


def _schema(target: type[Any]) -> DictConfig:
    """Return a class as OmegaConf's typed node, open to overrides also where it is frozen.

    Hydra closes every mapping; one that is a field takes any key, without a plus.
    """
    node: DictConfig = OmegaConf.structured(target)
    _thaw(node)
    return node


def _thaw(node: DictConfig) -> None:
    OmegaConf.set_readonly(node, None)
    owner: Any = OmegaConf.get_type(node)
    if owner is dict:
        OmegaConf.set_struct(node, False)  # any key may be typed into a mapping, without a plus
    for _, child in _children(node):
        if isinstance(child, DictConfig):
            _thaw(child)
            if not is_dataclass(OmegaConf.get_type(child)) and not child._is_none():
                OmegaConf.set_struct(child, False)


def compose_run(overrides: Sequence[str] = ()) -> RunConfig:
    """Return the run that command-line words such as ``method=random seed=1`` describe.

    Raises
    ------
    ColdbenchError
        When a word names an option, a field or a value that does not exist, in one sentence.
    """
    from hydra import compose, initialize_config_module

    from .config_errors import explain

    register()
    with (
        explain(overrides),
        initialize_config_module(config_module=CONFIG_MODULE, version_base="1.3"),
    ):
        config = compose(CONFIG_NAME, overrides=list(overrides), return_hydra_config=True)
        hydra = config.hydra
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        return to_run(config, hydra)


def to_run(config: DictConfig, hydra: Any) -> RunConfig:
    """Build the run that a composed configuration describes.

    Parameters
    ----------
    config
        The configuration, without its node ``hydra``.
    hydra
        That node: it knows which options were chosen.

    Raises
    ------
    ColdbenchError
        When it holds a key that the run, method, dataset or scenario does not know, or a value
        outside the bounds of its field.
    """
    _refuse_unknown_keys(config, "")
    run = OmegaConf.to_object(config)
    if not isinstance(run, RunConfig):
        raise ColdbenchError(f"a run is described by {CONFIG_NAME}.yaml, not by {config!r}")
    for group in GROUPS:
        if not is_dataclass(getattr(run, group)):
            raise ColdbenchError(f"{group} is not chosen; write {group}=<name>")
    check_parameters(run, "")
    run.evaluation.check()
    find_dataset_name(run.dataset)
    resolve_trainer(run)
    run.tracking = mask_typed_texts(run.tracking)
    run.preset = find_preset(run.method, hydra, CONFIG_NAME)
    if run.tuned:
        apply_preset(run, hydra.overrides.task)
    return run


def to_plain(value: Any) -> Any:
    """Return a configuration as JSON values: dataclasses become dicts, enums their values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(to_plain(key)): to_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(one) for one in value]
    return value


def _refuse_unknown_keys(config: DictConfig, place: str) -> None:
    """Refuse keys that were added to a typed node with ``+``, wherever they are."""
    owner: Any = OmegaConf.get_type(config)
    typed = owner is not None and is_dataclass(owner)
    known = [one.name for one in fields(owner)] if typed else []
    for key, node in _children(config):
        if typed and key not in known:
            raise ColdbenchError(describe_unknown_field(owner.__name__, place, key, known))
        if isinstance(node, DictConfig):
            _refuse_unknown_keys(node, f"{place}{key}.")


def _children(config: DictConfig) -> Iterator[tuple[str, Any]]:
    if config._is_none() or config._is_missing():
        return
    for key in config:
        yield str(key), config._get_node(key)
