"""A third party's dataset in one file: fetched, added, verified, shown and run as ours are.

The file is the one of docs/plugin.md, with the address and the checksums of the server of the test.
"""

import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli.data import main as data
from coldbench.benchmarks.plugins.published_files import published
from coldbench.benchmarks.plugins.registry import list_offers
from coldbench.benchmarks.records.record import RunRecord, read_all
from coldbench.datasets.errors import ColdbenchError

PAGE = (Path(__file__).parents[2] / "docs" / "plugin.md").read_text(encoding="utf-8")
LOANS = "user,item,rating\n" + "".join(
    f"r{reader},b{(reader * 7 + n * (1 + reader % 3)) % 40},{3 + (reader + n) % 3}\n"
    for reader in range(60)
    for n in range(14)
)
BOOKS = "item,shelf,title\n" + "".join(
    f"b{book},{'crime' if book % 2 else 'poetry'},A book of {book} pages\n" for book in range(40)
)
ENTRY = "[coldbench.datasets]\ncity-loans = city_loans:CityLoans\n"
Install = Callable[..., None]


def module_of_the_page() -> str:
    (found,) = (b for b in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "FileSet(" in b)
    return str(found)


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, text in (("loans.csv", LOANS), ("books.csv", BOOKS)):
            # The time of writing would make two archives of one test differ.
            file.writestr(zipfile.ZipInfo(f"loans-2024/{name}"), text)
    return packed.getvalue()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a folder with the archive, served on this machine."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "loans-2024.zip").write_bytes(archive())

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/loans-2024.zip"
        running.shutdown()
        thread.join()


@pytest.fixture
def plugin(workplace: Path, install: Install, address: str) -> str:
    """The module of the page, installed; returns its text."""
    text = re.sub(r'"https://\S+\.zip"', f'"{address}"', module_of_the_page())
    content = archive()
    digests = iter([hashlib.sha256(LOANS.encode()), hashlib.sha256(content)])
    text, count = re.subn(r'"[0-9a-f]{64}"', lambda _: f'"{next(digests).hexdigest()}"', text)
    text, sizes = re.subn(r"size=[0-9_]+", f"size={len(content)}", text)
    assert (count, sizes) == (2, 1)
    install("city-data", ENTRY, city_loans=text)
    return text


def test_it_is_listed_with_its_settings(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_offers("datasets")["city-loans"].reason is None
    assert cli.main(["list", "datasets"]) == 0
    assert "(city-data) Loans of a city library" in capsys.readouterr().out
    assert cli.main(["list", "datasets", "city-loans"]) == 0
    assert "minimum_stars" in capsys.readouterr().out


def test_it_is_fetched_verified_shown_and_run(
    plugin: str, workplace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "city-loans"
    assert cli.main(["data", "info", "city-loans"]) == 0
    said = capsys.readouterr().out
    assert "City library loans (city-loans)" in said and "Licence: CC BY 4.0" in said
    assert "Not loaded" in said and "`coldbench data fetch city-loans`" in said

    assert cli.main(["data", "fetch", "city-loans"]) == 0
    said = capsys.readouterr().out
    assert "Licence: CC BY 4.0" in said and f"city-loans is in {folder}" in said
    assert {path.name for path in folder.iterdir()} == {"loans.csv", "books.csv", "manifest.json"}
    assert cli.main(["data", "fetch", "city-loans"]) == 0
    assert "city-loans is already in" in capsys.readouterr().out

    assert cli.main(["data", "verify", "city-loans"]) == 0
    said = capsys.readouterr().out
    assert "loans.csv: as published" in said
    assert "books.csv: as installed; no checksum was published" in said

    assert cli.main(["data", "info", "city-loans"]) == 0
    said = capsys.readouterr().out
    assert "60 users x 40 items" in said and "shelf" in said and "Not loaded" not in said

    words = ["dataset=city-loans", "dataset.k_core=2", "evaluation.bootstrap=20"]
    assert cli.main(["run", "method=popularity", *words]) == 0
    (record,) = (one for one in read_all(Path("results")) if isinstance(one, RunRecord))
    assert record.dataset == "city-loans" and record.code["dataset"].package == "city-data"

    (folder / "loans.csv").write_text("changed")
    assert cli.main(["data", "verify", "city-loans"]) == 1
    assert "loans.csv: differs from the published file" in capsys.readouterr().out


def test_it_is_added_from_a_folder(
    plugin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "loans.csv").write_text(LOANS)
    assert cli.main(["data", "add", "city-loans", str(given)]) == 2
    assert "books.csv is missing; city-loans needs loans.csv, books.csv" in capsys.readouterr().err
    (given / "books.csv").write_text(BOOKS)
    assert cli.main(["data", "add", "city-loans", str(given)]) == 0
    assert (tmp_path / "data" / "city-loans" / "books.csv").read_text() == BOOKS


def test_it_conforms(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "fetch", "city-loans"]) == 0
    assert cli.main(["check", "city-loans"]) == 0, capsys.readouterr().out


def message(action: str, name: str) -> str:
    with pytest.raises(ColdbenchError) as raised:
        data([action, name])
    return str(raised.value)


def test_files_need_a_card_and_the_name_of_their_dataset(plugin: str, install: Install) -> None:
    bare = re.sub(r"    card: ClassVar.*?\n    \)\n", "", plugin, flags=re.DOTALL)
    install("bare", "[coldbench.datasets]\nbare = bare_loans:CityLoans\n", bare_loans=bare)
    assert "dataset 'bare' declares files but no card" in message("fetch", "bare")
    taken = plugin.replace('"city-loans"', '"ml-1m"')
    install("taken", "[coldbench.datasets]\ntaken = taken_loans:CityLoans\n", taken_loans=taken)
    assert "dataset 'taken' declares its files as 'ml-1m'; name them 'taken'" in message(
        "fetch", "taken"
    )


SHARING = '''
from dataclasses import dataclass, replace

from coldbench.datasets.sources.films.mkr_graph import MKR
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M

@dataclass
class Ours(MovieLens1M):
    """MovieLens 1M with other defaults."""

    extras = (replace(MKR, files=replace(MKR.files, name={name!r}, limit={limit})),)
'''


def test_a_subclass_shares_the_files_of_its_dataset(plugin: str, install: Install) -> None:
    text = SHARING.format(name="kg-mkr", limit=1)
    install("ours", "[coldbench.datasets]\nour-ml = our_ml:Ours\n", our_ml=text)
    assert published("our-ml").files == published("ml-1m").files
    assert published("kg-mkr").files.limit > 1, "coldbench's own extra stays its own"


def test_two_packages_may_not_declare_one_extra(plugin: str, install: Install) -> None:
    for limit in (1, 2):
        text = SHARING.format(name="kg-x", limit=limit)
        entry = f"[coldbench.datasets]\nour-ml-{limit} = our_ml_{limit}:Ours\n"
        install(f"ours-{limit}", entry, **{f"our_ml_{limit}": text})
    assert "'kg-x' are declared by our-ml-1 and by our-ml-2, each in its own way" in message(
        "fetch", "kg-x"
    )


def test_a_declaration_that_cannot_be_is_told_in_the_list(
    plugin: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    text = plugin.replace('"city-loans"', '"../elsewhere"')
    install("broken", "[coldbench.datasets]\nbroken = broken_loans:CityLoans\n", broken_loans=text)
    assert cli.main(["list", "datasets"]) == 0
    assert "broken is not offered: its import failed with DataError: '../elsewhere' cannot be" in (
        capsys.readouterr().out
    )
    assert "not offered" in message("fetch", "broken")
