"""``dataset=files``: whatever form the same tables are written in, they are the same dataset."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from coldbench.datasets.errors import DataError
from coldbench.datasets.sources.own_files.source import Files

INTERACTIONS = """user,item,rating,timestamp
zoë,t1,5,1000000000
zoë,t2,2,1000000100
bob,t1,4,1000000200
bob,007,1,
"""
ITEMS = """item,genre,price
t1,Comédie|War,3.5
t2,Drama,0
007,,9
"""


def zipped(content: bytes, name: str = "folder/table.csv", *others: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
        for other in (*others, "__MACOSX/._table.csv"):
            packed.writestr(other, b"x")
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


def pair(folder: Path, change: Callable[[str], bytes], name: str = "{}.csv") -> dict[str, str]:
    """Write both tables in a form of their own; return the settings that name them."""
    folder.mkdir(exist_ok=True)
    paths = {}
    for table, text in (("interactions", INTERACTIONS), ("items", ITEMS)):
        path = folder / name.format(table)
        path.write_bytes(change(text))
        paths[table] = str(path)
    return paths


@pytest.fixture
def plain(tmp_path: Path) -> str:
    """The fingerprint of the plain comma CSV."""
    return Files(**pair(tmp_path / "plain", str.encode)).load().sha256


FORMS: dict[str, tuple[Callable[[str], bytes], str, dict[str, str]]] = {
    "semicolons": (lambda t: t.replace(",", ";").encode(), "{}.csv", {}),
    "tabs in .csv": (lambda t: t.replace(",", "\t").encode(), "{}.csv", {}),
    "tabs in .tsv": (lambda t: t.replace(",", "\t").encode(), "{}.tsv", {}),
    "commas in .tsv": (str.encode, "{}.tsv", {}),
    "tab as it is typed": (lambda t: t.replace(",", "\t").encode(), "{}.csv", {"separator": "\\t"}),
    "Windows line ends": (lambda t: t.replace("\n", "\r\n").encode(), "{}.csv", {}),
    "UTF-8 with BOM": (lambda t: t.encode("utf-8-sig"), "{}.csv", {}),
    "UTF-16 with BOM": (lambda t: t.encode("utf-16"), "{}.csv", {}),
    "UTF-16 big-endian with BOM": (
        lambda t: b"\xfe\xff" + t.encode("utf-16-be"),
        "{}.csv",
        {},
    ),
    "UTF-16 named": (lambda t: t.encode("utf-16-le"), "{}.csv", {"encoding": "utf-16"}),
    "latin-1 named": (lambda t: t.encode("latin-1"), "{}.csv", {"encoding": "latin-1"}),
    "UTF-8 though latin-1 is named": (str.encode, "{}.csv", {"encoding": "latin-1"}),
    "gzip": (lambda t: gzip.compress(t.encode()), "{}.csv.gz", {}),
    "gzip without a name": (lambda t: gzip.compress(t.encode()), "{}", {}),
    "two gzips in one": (
        lambda t: gzip.compress(t[:30].encode()) + gzip.compress(t[30:].encode()),
        "{}.csv.gz",
        {},
    ),
    "bzip2": (lambda t: bz2.compress(t.encode()), "{}.csv.bz2", {}),
    "xz": (lambda t: lzma.compress(t.encode()), "{}.csv.xz", {}),
    "zstd": (lambda t: zstd(t.encode()), "{}.csv.zst", {}),
    "zip": (lambda t: zipped(t.encode()), "{}.zip", {}),
    "UTF-16, semicolons, xz": (
        lambda t: lzma.compress(t.replace(",", ";").encode("utf-16")),
        "{}.txt.xz",
        {},
    ),
    "Parquet in a zip": (lambda t: zipped(parquet(t)), "{}.zip", {}),
    "Parquet in gzip": (lambda t: gzip.compress(parquet(t)), "{}.parquet.gz", {}),
    "categorical Parquet": (
        lambda t: parquet(t, *("user", "item", "genre")),
        "{}.parquet",
        {},
    ),
}


def parquet(text: str, *categorical: str) -> bytes:
    """Return a table as Parquet; ratings and times are numbers, some texts of a dictionary."""
    frame = pl.read_csv(text.encode(), infer_schema=False)
    kinds = {"rating": pl.Float32, "timestamp": pl.Int64, "price": pl.Float64}
    frame = frame.with_columns(
        pl.col(name).cast(kind) for name, kind in kinds.items() if name in frame.columns
    )
    frame = frame.with_columns(
        pl.col(name).cast(pl.Categorical) for name in categorical if name in frame.columns
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_dataset(form: str, tmp_path: Path, plain: str) -> None:
    change, name, settings = FORMS[form]
    data = Files(**pair(tmp_path / "form", change, name), **settings).load()  # type: ignore[arg-type]
    assert data.user_ids.tolist() == ["bob", "zoë"]
    assert data.sha256 == plain


def test_each_file_has_its_own_separator(tmp_path: Path, plain: str) -> None:
    paths = pair(tmp_path / "form", str.encode)
    Path(paths["items"]).write_text(ITEMS.replace(",", ";"))
    assert Files(**paths).load().sha256 == plain


def test_a_zip_of_several_tables_is_refused_with_their_names(tmp_path: Path) -> None:
    paths = pair(tmp_path / "form", lambda t: zipped(t.encode(), "a.csv", "b.csv"), "{}.zip")
    with pytest.raises(
        DataError, match=r"interactions\.zip: the zip holds 2 files .*a\.csv, b\.csv"
    ):
        Files(**paths).load()


def test_a_workbook_is_told_from_a_zip(tmp_path: Path) -> None:
    paths = pair(tmp_path / "form", lambda t: zipped(b"", "[Content_Types].xml"), "{}.xlsx")
    with pytest.raises(DataError, match=r"workbook of Excel.*save the sheet as CSV"):
        Files(**paths).load()


@pytest.mark.parametrize("form", ["gzip", "bzip2", "xz", "zstd", "zip"])
def test_a_damaged_file_is_told(form: str, tmp_path: Path) -> None:
    change, name, _ = FORMS[form]
    paths = pair(tmp_path / "form", lambda t: change(t * 40)[:-30], name)
    with pytest.raises(DataError, match=r"interactions.*the \w+ file is (truncated|damaged)"):
        Files(**paths).load()


def test_a_separator_of_two_characters_is_refused(tmp_path: Path) -> None:
    paths = pair(tmp_path / "form", str.encode)
    with pytest.raises(DataError, match="'::' is not one character"):
        Files(**paths, separator="::").load()


def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    for name in ("latin-one", "base64"):
        with pytest.raises(DataError, match=f"no encoding '{name}'.*dataset.encoding=latin-1"):
            Files(**pair(tmp_path / "form", str.encode), encoding=name).load()


def test_utf_16_that_is_cut_is_told_as_such(tmp_path: Path) -> None:
    paths = pair(tmp_path / "form", lambda t: t.encode("utf-16")[:-1])
    with pytest.raises(DataError, match=r"line \d+: byte 0x0a is not utf-16; .* cut or damaged"):
        Files(**paths).load()
