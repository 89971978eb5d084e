"""Times are reported apart by how they are written, and said; what cannot be told is refused."""

from pathlib import Path

import polars as pl
import pytest
from coldbench.datasets.errors import DataError
from coldbench.datasets.interactions import NO_TIME
from coldbench.datasets.sources.own_files.source import Files

SECONDS = (978_300_760, 1_000_000_000, 0)
FORMS = {
    "seconds": ("978300760", "1000000000", "0", "epoch seconds"),
    "floats": ("978300760.0", "1000000000.0", "0.0", "epoch seconds"),
    "milliseconds": ("978300760123", "1000000000000", "0", "epoch milliseconds"),
    "microseconds": ("978300760999999", "1000000000000000", "0", "epoch microseconds"),
    "nanoseconds": ("978300760999999999", "1000000000000000000", "0", "epoch nanoseconds"),
    "ISO": (
        "2000-12-31T22:12:40",
        "2001-09-09T01:46:40",
        "1970-01-01",
        "ISO dates with times, read as UTC",
    ),
    "ISO with a space and fractions": (
        "2000-12-31 22:12:40.999",
        "2001-09-09 01:46:40",
        "1970-01-01 00:00",
        "ISO dates with times, read as UTC",
    ),
    "ISO with zones": (
        "2000-12-31T22:12:40Z",
        "2001-09-08T20:46:40-05:00",
        "1970-01-01T05:30:00+0530",
        "ISO dates with times and zone",
    ),
}


def interactions(folder: Path, times: tuple[str, ...]) -> Files:
    folder.mkdir(exist_ok=True)
    rows = [f"u{at},i{at},{time}" for at, time in enumerate(times)]
    path = folder / "i.csv"
    path.write_text("\n".join(["user,item,timestamp", *rows, "u9,i9,"]) + "\n")
    return Files(interactions=str(path))


def unit(source: Files) -> str:
    return next(one.remark for one in source.load_with_report()[1].columns if one.kind == "time")


@pytest.mark.parametrize("form", FORMS)
def test_a_time_is_the_same_however_it_is_written(form: str, tmp_path: Path) -> None:
    plain = interactions(tmp_path / "plain", tuple(map(str, SECONDS))).load()
    *written, said = FORMS[form]
    source = interactions(tmp_path / "form", tuple(written))
    data = source.load()
    assert data.interactions.timestamps is not None
    assert data.interactions.timestamps.tolist() == [*SECONDS, NO_TIME]
    assert data.sha256 == plain.sha256
    assert unit(source).startswith(f"{said}; 1970-01-01 to 2001-09-09, 1 missing")


def test_dates_alone(tmp_path: Path) -> None:
    for name, written, said in (
        ("iso", ("2001-09-09", "1970-01-01"), "ISO dates;"),
        ("compact", ("20010909", "19700101"), "dates written 20011231;"),
    ):
        source = interactions(tmp_path / name, written)
        times = source.load().interactions.timestamps
        assert times is not None and times.tolist() == [999_993_600, 0, NO_TIME]
        assert unit(source).startswith(said)


@pytest.mark.parametrize("kind", ["s", "ms", "us", "ns", "Float64", "Date", "UTC", "String"])
def test_times_of_parquet(kind: str, tmp_path: Path) -> None:
    days = 199_929_600, 978_307_200
    times = pl.Series("timestamp", [day * 1_000_000 for day in days], dtype=pl.Int64)
    series = {
        "s": times // 1_000_000,
        "ms": times // 1_000,
        "us": times,
        "ns": (times * 1_000).cast(pl.Datetime("ns")),
        "Float64": (times // 1_000_000).cast(pl.Float64),
        "Date": times.cast(pl.Datetime("us")).cast(pl.Date),
        "UTC": times.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Asia/Tokyo"),
        "String": times.cast(pl.Datetime("us")).dt.to_string("%Y-%m-%d"),
    }[kind]
    pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"]}).with_columns(
        series.alias("timestamp")
    ).write_parquet(tmp_path / "i.parquet")
    found = Files(interactions=str(tmp_path / "i.parquet")).load().interactions.timestamps
    assert found is not None and found.tolist() == list(days)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        (("978300760", "978300760000", "978300761"), ("line 3", "milliseconds", "of seconds")),
        (("978300760000", "978300760001", "978300761"), ("line 4", "978300761", "seconds")),
        (("2001-01-01", "978300760"), ("line 3", "'978300760' is a number", "'2001-01-01'")),
        (("2001-01-01T00:00Z", "2001-01-01T00:00"), ("line 3", "has no zone")),
        (("01/02/2001", "2001-01-01"), ("line 2", "'01/02/2001' is not a time", "write ISO")),
        (("2001-02-30",), ("line 2", "'2001-02-30' is not a time")),
        (("2001-01-01T25:00",), ("line 2", "'2001-01-01T25:00' is not a time")),
        (("978300760.5",), ("line 2", "'978300760.5' is not a time")),
        (("9.78e8",), ("line 2", "'9.78e8' is not a time")),
    ],
)
def test_what_is_no_time_is_told_with_its_line(
    times: tuple[str, ...], says: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(DataError) as told:
        interactions(tmp_path / "form", times).load()
    for part in ("i.csv", "column 'timestamp'", *says):
        assert part in str(told.value)


def test_the_line_is_right_behind_a_field_of_two_lines(tmp_path: Path) -> None:
    path = tmp_path / "i.csv"
    path.write_text('user,item,timestamp,note\na,x,5,"one\ntwo"\nb,y,soon,\n')
    with pytest.raises(DataError, match=r"line 4, column 'timestamp': 'soon'"):
        Files(interactions=str(path)).load()


def test_milliseconds_merge_and_sort_as_seconds_do(tmp_path: Path) -> None:
    text = "user,item,rating,timestamp\na,x,1,{}\na,x,2,{}\n"
    hashes = []
    for name, times in (
        ("s", ("1000000001", "1000000000")),
        ("ms", ("1000000001000", "1000000000000")),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text(text.format(*times))
        data = Files(interactions=str(path)).load()
        assert data.interactions.values.tolist() == [1]
        hashes.append(data.sha256)
    assert len(set(hashes)) == 1
