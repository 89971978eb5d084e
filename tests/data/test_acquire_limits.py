"""Neither a server nor a file can make the program read without end."""

import gzip
import io
import os
import resource
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from coldbench.datasets.acquire import download as downloading
from coldbench.datasets.acquire.checksum import compute_checksum
from coldbench.datasets.acquire.data_file import Download
from coldbench.datasets.acquire.download import download
from coldbench.datasets.acquire.extract import extract, is_archive
from coldbench.datasets.errors import DataError
from coldbench.datasets.reading import compression, raw_bytes
from coldbench.datasets.sources.own_files.source import Files

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does to every connection what it is reported."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    try:
                        behave(connection)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/set.zip"
        listening.shutdown(socket.SHUT_RDWR)


def drip(connection: socket.socket, before: bytes = b"") -> None:
    connection.sendall(before)
    for _ in range(2_000):
        connection.sendall(b"x")
        time.sleep(0.01)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "WINDOW", 0.3)
    monkeypatch.setattr(downloading, "ATTEMPTS", 2)


@pytest.mark.parametrize("header", [HEAD + b"Content-Length: 5000\r\n\r\n", HEAD + b"\r\n"])
def test_a_server_that_trickles_is_left(header: bytes, tmp_path: Path, hurried: None) -> None:
    started = time.monotonic()
    with serving(lambda c: drip(c, header)) as url, pytest.raises(DataError) as told:
        download(Download(url), tmp_path, pause=0.0)
    assert "are fewer than 4,096 a second" in str(told.value)
    assert time.monotonic() - started < 5
    assert (tmp_path / "set.zip.part").stat().st_size > 5, "what was sent is kept"


def test_a_server_that_trickles_its_header_is_left(tmp_path: Path, hurried: None) -> None:
    started = time.monotonic()
    with serving(lambda c: drip(c, HEAD + b"X: ")) as url, pytest.raises(DataError) as told:
        download(Download(url), tmp_path, pause=0.0)
    assert "no complete answer in 2 attempts (no answer)" in str(told.value)
    assert time.monotonic() - started < 5


def test_a_download_ends_at_the_published_size(tmp_path: Path) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        for _ in range(10_000):
            connection.sendall(b"x" * 65_536)

    with serving(flood) as url, pytest.raises(DataError, match="more than the 100 bytes that"):
        download(Download(url, size=100), tmp_path, pause=0.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("header", [b"Content-Length: 900000\r\n\r\n", b"\r\n"])
def test_a_download_of_unknown_size_has_a_limit(
    header: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "LARGEST", 100_000)
    with (
        serving(lambda c: c.sendall(HEAD + header + b"x" * 900_000)) as url,
        pytest.raises(DataError, match="more than the 100,000 bytes that any dataset has"),
    ):
        download(Download(url), tmp_path, pause=0.0)
    assert not list(tmp_path.iterdir())


def bomb(path: Path, size: int = 300_000_000) -> Path:
    line = b"1,1,5\n"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"user,item,rating\n")
        block = line * 100_000
        for _ in range(size // len(block)):
            file.write(block)
    return path


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_a_bomb_ends_in_a_sentence_in_bounded_memory(tmp_path: Path) -> None:
    path = bomb(tmp_path / "interactions.csv.gz")
    before, started = peak(), time.monotonic()
    with pytest.raises(DataError, match=r"interactions\.csv\.gz: the first .* taken for a bomb"):
        Files(interactions=str(path)).load()
    assert time.monotonic() - started < 10
    assert peak() - before < 250_000_000
    with pytest.raises(DataError, match="taken for a bomb"):
        compute_checksum(path, inflate=True)


@pytest.mark.parametrize("table", ["interactions", "users", "items", "graph"])
def test_a_device_is_not_read(table: str, tmp_path: Path) -> None:
    good = tmp_path / "i.csv"
    good.write_text("user,item\na,x\n")
    paths = {"interactions": str(good)} | {table: "/dev/zero"}
    with pytest.raises(DataError, match="/dev/zero: this is a device or a pipe"):
        Files(**paths).load()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="a device or a pipe"):
        Files(interactions=str(tmp_path / "pipe")).load()


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "i.csv"
    with path.open("wb") as file:
        file.truncate(raw_bytes.LARGEST + 1)
    with pytest.raises(DataError, match="4,000,000,001 bytes, more than 4,000,000,000"):
        Files(interactions=str(path)).load()


def test_what_unpacks_to_more_than_the_limit_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "i.csv.gz"
    path.write_bytes(gzip.compress(b"user,item\n" + b"a,x\n" * 10_000))
    chunks = compression.decompress_chunks(path, io.BytesIO(path.read_bytes()), 20_000, 1_000)
    with pytest.raises(DataError, match="unpacks to more than 20,000 bytes"):
        list(chunks)


def test_a_parquet_of_countless_rows_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["a"], "item": ["x"]})
    pl.concat([frame] * 1).select(pl.all().repeat_by(2_000_000).explode()).write_parquet(
        tmp_path / "i.parquet"
    )
    with pytest.raises(DataError, match=r"2,000,000 rows in .* taken for a bomb"):
        Files(interactions=str(tmp_path / "i.parquet")).load()


def tar_with_header_of(size: int) -> bytes:
    """A tar.gz whose extended header announces, and is, that many zeros."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    packed_tar = io.BytesIO()
    with gzip.GzipFile(fileobj=packed_tar, mode="wb", compresslevel=9) as file:
        file.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(size // 1_000_000):
            file.write(bytes(1_000_000))
    return packed_tar.getvalue()


def test_a_tar_whose_header_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "set.tar.gz"
    path.write_bytes(tar_with_header_of(300_000_000))
    before = peak()
    assert is_archive(path)
    with pytest.raises(DataError, match="unpack"):
        extract(path, tmp_path / "out", 1_000_000)
    assert peak() - before < 100_000_000
    assert [one.name for one in tmp_path.iterdir()] == ["set.tar.gz"]
