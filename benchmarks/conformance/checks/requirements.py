"""Demands on any class that an entry point names: settings, docstring, entry point, import."""

import dataclasses
import inspect
import json
import subprocess
import sys
from typing import Any

from omegaconf import OmegaConf

from ....datasets.errors import ColdbenchError
from ...plugins.registry import find_name
from .check_result import Violation

HEAVY = (
    "torch",
    "pytorch_lightning",
    "lightning",
    "transformers",
    "sentence_transformers",
    "peft",
    "implicit",
    "lightfm",
    "wandb",
    "sknetwork",
    "numba",
    "polars",
    "pyarrow",
    "pandas",
    "sklearn",
    "tensorflow",
    "jax",
)
"""Libraries that cost more to import than the command line may take to answer."""

IMPORT_LIMIT = 60


def require_round_trip(made: Any) -> str:
    """Refuse settings that do not survive the way through OmegaConf and back."""
    names = {one.name for one in dataclasses.fields(made)}
    config = OmegaConf.structured(made)
    back = OmegaConf.to_object(OmegaConf.create(OmegaConf.to_yaml(config), flags={}))
    again = OmegaConf.to_object(config)
    if again != made or type(again) is not type(made):
        raise Violation(f"{made} came back as {again}", "use int, float, str, bool, Enum or list")
    if not isinstance(back, dict) or set(back) != names:
        raise Violation(f"as YAML it holds {back}", "let every field be writable as YAML")
    return "equal"


def require_first_sentence(target: type[Any]) -> str:
    """Refuse a class whose own docstring does not begin with a sentence."""
    text = inspect.getdoc(target) if target.__dict__.get("__doc__") else ""
    first = (text or "").split("\n\n")[0].strip()
    if not first.endswith("."):
        raise Violation(f"it begins {first[:60]!r}", "begin with a sentence and a full stop")
    return first.splitlines()[0]


def require_entry_point(kind: str, target: type[Any]) -> str:
    """Refuse a class that no entry point of its kind names."""
    try:
        return f"coldbench.{kind}: {find_name(kind, target)}"
    except ColdbenchError as error:
        raise Violation(str(error), f"list it under coldbench.{kind} in pyproject.toml") from error


def require_version(target: type[Any], default: int | None = None) -> str:
    """Refuse a class whose version is a setting, or that has none where there is no default."""
    version = getattr(target, "version", default)
    if "version" in {one.name for one in dataclasses.fields(target)}:
        raise Violation("version is a field", "declare version: ClassVar[int] = 1")
    if isinstance(version, bool) or not isinstance(version, int | str):
        raise Violation(f"version = {version!r}", "declare version: ClassVar[int] = 1")
    return f"version {version}"


def require_light_import(module: str) -> str:
    """Refuse a module whose import in a fresh process fails or imports a heavy library."""
    code = (
        f"import sys, json, importlib; importlib.import_module({module!r}); "
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=IMPORT_LIMIT
    )
    if done.returncode:
        raise Violation(
            f"importing {module} in a fresh process fails: {' '.join(done.stderr.split())[-200:]}",
            "make the module importable by itself",
        )
    heavy = json.loads(done.stdout.splitlines()[-1])
    if heavy:
        raise Violation(f"imports {', '.join(heavy)}", "import it inside the functions that use it")
    return "light"
