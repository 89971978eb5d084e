"""Which version of a plugin's code is installed: a hash over its source files."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

SOURCES = (".py", ".pyx", ".pyd", ".so")
"""Endings of the files that decide what a package computes."""


@cache
def installed_release(package: str) -> str | None:
    """Return the version of an installed distribution, None where it is not one."""
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
