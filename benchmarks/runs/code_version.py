"""Whose code made a run, and which version of it: ours by declaration, a plugin's by its source."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..plugins.registry import GROUPS, OWN, Offer, name_of, offers
from ..records.record import Code

SOURCES = (".py", ".pyx", ".pyd", ".so")
"""Endings of the files that decide what a package computes."""


def code_of(config: Any, metrics: tuple[str, ...] = ()) -> dict[str, Code]:
    """Return the code behind a run's method, dataset, scenario and any metrics of plugins.

    Parameters
    ----------
    config
        A ``RunConfig``.
    metrics
        Names of the metrics that are measured; our own are versioned with the scenario.
    """
    found = {
        group: _code(offers(kind)[name_of(kind, getattr(config, group))])
        for group, kind in GROUPS.items()
    }
    for name in metrics:
        offer = offers("metrics").get(name)
        if offer is not None and offer.distribution != OWN:
            found[f"metric {name}"] = _code(offer)
    return found


def _code(offer: Offer) -> Code:
    version = getattr(offer.target, "version", 1)
    if offer.distribution == OWN:
        return Code(package=OWN, version=version)
    return Code(
        package=offer.distribution,
        version=version,
        release=_release(offer.distribution),
        source_sha256=source_sha256(offer.distribution, offer.value.split(":")[0].split(".")[0]),
    )


@cache
def _release(package: str) -> str | None:
    try:
        return distribution(package).version
    except PackageNotFoundError:
        return None


@cache
def source_sha256(package: str, module: str) -> str | None:
    """Return the sha256 over the source files of a plugin; None where it has no files.

    Every top-level module that the package lists counts, whatever imports what: its files are
    taken in the order of their relative paths, each with path and content. It is read once per
    process, as an import is.

    Parameters
    ----------
    package
        The installed distribution.
    module
        Top-level module of the entry point, counted also where the package lists none.
    """
    digest, empty = hashlib.sha256(), True
    for name in sorted({module, *_listed(package)}):
        for path, file in _files(name):
            content = file.read_bytes()
            digest.update(f"{path}\n{len(content)}\n".encode() + content)
            empty = False
    return None if empty else digest.hexdigest()


def _listed(package: str) -> list[str]:
    """Return the top-level modules of a distribution."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return []
    stated = found.read_text("top_level.txt")
    if stated is not None:
        return stated.split()
    tops = {Path(str(file)).parts[0] for file in found.files or () if file.suffix in SOURCES}
    return [top.removesuffix(".py") for top in tops if top.removesuffix(".py").isidentifier()]


def _files(module: str) -> list[tuple[str, Path]]:
    """Return (relative path, file) of a module's sources, in order."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is None:
        file = Path(spec.origin) if spec.origin else None
        return [(file.name, file)] if file is not None and file.is_file() else []
    folders = [Path(folder) for folder in spec.submodule_search_locations]
    found = [
        (f"{module}/{file.relative_to(folder).as_posix()}", file)
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in SOURCES and "__pycache__" not in file.parts and file.is_file()
    ]
    return sorted(found)
