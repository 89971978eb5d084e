"""Instruction templates: read from a file, checked, and filled with texts that stay data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ....datasets.errors import ColdbenchError, DataError

FOLDER = Path(__file__).parent / "templates"
DEFAULT = "preference"
SECTIONS: dict[str, tuple[str, ...]] = {
    "instruction": (),
    "question": ("history", "item"),
    "liked": ("item",),
    "nothing": (),
    "yes": (),
    "no": (),
}
"""Of each section the placeholders that stand in it, once each."""
OPTIONAL = {"instruction"}
_HEADER = re.compile(r"\[(\w+)\]\s*")
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
_REMEDY = "docs/instruction-ranker.md describes templates"


@dataclass(frozen=True)
class Template:
    """A checked template.

    Attributes
    ----------
    name
        What the user called it.
    text
        The whole file.
    parts
        Of each section its literal texts and, at the odd places, names of placeholders.
    """

    name: str
    text: str
    parts: Mapping[str, tuple[str, ...]]

    @property
    def sha256(self) -> str:
        """Hash of the file's text."""
        return sha256(self.text.encode()).hexdigest()

    def fill(self, section: str, **values: str) -> str:
        """Return a section with its placeholders replaced.

        Values are put between the literal texts and never read again, so that braces or the name
        of a section in them mean nothing.
        """
        parts = self.parts.get(section, ("",))
        return "".join(values[part] if at % 2 else part for at, part in enumerate(parts))


def read_template(name: str) -> Template:
    """Return a template by its name among ours, or by the path of a file.

    Raises
    ------
    ColdbenchError
        When there is none.
    DataError
        When the file is no template, with the line and what to do.
    """
    ours = sorted(path.stem for path in FOLDER.glob("*.txt"))
    path = FOLDER / f"{name}.txt" if name in ours else Path(name).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ColdbenchError(
            f"template = {name!r} is none of {', '.join(ours)} and cannot be read as a file "
            f"({error}); give one of these names, or the path of a text file in UTF-8"
        ) from error
    return parse_template(name, text, path)


def parse_template(name: str, text: str, path: Path | str) -> Template:
    """Return a template from the text of its file; ``path`` is for errors alone.

    Raises
    ------
    DataError
        When it is malformed.
    """
    found = _split_sections(text, path)
    for section in SECTIONS:
        if section not in found and section not in OPTIONAL:
            raise DataError(
                f"the section [{section}] is missing", path=path, remedy=f"add it; {_REMEDY}"
            )
    parts = {one: _split_placeholders(one, *lines, path) for one, lines in found.items()}
    answers = {one: "".join(parts[one]) for one in ("yes", "no")}
    for one, answer in answers.items():
        if len(answer.split()) != 1:
            raise DataError(
                f"the answer {answer!r} is not a single word",
                path=path,
                line=found[one][0],
                remedy=f"write one word into [{one}], such as {one.title()}",
            )
    if answers["yes"] == answers["no"]:
        raise DataError(
            f"[yes] and [no] are both {answers['yes']!r}",
            path=path,
            line=found["no"][0],
            remedy="write two different words",
        )
    return Template(name, text, parts)


def _split_sections(text: str, path: Path | str) -> dict[str, tuple[int, list[str]]]:
    """Return of each section the number of its first line and its lines, blank ends cut off."""
    found: dict[str, tuple[int, list[str]]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.fullmatch(line)
        if header:
            _check_header(header[1], found, path, number)
            found[header[1]] = number + 1, (lines := [])
        elif lines is not None:
            lines.append(line.rstrip())
        elif line.strip() and not line.startswith("#"):
            raise DataError(
                f"{line.strip()!r} stands before the first section",
                path=path,
                line=number,
                remedy=f"begin [question] above it, or the line with #; {_REMEDY}",
            )
    return {section: _trim(first, lines) for section, (first, lines) in found.items()}


def _check_header(
    section: str, found: Mapping[str, tuple[int, list[str]]], path: Path | str, number: int
) -> None:
    if section not in SECTIONS:
        known = ", ".join(f"[{one}]" for one in SECTIONS)
        raise DataError(
            f"[{section}] is no section of a template",
            path=path,
            line=number,
            remedy=f"the sections are {known}",
        )
    if section in found:
        raise DataError(
            f"[{section}] begins a second time",
            path=path,
            line=number,
            remedy="keep one of the two",
        )


def _trim(first: int, lines: list[str]) -> tuple[int, list[str]]:
    filled = [at for at, line in enumerate(lines) if line]
    if not filled:
        return first, []
    return first + filled[0], lines[filled[0] : filled[-1] + 1]


def _split_placeholders(
    section: str, first: int, lines: list[str], path: Path | str
) -> tuple[str, ...]:
    """Return literal texts and, at the odd places, placeholders: each that belongs there, once."""
    allowed = SECTIONS[section]
    there = " and ".join(f"{{{name}}}" for name in allowed)
    holds = f"[{section}] holds {there or 'no placeholder'}" + (", once" if allowed else "")
    seen: set[str] = set()
    for number, line in enumerate(lines, start=first):
        for name in _PLACEHOLDER.findall(line):
            if name not in allowed or name in seen:
                problem = "stands twice" if name in seen else f"does not belong into [{section}]"
                raise DataError(
                    f"the placeholder {{{name}}} {problem}", path=path, line=number, remedy=holds
                )
            seen.add(name)
        if re.search(r"[{}]", _PLACEHOLDER.sub("", line)):
            raise DataError(
                f"{line.strip()!r} has a brace that belongs to no placeholder",
                path=path,
                line=number,
                remedy=f"take it out; {holds}",
            )
    for name in allowed:
        if name not in seen:
            raise DataError(
                f"the placeholder {{{name}}} is missing from [{section}]",
                path=path,
                line=first,
                remedy=holds,
            )
    return tuple(_PLACEHOLDER.split("\n".join(lines)))
