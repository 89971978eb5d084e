"""What a configuration from another person may not do: name code, or read the environment.

Hydra builds callbacks, launchers, sweepers and logging handlers from whatever class a configuration
names, and OmegaConf fills values in from resolvers. A folder that is passed on for its settings
could so run code of its own, or write a secret into a record.
"""

import os
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from omegaconf import Container

from ...datasets.errors import ColdbenchError

ALLOW = "COLDBENCH_ALLOW_FOREIGN_CODE"
"""Set to 1 in the environment, it allows everything that is refused here in the node ``hydra``."""

CALLBACKS = frozenset(
    {
        "coldbench.benchmarks.runs.sweep_watch.SweepCallback",
        "hydra.experimental.callbacks.LogJobReturnCallback",
        "hydra.experimental.callbacks.PickleJobInfoCallback",
    }
)
LOGGING = frozenset(
    {
        "logging.StreamHandler", "logging.FileHandler", "logging.NullHandler",
        "logging.handlers.RotatingFileHandler", "logging.Formatter", "logging.Filter",
        "colorlog.ColoredFormatter",
    }
)  # fmt: skip
STREAMS = frozenset({"ext://sys.stdout", "ext://sys.stderr"})
LOG_FILE = "${hydra.runtime.output_dir}/${hydra.job.name}.log"
SHELL = ("hydra.launcher.setup", "hydra.launcher.python", "hydra.job.env_set", "hydra.job.env_copy")
"""Settings that are commands of a shell, or an environment for them."""

RESOLVERS = frozenset({"now", "oc.select"})
"""What may fill in a field of a run: nothing that reads the environment or the node ``hydra``."""


def watch_composition() -> None:
    """Let every configuration that Hydra composes in this process be examined first."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    load: Callable[..., Any] = ConfigLoaderImpl.load_configuration
    if getattr(load, "__wrapped__", None) is not None:
        return

    @wraps(load)
    def examined(self: Any, *words: Any, **named: Any) -> Any:
        config = load(self, *words, **named)
        refuse_foreign(config)
        return config

    ConfigLoaderImpl.load_configuration = examined  # type: ignore[method-assign]


def refuse_foreign(config: Any) -> None:
    """Refuse code of others and values from the environment in a composed configuration.

    A key that was typed on the command line is the typist's own and passes, as everything in the
    node ``hydra`` does with ``COLDBENCH_ALLOW_FOREIGN_CODE=1``.

    Raises
    ------
    ColdbenchError
        With the key, the value and what to do.
    """
    for key, value in _leaves(config):
        if not key.startswith("hydra."):
            _refuse_resolver(key, value)
    if os.environ.get(ALLOW) == "1":
        return
    typed = {one.partition("=")[0].lstrip("+") for one in config.hydra.overrides.hydra}
    for key, value in _leaves(config.hydra, "hydra."):
        if _names_code(key, value) and not any(f"{key}.".startswith(f"{one}.") for one in typed):
            raise ColdbenchError(
                f"{key}={value} would run code that a configuration names; "
                f"if you trust the folder it is from, set {ALLOW}=1"
            )


def _refuse_resolver(key: str, value: Any) -> None:
    for name in _resolvers(value):
        if name not in RESOLVERS:
            raise ColdbenchError(
                f"{key}={value} takes its value from {name}, which a run's settings may not: "
                f"records are passed on; write the value itself"
            )


def _names_code(key: str, value: Any) -> bool:
    """Say whether a value of the node ``hydra`` names code that is not of Hydra or coldbench."""
    name = key.rpartition(".")[2]
    if name == "_target_":
        return value is not None and value not in CALLBACKS | _of_plugins()
    if key.startswith(SHELL):
        return value is not None
    if not key.startswith(("hydra.job_logging.", "hydra.hydra_logging.")):
        return False
    if name == "filename":
        return bool(value != LOG_FILE)
    if isinstance(value, str) and value.startswith("ext://"):
        return value not in STREAMS
    return name in ("()", "class", "factory") and value not in LOGGING


def _of_plugins() -> set[str]:
    """Return the classes that Hydra and its installed plugins name in what they have stored."""
    from hydra.core.config_store import ConfigStore

    waiting: list[Any] = [ConfigStore.instance().repo.get("hydra", {})]
    found = set()
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict):
            waiting += held.values()
        else:
            leaves = _leaves(held.node)
            found |= {str(value) for key, value in leaves if key.endswith("_target_")}
    return found


def _resolvers(value: Any) -> Iterator[str]:
    """Yield the resolvers that a text names, also inside each other."""
    from omegaconf.grammar.gen.OmegaConfGrammarParser import OmegaConfGrammarParser
    from omegaconf.grammar_parser import parse

    if not isinstance(value, str) or "${" not in value:
        return
    waiting = [parse(value)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, OmegaConfGrammarParser.InterpolationResolverContext):
            yield str(node.resolverName().getText())  # type: ignore[no-untyped-call]
        waiting += list(node.getChildren()) if hasattr(node, "getChildren") else []


def _leaves(config: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of everything in a configuration, not resolved."""
    if not isinstance(config, Container):
        return
    inside = config._content
    if not isinstance(inside, (dict, list)):
        if inside is not None:
            yield place.rstrip("."), inside
        return
    for key, node in inside.items() if isinstance(inside, dict) else enumerate(inside):
        if isinstance(node, Container):
            yield from _leaves(node, f"{place}{key}.")
        else:
            yield f"{place}{key}", node._value()
