"""Bringing data here: from servers that fail, from archives that lie, from folders."""

import hashlib
import http.server
import io
import os
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from coldbench.benchmarks.plugins.published_files import published, published_names
from coldbench.datasets.acquire import extract as extracting
from coldbench.datasets.acquire.checksum import compute_checksum, require
from coldbench.datasets.acquire.data_file import DataFile, Download
from coldbench.datasets.acquire.extract import extract
from coldbench.datasets.acquire.file_set import FileSet, Published
from coldbench.datasets.acquire.install import add, fetch
from coldbench.datasets.acquire.verify import verify
from coldbench.datasets.errors import DataError
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M

RATINGS = b"1::10::5::100\n2::10::4::200\n" * 2000
MOVIES = b"10::Heat (1995)::Action\n"
USERS = b"1::F::1::1::1\n2::M::1::1::2\n"
FILES = {"ratings.dat": RATINGS, "movies.dat": MOVIES, "users.dat": USERS}
ANYWHERE = Download("http://127.0.0.1:9/set.zip")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name, content in files.items():
            packed.writestr(f"set/{name}", content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], *special: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as bundle:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            bundle.addfile(info, io.BytesIO(content))
        for info in special:
            bundle.addfile(info)
    return buffer.getvalue()


@dataclass
class Server:
    """A web server on this machine that can be told to misbehave.

    Attributes
    ----------
    files
        What it serves, by path.
    cut_after
        Bytes of each answer after which the connection is cut; None answers whole.
    ranges
        Whether it honours a Range header.
    failures
        Status codes of the next answers, before it behaves.
    asked
        The (path, Range header) of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    ranges: bool = True
    failures: list[int] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        span = handler.headers.get("Range")
        self.asked.append((handler.path, span))
        content = self.files.get(handler.path.lstrip("/"))
        if self.failures or content is None:
            handler.send_error(self.failures.pop(0) if self.failures else 404)
            return
        start = int(span.removeprefix("bytes=").rstrip("-")) if span and self.ranges else 0
        if start > len(content) or (span and start == len(content)):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start:][: self.cut_after])
        handler.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    ours = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ours.answer(self)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        ours.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield ours
        running.shutdown()
        thread.join()


def small(*downloads: Download) -> FileSet:
    """The files of ml-1m as they are made up here."""
    movies = DataFile("movies.dat", sha256(MOVIES))
    ratings = DataFile("ratings.dat", alternative=DataFile("ratings_rebuilt.dat"))
    return FileSet("ml-1m", (ratings, movies, DataFile("users.dat")), downloads)


def served(server: Server, archive: bytes, **checksum: str) -> FileSet:
    """Put an archive on the server and return the files that are fetched from there."""
    server.files["set.zip"] = archive
    checksum = checksum or {"sha256": sha256(archive)}
    return small(Download(f"{server.url}/set.zip", size=len(archive), **checksum))


def left(home: Path) -> set[str]:
    """Return what is in the data folder, hidden things too."""
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def get(wanted: FileSet) -> Path:
    return fetch(wanted, pause=0.0)


def test_fetch_unpacks_checks_and_loads(server: Server, home: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    archive = zipped(FILES)
    folder = fetch(served(server, archive), lambda *one: told.append(one), pause=0.0)
    assert folder == home / "ml-1m"
    assert left(home) == {f"ml-1m/{name}" for name in (*FILES, "manifest.json")}
    assert (folder / "ratings.dat").read_bytes() == RATINGS
    assert told[-1] == ("set.zip", len(archive), len(archive))
    assert len(MovieLens1M(k_core=0).load().interactions) == 2


def test_a_cut_connection_is_taken_up_where_it_broke(server: Server, home: Path) -> None:
    wanted = served(server, zipped(FILES))
    server.cut_after = 25_000
    get(wanted)
    starts = [0 if span is None else int(span[6:-1]) for _, span in server.asked]
    assert starts == [25_000 * at for at in range(len(starts))] and len(starts) == 3
    assert (home / "ml-1m" / "ratings.dat").read_bytes() == RATINGS


def test_what_was_downloaded_is_kept_for_the_next_call(server: Server, home: Path) -> None:
    wanted = served(server, zipped(FILES))
    server.cut_after = 10_000
    with pytest.raises(DataError, match=r"no complete answer in 5 attempts.*run the same command"):
        get(wanted)
    assert left(home) == {"downloads/ml-1m/set.zip.part"}, "no half of a dataset"
    server.cut_after = None
    server.asked.clear()
    get(wanted)
    assert server.asked == [("/set.zip", "bytes=50000-")]
    assert not (home / "downloads" / "ml-1m").exists()


def test_a_server_without_ranges_begins_again(server: Server, home: Path) -> None:
    wanted = served(server, zipped(FILES))
    part = home / "downloads" / "ml-1m" / "set.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    server.ranges = False
    get(wanted)
    assert (home / "ml-1m" / "ratings.dat").read_bytes() == RATINGS


def test_a_part_longer_than_the_file_is_thrown_away(server: Server, home: Path) -> None:
    archive = zipped(FILES)
    wanted = served(server, archive)
    unsized = replace(wanted, downloads=(replace(wanted.downloads[0], size=None),))
    part = home / "downloads" / "ml-1m" / "set.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(archive + b"more")
    get(unsized)
    assert [span for _, span in server.asked] == [f"bytes={len(archive) + 4}-", None]


def test_a_server_in_trouble_is_asked_again(server: Server, home: Path) -> None:
    server.failures = [503, 500]
    get(served(server, zipped(FILES)))
    assert len(server.asked) == 3 and (home / "ml-1m").is_dir()


def test_a_missing_page_is_told_at_once(server: Server, home: Path) -> None:
    wanted = served(server, zipped(FILES))
    server.files.clear()
    with pytest.raises(DataError, match=r"set\.zip: the server answers 404 Not Found.*data add"):
        get(wanted)
    assert len(server.asked) == 1 and left(home) == set()


def test_a_server_that_is_not_there(home: Path) -> None:
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9/set\.zip: no complete answer"):
        get(small(ANYWHERE))
    assert left(home) == set()


@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("md5", 32), ("git", 40)])
def test_a_wrong_hash_is_refused_and_nothing_stays(
    server: Server, home: Path, algorithm: str, digits: int
) -> None:
    wanted = served(server, zipped(FILES), **{algorithm: "0" * digits})
    with pytest.raises(DataError, match=rf"set\.zip.*: {algorithm} [0-9a-f]+ where 0{{{digits}}}"):
        get(wanted)
    assert left(home) == set()


def test_an_archive_of_another_length_is_refused(server: Server, home: Path) -> None:
    archive = zipped(FILES)
    wanted = served(server, archive)
    server.files["set.zip"] = archive + b"tail"
    with pytest.raises(DataError, match=rf"more than the {len(archive):,} bytes that"):
        get(wanted)
    assert left(home) == set()


def test_a_truncated_archive_is_refused(server: Server, home: Path) -> None:
    short = zipped(FILES)[:-100]
    with pytest.raises(DataError, match=r"set\.zip: neither a zip nor a tar archive, or truncated"):
        get(served(server, short))
    assert left(home) == set()


def test_an_archive_without_a_needed_file(server: Server, home: Path) -> None:
    lacking = {name: FILES[name] for name in ("movies.dat", "users.dat")}
    with pytest.raises(DataError, match=r"ratings\.dat or ratings_rebuilt\.dat is missing"):
        get(served(server, zipped(lacking)))
    assert not (home / "ml-1m").exists()


def test_a_failed_fetch_leaves_the_installed_dataset_alone(server: Server, home: Path) -> None:
    get(served(server, zipped(FILES)))
    before = {name: (home / name).read_bytes() for name in left(home)}
    with pytest.raises(DataError):
        get(served(server, zipped({**FILES, "movies.dat": b"other"})))
    assert {n: (home / n).read_bytes() for n in left(home) if "downloads" not in n} == before


def test_an_optional_file_may_lack(server: Server, home: Path) -> None:
    server.files["users.dat"] = b"1 0\n"
    names = ("users.dat", "raw-data.csv")
    wanted = FileSet(
        "citeulike-a",
        tuple(DataFile(name, optional=name != "users.dat") for name in names),
        tuple(Download(f"{server.url}/{name}", optional=name != "users.dat") for name in names),
    )
    said: list[str] = []
    fetch(wanted, note=said.append, pause=0.0)
    assert left(home) == {"citeulike-a/users.dat", "citeulike-a/manifest.json"}
    assert len(said) == 1 and "raw-data.csv is left out" in said[0] and "404" in said[0]


def test_what_a_killed_process_left_is_cleared_away(server: Server, home: Path) -> None:
    old, young = home / ".ml-1m.old.staging", home / ".ml-1m.young.staging"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "half").write_bytes(b"x")
    os.utime(old, (0, 0))
    get(served(server, zipped(FILES)))
    assert not old.exists() and young.exists()


# Archives that lie.


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def device(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
    return info


def zip_of(*members: tuple[str, bytes, int]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            packed.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def lying_zip() -> bytes:
    """A zip whose directory declares 10 bytes for a member of a million."""
    content = bytearray(zip_of(("bomb", b"\0" * 1_000_000, 0)))
    size = (1_000_000).to_bytes(4, "little")
    assert content.count(size) == 2
    return bytes(content.replace(size, (10).to_bytes(4, "little")))


LIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "tar climbs": (lambda: tarred({"../evil": b"x"}), r"'\.\./evil' climbs"),
    "tar climbs inside": (lambda: tarred({"a/../../evil": b"x"}), "climbs"),
    "tar absolute": (lambda: tarred({"/evil": b"x"}), "'/evil' is an absolute path"),
    "tar symlink": (lambda: tarred({}, link("a", tarfile.SYMTYPE, "/etc")), "'a' is a link"),
    "tar hard link": (lambda: tarred({}, link("a", tarfile.LNKTYPE, "../b")), "'a' is a link"),
    "tar device": (lambda: tarred({}, device("null")), "'null' is a link or a device"),
    "tar fifo": (lambda: tarred({}, link("f", tarfile.FIFOTYPE, "")), "'f' is a link or a dev"),
    "tar twice": (lambda: tarred({"a": b"x", "./a": b"y"}), "comes twice"),
    "tar backslash": (lambda: tarred({"..\\evil": b"x"}), "not a plain one"),
    "tar too large": (lambda: tarred({"a": b"\0" * 200_000}), "unpacks to 200000 bytes, more than"),
    "tar sum too large": (lambda: tarred({str(n): b"\0" * 60_000 for n in range(2)}), "120000"),
    "tar truncated": (
        lambda: tarred({"a": os.urandom(50_000)})[:30_000],
        "file is truncated",
    ),
    "tar other bytes": (lambda: tarred({"a": b"x"})[:10] + b"\1" * 90, "neither a zip nor a tar"),
    "zip climbs": (lambda: zip_of(("../evil", b"x", 0)), r"'\.\./evil' climbs"),
    "zip absolute": (lambda: zip_of(("/evil", b"x", 0)), "absolute"),
    "zip drive": (lambda: zip_of(("C:/evil", b"x", 0)), "'C:/evil' is an absolute path"),
    "zip symlink": (lambda: zip_of(("a", b"/etc", stat.S_IFLNK | 0o777)), "'a' is a link"),
    "zip device": (lambda: zip_of(("a", b"", stat.S_IFCHR | 0o600)), "'a' is a link or a device"),
    "zip twice": (lambda: zip_of(("a", b"x", 0), ("./a", b"y", 0)), "comes twice"),
    "zip bomb declared": (lambda: zip_of(("a", b"\0" * 10**6, 0)), "1000000 bytes, more than"),
    "zip bomb hidden": (lying_zip, "cannot be unpacked|more bytes than"),
    "zip many": (lambda: zip_of(*((str(n), b"", 0) for n in range(60))), "members, more than 50"),
    "tar many": (lambda: tarred({str(n): b"" for n in range(60)}), "ore than 50 members"),
    "zip crc": (lambda: zipped({"a": b"content"}).replace(b"content", b"CONTENT"), "Bad CRC"),
    "zip file in the way": (lambda: zip_of(("a", b"x", 0), ("a/b", b"y", 0)), "cannot be unpacked"),
    "text": (lambda: b"<html>not found</html>", "neither a zip nor a tar archive"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_archive_that_lies_is_refused_and_nothing_stays(
    tmp_path: Path, lie: tuple[Callable[[], bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, says = lie
    monkeypatch.setattr(extracting, "MEMBERS", 50)
    archive = tmp_path / "set.bin"
    archive.write_bytes(make())
    with pytest.raises(DataError, match=says) as told:
        extract(archive, tmp_path / "out" / "deep", limit=100_000)
    assert str(archive) in str(told.value)
    assert [path.name for path in tmp_path.rglob("*")] in (["set.bin", "out"], ["out", "set.bin"])


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_honest_archive_is_unpacked(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    (tmp_path / "a").write_bytes(pack({"x/y.dat": b"1", "z.dat": b""}))
    extract(tmp_path / "a", tmp_path / "out", limit=1)
    found = {p.name: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert found == {"y.dat": b"1", "z.dat": b""}


# Local folders and archives.


def folder_with(place: Path, files: dict[str, bytes]) -> Path:
    place.mkdir(parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    return place


@pytest.mark.parametrize("form", ["folder", "nested", "zip", "tar.gz"])
def test_add_takes_folders_and_archives(tmp_path: Path, home: Path, form: str) -> None:
    if form in ("folder", "nested"):
        place = tmp_path / "given"
        folder_with(place if form == "folder" else place / "deep" / "er", FILES)
    else:
        place = tmp_path / f"given.{form}"
        place.write_bytes(zipped(FILES) if form == "zip" else tarred(FILES))
    add(small(), place)
    assert left(home) == {f"ml-1m/{name}" for name in (*FILES, "manifest.json")}
    assert all(one.good for one in verify(small()))
    assert len(MovieLens1M(k_core=0).load().interactions) == 2
    assert place.exists(), "the given files stay where they are"


def test_add_chooses_the_file_of_the_right_content(tmp_path: Path, home: Path) -> None:
    place = tmp_path / "given"
    folder_with(place / "a", {"movies.dat": b"other"})
    folder_with(place / "b", FILES)
    add(small(), place)
    assert (home / "ml-1m" / "movies.dat").read_bytes() == MOVIES


def test_add_refuses_another_content(tmp_path: Path, home: Path) -> None:
    place = folder_with(tmp_path / "given", {**FILES, "movies.dat": MOVIES + b"more"})
    with pytest.raises(DataError, match=r"given/movies\.dat: sha256 [0-9a-f]+ where"):
        add(small(), place)
    assert left(home) == set()


def test_add_refuses_what_is_not_there_or_no_archive(tmp_path: Path, home: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        add(small(), tmp_path / "absent")
    (tmp_path / "page.html").write_text("<html>")
    with pytest.raises(DataError, match=r"page\.html: neither a folder nor a zip or tar"):
        add(small(), tmp_path / "page.html")
    with pytest.raises(DataError, match=r"is missing; ml-1m needs ratings\.dat or"):
        add(small(), folder_with(tmp_path / "empty", {}))
    assert left(home) == set()


def test_what_comes_with_its_package_is_not_fetched(tmp_path: Path) -> None:
    for action in (fetch, lambda one: add(one, tmp_path)):
        with pytest.raises(DataError, match="movietweetings comes with its package"):
            action(published("movietweetings").files)


def test_what_has_no_address_is_added_only(home: Path) -> None:
    with pytest.raises(DataError, match=r"ml-1m has no address.*`coldbench data add ml-1m PATH`"):
        fetch(small())
    with pytest.raises(DataError, match=r"run `coldbench data add ml-1m PATH`$"):
        small().installed()


@pytest.mark.parametrize("archive", ["set.zip?download=1", "other"])
def test_a_download_may_be_stored_under_a_name(server: Server, home: Path, archive: str) -> None:
    server.files[archive] = zipped(FILES)
    get(small(Download(f"{server.url}/{archive}", name=None if "?" in archive else "set.zip")))
    assert (home / "ml-1m" / "movies.dat").read_bytes() == MOVIES


def test_an_archive_that_is_the_file_itself_stays_packed(server: Server, home: Path) -> None:
    server.files["set.zip"] = zipped(FILES)
    get(FileSet("x", (DataFile("set.zip"),), (Download(f"{server.url}/set.zip", unpack=False),)))
    assert (home / "x" / "set.zip").read_bytes() == server.files["set.zip"]


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: FileSet("../ml-1m", (DataFile("a"),)), r"'\.\./ml-1m' cannot be the name"),
        (lambda: FileSet("cache", (DataFile("a"),)), "cache, downloads are taken"),
        (lambda: FileSet("mine", ()), "mine declares no file"),
        (lambda: DataFile("a/b.csv"), "'a/b.csv' cannot be the name of a file"),
        (lambda: DataFile("manifest.json"), "'manifest.json' cannot be"),
        (lambda: DataFile("a", sha256="12"), "sha256 of a is '12'; give its 64 hexadecimal"),
        (lambda: Download("http://x/a", md5="Z" * 32), "md5 of a is"),
        (lambda: Download("/etc/passwd"), "'/etc/passwd' is not an address"),
        (lambda: Download("https://x/"), "'' cannot be the name"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(declare: Callable[[], object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        declare()


def test_a_file_that_is_not_declared_is_not_looked_for(home: Path) -> None:
    (home / "ml-1m").mkdir(parents=True)
    with pytest.raises(DataError, match=r"ml-1m declares no file 'links.csv'; it declares ratings"):
        small().installed().path("links.csv")


def test_verify_tells_what_changed(tmp_path: Path, home: Path) -> None:
    with pytest.raises(DataError, match="ml-1m is not on this machine"):
        verify(small())
    add(small(), folder_with(tmp_path / "given", FILES))
    (home / "ml-1m" / "movies.dat").write_bytes(b"changed")
    (home / "ml-1m" / "users.dat").write_bytes(b"changed")
    (home / "ml-1m" / "ratings.dat").unlink()
    assert {one.file: (one.good, one.remark) for one in verify(small())} == {
        "ratings.dat or ratings_rebuilt.dat": (False, "is missing"),
        "movies.dat": (False, "differs from the published file"),
        "users.dat": (False, "has changed since it was installed"),
    }


def test_checksums(tmp_path: Path) -> None:
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    assert compute_checksum(path, "git") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert compute_checksum(path, "md5") == "b1946ac92492d2347c6235b4d2611184"
    assert compute_checksum(path) == sha256(b"hello\n")
    require(path, "git", "ce013625030ba8dba906f756967f9e9ca394464a")


def test_every_declaration_is_complete() -> None:
    assert {"ml-1m", "kg-mkr", "movietweetings"} <= set(published_names())
    for name in published_names():
        one = published(name)
        assert isinstance(one, Published) and one.files.name == name
        assert one.files.embedded or one.files.downloads, name
        assert one.card.licence and one.card.page.startswith("https://") and one.files.needed
        for wanted in one.files.downloads:
            assert wanted.url.startswith("https://"), wanted
            assert wanted.checksum is not None, f"{wanted.url} could be anything"


@pytest.mark.parametrize("name", sorted(set(published_names()) - {"movietweetings"}))
def test_add_takes_the_real_files(shared: Callable[[str], Path], name: str) -> None:
    files = published(name).files
    add(files, shared(name))
    findings = verify(files)
    assert findings and all(one.good for one in findings)
    known = [one for one in findings if files.checksums[one.file.removesuffix(".gz")]]
    assert all("as published" in one.remark for one in known)


def test_the_shipped_files_are_the_published_ones() -> None:
    findings = verify(published("movietweetings").files)
    assert [one.remark for one in findings] == ["as published"] * 5
