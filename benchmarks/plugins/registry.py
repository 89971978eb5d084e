"""What is installed: methods, datasets, scenarios and metrics, found by entry point."""

import dataclasses
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, get_type_hints

from ...datasets.errors import ColdbenchError

KINDS = ("methods", "datasets", "scenarios", "metrics")
"""The groups of entry points, without their prefix ``coldbench.``."""

GROUPS = {"method": "methods", "dataset": "datasets", "scenario": "scenarios"}
"""Configuration group of each kind that a run chooses from."""

OWN = "coldbench"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Offer:
    """One entry point, and why it cannot be used when it cannot.

    Attributes
    ----------
    name
        What is typed, ``implicit_als``.
    value
        Where the class is, ``package.module:Class``.
    distribution
        The installed package that offers it.
    reason
        None when it can be used, else why it is not offered.
    target
        The class, None when it is not offered.
    """

    name: str
    value: str
    distribution: str
    reason: str | None = None
    target: type[Any] | None = None


@cache
def list_offers(kind: str) -> dict[str, Offer]:
    """Return every entry point of a kind by name, in alphabetical order, imported once.

    A plugin that fails while it is imported, lacks a library or doubles a name is in the result
    with its reason. A name that coldbench itself offers stays coldbench's own.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    """
    claims: dict[str, list[EntryPoint]] = {}
    for point in _points().select(group=f"coldbench.{kind}"):
        claims.setdefault(point.name, []).append(point)
    found: dict[str, Offer] = {}
    for name in sorted(claims):
        for offer in _settle(kind, name, claims[name]):
            found[offer.name] = offer
    return found


@cache
def list_own_names(kind: str) -> frozenset[str]:
    """Return the names that coldbench itself offers, without importing anything."""
    points = _points().select(group=f"coldbench.{kind}")
    return frozenset(point.name for point in points if _distribution(point) == OWN)


def list_points(kind: str) -> list[tuple[str, EntryPoint]]:
    """Return the entry points of a kind, not imported, each with the package that has it."""
    points = _points().select(group=f"coldbench.{kind}")
    return [(_distribution(point), point) for point in points]


def refresh() -> None:
    """Forget what was found, so that the next question examines the installed packages again."""
    list_offers.cache_clear()
    list_own_names.cache_clear()
    _points.cache_clear()
    _installed.cache_clear()


@cache
def _points() -> Any:
    """Return the entry points of every package, read in one pass for all kinds."""
    return entry_points()


def find(kind: str, name: str) -> type[Any]:
    """Return the class offered under a name.

    Raises
    ------
    ColdbenchError
        When there is none (with the nearest names) or when it is not offered (with the reason).
    """
    offer = list_offers(kind).get(name)
    if offer is None:
        raise ColdbenchError(describe_unknown(kind[:-1], name, list_names(kind)))
    if offer.target is None:
        raise ColdbenchError(f"{kind[:-1]} {name!r} is not offered: {offer.reason}")
    return offer.target


def list_names(kind: str) -> list[str]:
    """Return the names that can be used."""
    return [name for name, offer in list_offers(kind).items() if offer.target is not None]


def find_name(kind: str, thing: Any) -> str:
    """Return the name under which the class of ``thing`` (an instance or a class) is offered.

    Raises
    ------
    ColdbenchError
        When no entry point names the class.
    """
    target = thing if isinstance(thing, type) else type(thing)
    for name, offer in list_offers(kind).items():
        if offer.target is target:
            return name
    raise ColdbenchError(
        f"{target.__module__}.{target.__qualname__} is not an entry point of coldbench.{kind}; "
        f"name it in the pyproject.toml of its package and install that"
    )


def describe_unknown(what: str, name: str, names: Iterable[str]) -> str:
    """Return the sentence about a name that does not exist, with the nearest ones that do."""
    names = sorted(names)
    close = find_nearest(name, names)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f"no {what} {name!r}; {hint}there are: {', '.join(names) or 'none'}"


def describe_unknown_field(owner: str, place: str, name: str, names: Iterable[str]) -> str:
    """Return the sentence about a field that its class does not have.

    ``place`` is what stands before the name, ``"method."``; empty for the run itself.
    """
    names = sorted(names)
    close = [f"{place}{one}" for one in find_nearest(name, names)]
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    there = f"there are: {', '.join(names) or 'none'}"
    return f"{owner if place else 'a run'} has no field {place}{name}; {hint}{there}"


def describe_unknown_option(command: str, word: str, names: Iterable[str]) -> str:
    """Return the sentence about an option that does not exist, or about a word too many."""
    option = word.partition("=")[0]
    if not option.startswith("-"):
        return f"{command} does not take {word!r}; `{command} --help` shows what it takes"
    names = list(names)
    dashed = {name.lstrip("-"): name for name in names}
    close = [dashed[one] for one in find_nearest(option.lstrip("-"), dashed)]
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{command} has no option {option}; {hint}there are: {', '.join(names)}"


def find_nearest(name: str, names: Iterable[str]) -> list[str]:
    """Return up to three names that resemble ``name``: by letters, or because one holds the other.

    Letters in another order resemble each other however short the name is.

    Examples
    --------
    >>> nearest("als", ["implicit_als", "random"])
    ['implicit_als']
    """
    folded = {_folded(one): one for one in names}
    close = difflib.get_close_matches(_folded(name), folded, n=3, cutoff=0.7)
    part = _folded(name)
    close += [one for one in folded if sorted(one) == sorted(part) and one not in close]
    if len(part) >= 3:
        close += [one for one in folded if part in one and one not in close]
    return [folded[one] for one in close[:3]]


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _settle(kind: str, name: str, points: list[EntryPoint]) -> list[Offer]:
    """Return the offers for one name: usually one; more when distributions claim the same name."""
    if len(points) == 1:
        return [_offer(kind, points[0])]
    owners = sorted(_distribution(point) for point in points)
    own = [point for point in points if _distribution(point) == OWN]
    if own:
        others = [point for point in points if _distribution(point) != OWN]
        reason = f"the name {name!r} is coldbench's own; its package must choose another"
        refused = [
            Offer(f"{name} ({_distribution(p)})", p.value, _distribution(p), reason) for p in others
        ]
        return [_offer(kind, own[0]), *refused]
    reason = f"the name {name!r} is claimed by {' and '.join(owners)}; uninstall all but one"
    return [Offer(name, points[0].value, ", ".join(owners), reason)]


def _offer(kind: str, point: EntryPoint) -> Offer:
    """Import one entry point and say the result."""
    offer = Offer(point.name, point.value, _distribution(point))
    if not _NAME.fullmatch(point.name):
        return dataclasses.replace(
            offer, reason="its name may hold only letters, digits, '_' and '-'"
        )
    try:
        target = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit while it is imported
        return dataclasses.replace(offer, reason=_import_failure(error))
    reason = _unusable(kind, target)
    return dataclasses.replace(offer, reason=reason, target=None if reason else target)


def _import_failure(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        return f"its import called sys.exit({text})"
    return f"its import failed with {type(error).__name__}: {text}"


def _unusable(kind: str, target: Any) -> str | None:
    """Return why an imported entry point cannot be used, or None."""
    if not isinstance(target, type):
        return f"it names a {type(target).__name__}, not a class"
    if kind != "metrics" and not dataclasses.is_dataclass(target):
        return f"{target.__name__} is not a dataclass"
    try:
        get_type_hints(target)
    except Exception as error:  # a name that is imported for the type checker only
        return f"the annotations of {target.__name__} cannot be resolved: {error}"
    verb = {"methods": "score", "datasets": "load", "scenarios": "split"}.get(kind)
    if verb and not callable(getattr(target, verb, None)):
        return f"{target.__name__} has no {verb}()"
    missing = [name for name in getattr(target, "requires", ()) if not _installed(name)]
    return f"needs {', '.join(missing)}, not installed" if missing else None


@cache
def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _distribution(point: EntryPoint) -> str:
    return _name(point.dist) if point.dist is not None else "unknown"


@cache
def _name(package: Distribution) -> str:
    """Return a package's name, which is parsed out of its metadata at every question."""
    return package.name
