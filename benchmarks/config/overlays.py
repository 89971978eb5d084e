"""The presets and experiments of ``conf/``: what each is and what it changes."""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ..plugins.registry import GROUPS

CONFIG_MODULE = "coldbench.conf"
CONFIG_NAME = "run"
"""The primary configuration, a file of that module."""
_SENTENCE = re.compile(r"(.+?)(?:\.(?= |$)|$)")


@dataclass(frozen=True)
class Overlay:
    """One file of ``conf/``.

    Attributes
    ----------
    name
        What is typed, ``content_knn_bm25`` or ``first_run``.
    what
        The first sentence of its comment.
    base
        The method that a preset is one of; empty for an experiment.
    changes
        The words that it stands for, ``weighting=bm25``.
    methods
        What an experiment runs.
    """

    name: str
    what: str
    base: str
    changes: tuple[str, ...]
    methods: tuple[str, ...] = ()


def read_presets() -> dict[str, Overlay]:
    """Return the presets, which are typed as methods are: ``method=content_knn_bm25``."""
    return _read("method")


def read_experiments() -> dict[str, Overlay]:
    """Return the experiments, ``+experiment=first_run``."""
    return _read("experiment")


def read_descriptions(group: str) -> dict[str, str]:
    """Return the first sentence of each file of ``method`` or ``experiment``; no YAML is read."""
    return {name: _comment(text) for name, text in _texts(group)}


def chosen_options() -> dict[str, str]:
    """Return what a run has for each group when nothing is typed: ``dataset: movietweetings``."""
    import yaml

    content = yaml.safe_load((files(CONFIG_MODULE) / f"{CONFIG_NAME}.yaml").read_text())
    return {k: v for one in content["defaults"] if isinstance(one, dict) for k, v in one.items()}


def _read(group: str) -> dict[str, Overlay]:
    return {name: _overlay(name, text) for name, text in _texts(group)}


def _texts(group: str) -> list[tuple[str, str]]:
    folder = files(CONFIG_MODULE) / group
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".yaml"))
    return [(name.removesuffix(".yaml"), (folder / name).read_text()) for name in names]


def _overlay(name: str, text: str) -> Overlay:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time
    content: dict[str, Any] = yaml.load(text, loader)
    base, words = "", []
    for one in content.pop("defaults"):
        if isinstance(one, dict):
            (choice, option), *_ = one.items()
            words.append(f"{choice.removeprefix('override ').removeprefix('/')}={option}")
        elif one != "_self_":
            base = one
    sweep = content.pop("hydra", {}).get("sweeper", {}).get("params", {})
    methods = tuple(one.strip() for one in sweep.get("method", "").split(",") if one.strip())
    return Overlay(name, _comment(text), base, (*words, *_flat(content)), methods)


def _flat(settings: dict[str, Any], prefix: str = "") -> list[str]:
    words = []
    for name, value in settings.items():
        if isinstance(value, dict) and prefix + name in GROUPS:
            words += _flat(value, f"{prefix}{name}.")
        else:
            shown = str(value).lower() if isinstance(value, bool) else value
            words.append(f"{prefix}{name}={shown}")
    return words


def _comment(text: str) -> str:
    """Return the first sentence of the comment at the head of a file."""
    lines = [line[1:].strip() for line in text.split("\ndefaults:")[0].splitlines()]
    message = " ".join(line for line in lines if not line.startswith("@package"))
    found = _SENTENCE.match(re.sub(r" et al\. ", " et al ", message))
    return found[1].replace(" et al ", " et al. ") if found else ""
