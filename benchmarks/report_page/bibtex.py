"""The paper of a method, from the sentence ``Source:`` of its docstring, as a BibTeX entry."""

import inspect
import re
from typing import Any

from ..plugins.registry import list_offers

_SOURCE = re.compile(r"^Source:\s*(.+?)(?=^[A-Z]\w+:\s|^\s*$|\Z)", re.MULTILINE | re.DOTALL)
_NAME = r"(?:(?:de|den|der|di|du|la|van|von) ){0,2}[A-Z][\w'-]+"
_PAPER = re.compile(
    rf"(?<![\w-])(?P<authors>{_NAME} et al\.|{_NAME}(?:, {_NAME})* and {_NAME}|{_NAME}), "
    r"(?P<title>[A-Z][^;]+?), (?:(?P<venue>[A-Z][\w .&-]*?) )?(?P<year>(?:19|20)\d\d)\b"
)
"""Surnames, with ``de`` or ``van den`` before one; a title; a venue where it is named; a year."""
_SPECIAL = re.compile(r"[{}\\]")
_ESCAPED = re.compile(r"([&%$#_])")


def find_source(method: str) -> str:
    """Return what a method's docstring names as its source, in one line; empty without one."""
    offer = list_offers("methods").get(method)
    target: type[Any] | None = offer.target if offer is not None else None
    found = _SOURCE.search(inspect.cleandoc(getattr(target, "__doc__", None) or ""))
    text = " ".join(found[1].split()) if found else ""
    return "" if text.startswith("none") else text


def make_bibtex(method: str, source: str) -> str:
    """Return an entry of the first paper that a source names; empty where it names none.

    Author, title, venue and year are read from ``Authors, Title, Venue Year``; the whole sentence
    is in the note, since it may name more papers and says which parts of them are meant.
    """
    paper = _PAPER.search(source)
    if paper is None:
        return ""
    names = re.split(r", | and ", paper["authors"].removesuffix(" et al."))
    people = [*names, "others"] if paper["authors"].endswith(" et al.") else names
    entries = {
        "author": " and ".join(_clean(one) for one in people),
        "title": f"{{{_clean(paper['title'])}}}",
        "howpublished": _clean(paper["venue"] or ""),
        "year": paper["year"],
        "note": _clean(source),
    }
    lines = [f"  {name} = {{{text}}}," for name, text in entries.items() if text]
    return "\n".join([f"@misc{{{re.sub(r'[^A-Za-z0-9_-]', '', method)},", *lines, "}"])


def _clean(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", _SPECIAL.sub("", text))
