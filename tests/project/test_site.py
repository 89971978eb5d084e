"""The documentation site builds strictly, its links lead somewhere, and it needs no other site."""

import re
import shutil
import subprocess
import sys
import zlib
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import coldbench
import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"""<(?:script|img|link rel="(?:stylesheet|icon|preload)")[^>]*?(?:src|href)="([^"]+)"""
)
LINK = re.compile(r'<a\s[^>]*?href="([^"]+)"')


def build(folder: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Build as ``make docs`` does; with --quiet, mkdocs would not count its warnings."""
    words = re.findall(r"/mkdocs (build.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    command = [sys.executable, "-m", "mkdocs", *words[0].split(), "--site-dir", str(out)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the site is made from."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("benchmarks", "datasets", "methods", "docs", "results"):
        ignored = shutil.ignore_patterns("__pycache__", "*.json", "*.parquet", "embedded")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    (folder / "docs/brand_new.md").write_text("# A page that nobody listed\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(copy, out)
    assert done.returncode == 0, done.stderr
    return out


def test_no_page_takes_a_script_style_or_picture_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    loaded = {one for page in pages for one in LOADED.findall(page.read_text(encoding="utf-8"))}
    assert len(pages) > 20 and len(loaded) > 5
    assert {one for one in loaded if urlsplit(one).netloc} == set()


def test_every_link_within_the_site_leads_to_a_page_and_a_place(site: Path) -> None:
    lost, followed = [], 0
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            followed += 1
            there = target.is_file()
            if there and parts.fragment and not parts.fragment.startswith("__"):
                there = f'id="{unquote(parts.fragment)}"' in target.read_text(encoding="utf-8")
            if not there:
                lost.append((page.relative_to(site).as_posix(), link))
    assert followed > 500
    assert lost == []


def test_a_page_that_nobody_listed_is_in_the_navigation(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="brand_new/"' in page


def test_a_link_to_a_file_without_a_page_leads_to_the_repository(site: Path) -> None:
    page = (site / "results/index.html").read_text(encoding="utf-8")
    assert "/blob/main/results/leaderboards" in page
    assert 'href="../running/#records"' in page


def test_the_reference_has_signature_and_docstring(site: Path) -> None:
    page = (site / "reference/methods/index.html").read_text(encoding="utf-8")
    text = unescape(re.sub(r"<[^>]+>|\s", "", page))
    assert "fit(train:TrainView)->Self" in text
    assert "Whatthesplitmustoffer." in text


def test_the_reference_describes_all_that_is_offered(site: Path) -> None:
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    described = {line.split()[0] for line in zlib.decompress(packed).decode().splitlines()}
    assert len(coldbench.__all__) > 30
    assert {f"coldbench.{name}" for name in coldbench.__all__} - described == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "line"),
    [("docs/data.md", "[gone](gone.md)"), ("README.md", "[gone](docs/data.md#gone)"),
     ("docs/reference/methods.md", "::: coldbench.Gone")],
)  # fmt: skip
def test_what_is_not_there_fails_the_build(
    copy: Path, tmp_path: Path, page: str, line: str
) -> None:
    path = copy / page
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{line}\n", encoding="utf-8")
    try:
        done = build(copy, tmp_path / "out")
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode != 0
    assert "gone" in done.stderr.lower()
