"""The words of the field: what readers meet in pages, help, messages and docstrings."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "results" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = [
    path
    for floor in ("benchmarks", "datasets", "methods")
    for path in sorted((ROOT / floor).rglob("*.py"))
]
LARGEST_README = 10_000

DIALECT = {
    r"\blots?\b": "hash, tie-break hash",
    r"\bcrown(s|ed|ing)\b": "declare a winner",
    r"\breference rows?\b": "baseline",
    r"\bteachers?\b": "pretrained factors",
    r"\byardsticks?\b": "metric",
    r"\bstrangers?\b": "another user",
    r"\bfigures?\b": "value, metric, result",
    r"\btraining worlds?\b": "training data",
    r"\bplanted worlds?\b": "planted dataset",
    r"\bchance that\b": "probability that",
    r"\bbeside\b": "next to",
    r"\bwhole or not at all\b": "atomically",
    r"\bis told\b|\bare told\b": "is reported",
}
"""Words of a private dialect, and the words of the field."""

NO_VERBS = {
    "asked", "beside", "drawn", "finished", "found", "known", "lots", "made", "missing", "planned",
    "poisoned", "rebuilt", "recomputed", "rendered", "sealed", "shown", "sides", "told", "watched",
}  # fmt: skip
"""Participles and nouns that were names of functions; a function is a verb."""


def own_words(page: Path) -> str:
    """Return a page without code, links and quoted output."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings, comments and messages of a module, without names in backticks."""
    source = path.read_text(encoding="utf-8")
    for one in tokenize.generate_tokens(io.StringIO(source).readline):
        if one.type == tokenize.COMMENT or (one.type == tokenize.STRING and " " in one.string):
            yield one.start[0], re.sub(r"``[^`]*``|`[^`]*`|\{[^{}]*\}", "", one.string)


def dialect(text: str) -> list[str]:
    return [
        f"{found[0]!r}: write {better}"
        for pattern, better in DIALECT.items()
        for found in re.finditer(pattern, text, re.I)
    ]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= LARGEST_README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_in_the_words_of_the_field(page: Path) -> None:
    assert dialect(own_words(page)) == []


def test_docstrings_and_messages_are_in_the_words_of_the_field() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in CODE
        for line, text in sentences(path)
        for word in dialect(text)
    ]
    assert found == []


def test_the_words_of_a_dialect_are_found() -> None:
    assert len(dialect("Ties by lot; the figure stands beside the reference row")) == 4


def test_a_public_function_is_no_participle() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in CODE
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name in NO_VERBS
    ]
    assert found == []


def test_every_term_of_the_glossary_leads_somewhere() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([\w./-]+\.md)(#[\w-]+)?\)", page)
    assert len(links) > 40
    for file, anchor in links:
        text = (ROOT / "docs" / file).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.M)
        anchors = {"#" + re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}
        assert not anchor or anchor in anchors, f"{file}{anchor}"
