"""Pages of the site that do not lie in docs/, and links between files made links of the site.

The pages are read on the web, in an editor and in the repository, so their links name files as
they lie there. Here a link to a page of the site is turned to where that page is published, and
one to any other file of the repository to the file at the repository's address; a link to nothing
is left alone, and the strict build tells it.
"""

import ast
import posixpath
import re
import shutil
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
REPORT = "results/report.html"
"""A page of its own, with its own styles and scripts; the site publishes it as it is."""
LINK = re.compile(r"(?<=\]\()([^)\s:#]+)(#[^)\s]*)?(?=\))")
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
PLACES = (
    ("benchmarks.python_api", "runs"),
    ("benchmarks.evaluation.metrics", "metrics"),
    ("benchmarks.evaluation.direction", "metrics"),
    ("benchmarks.conformance.audits", "scenarios"),
    ("benchmarks", "runs"),
    ("methods.base", "methods"),
    ("datasets.parameters", "methods"),
    ("methods", "methods"),
    ("datasets.protocol", "scenarios"),
    ("datasets.errors", "basics"),
    ("datasets.arrays", "basics"),
    ("datasets.world", "data"),
    ("datasets", "data"),
)
"""Where what is offered lies, and the page that describes it; the order is that of the page."""
SOURCE = ROOT / "outputs/api/coldbench"


def on_startup(command: str, dirty: bool) -> None:
    """Lay the package out where the API reference reads it.

    Read from here, every file of the repository and its environment would be looked at, and
    datasets/, which has no ``__init__.py``, would not.
    """
    shutil.rmtree(SOURCE, ignore_errors=True)
    for floor in ("benchmarks", "methods", "datasets"):
        for path in (ROOT / floor).rglob("*.py"):
            copy = SOURCE / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    shutil.copyfile(ROOT / "__init__.py", SOURCE / "__init__.py")
    (SOURCE / "datasets/__init__.py").touch()


def published(path: str) -> str:
    """Return the page of the site that a Markdown file of the repository becomes."""
    page = path.lower() if path in OUTSIDE else path.removeprefix("docs/")
    return re.sub(r"readme\.md$", "index.md", page, flags=re.IGNORECASE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of docs/ that the navigation does not name at the end of the guide."""
    (guide,) = (one["Guide"] for one in config.nav or [] if "Guide" in one)
    named = str(config.nav)
    guide += [one.name for one in sorted((ROOT / "docs").glob("*.md")) if one.name not in named]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie at the root and in results/, the report among them."""
    there = [ROOT / name for name in OUTSIDE if (ROOT / name).is_file()]
    for path in [*there, *sorted((ROOT / "results").rglob("*.md"))]:
        name = path.relative_to(ROOT).as_posix()
        page = File.generated(config, published(name), abs_src_path=str(path))
        page.edit_uri = f"../{name}"
        files.append(page)
    files.append(File.generated(config, REPORT, abs_src_path=str(ROOT / REPORT)))
    return files


def reference(page: str) -> str:
    """Return the names of ``import coldbench`` that a page of the reference describes."""
    offered = [
        (at, name.name)
        for node in ast.walk(ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        for at in [next(i for i, one in enumerate(PLACES) if node.module.startswith(one[0]))]
        for name in node.names
        if PLACES[at][1] == page
    ]
    return "".join(f"\n\n::: coldbench.{name}" for _, name in sorted(offered))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn every link that names a file of the repository, and add what the reference describes."""
    source = Path(str(page.file.abs_src_path)).relative_to(ROOT).as_posix()
    if posixpath.dirname(source) == "docs/reference":
        markdown += reference(Path(source).stem)

    def turned(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
        target = files.get_file_from_path(published(path))
        if target is not None:
            base = posixpath.dirname(page.file.src_uri)
            return posixpath.relpath(target.src_uri, base or ".") + (link[2] or "")
        if (ROOT / path).exists():
            return f"{config.repo_url}/blob/main/{path}"
        return link[0]

    kept = 0
    parts = []
    for code in FENCE.finditer(markdown):
        parts += [LINK.sub(turned, markdown[kept : code.start()]), code[0]]
        kept = code.end()
    return "".join([*parts, LINK.sub(turned, markdown[kept:])])
