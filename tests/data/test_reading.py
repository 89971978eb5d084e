"""The reading of tables: what is accepted, and that nothing is changed on the way."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from coldbench.datasets.errors import DataError
from coldbench.datasets.interactions import NO_TIME
from coldbench.datasets.reading import ratings
from coldbench.datasets.reading.csv_rows import read_csv_rows
from coldbench.datasets.reading.frames import read_frame
from coldbench.datasets.reading.lists import read_lists
from coldbench.datasets.reading.numbers import read_numbers
from coldbench.datasets.reading.ratings import read_in_one_pass, read_ratings
from coldbench.datasets.reading.raw_bytes import find_file
from coldbench.datasets.reading.schema import Kind, NumberColumn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LAYOUT = (
    NumberColumn("user", Kind.ID),
    NumberColumn("item", Kind.ID),
    NumberColumn("rating", Kind.NUMBER, 0, 10),
    NumberColumn("timestamp", Kind.TIME, blank=True),
)
ROW = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 20).map(lambda half: half / 2),
    st.one_of(st.none(), st.integers(-(10**12), 10**12)),
)


@given(
    rows=st.lists(ROW, min_size=1, max_size=30), separator=st.sampled_from(["::", "\t", ",", "||"])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_come_back_as_they_were_written(
    tmp_path: Path, rows: list[tuple[int, int, float, int | None]], separator: str
) -> None:
    path = tmp_path / "table"
    lines = [separator.join("" if c is None else str(c) for c in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    table = read_numbers(path, LAYOUT, separator)
    assert table["user"].tolist() == [row[0] for row in rows]
    assert table["item"].tolist() == [row[1] for row in rows]
    assert table["rating"].tolist() == [row[2] for row in rows]
    assert table["timestamp"].tolist() == [NO_TIME if r[3] is None else r[3] for r in rows]
    assert [table[c.name].dtype for c in LAYOUT] == [np.uint32, np.uint32, np.float32, np.int64]


@pytest.mark.parametrize(
    "content",
    [
        b"1::2::3::4\n5::6::7::8\n",
        b"1::2::3::4\n5::6::7::8",
        b"1::2::3::4\r\n5::6::7::8\r\n",
        b"1::2::3::4\n5::6::7::8\n\n\n",
        b"\xef\xbb\xbf1::2::3::4\n5::6::7::8\n",
        gzip.compress(b"1::2::3::4\n5::6::7::8\n"),
    ],
    ids=["plain", "no last line end", "dos", "blank lines at the end", "mark", "gzip"],
)
def test_harmless_forms_are_read_alike(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table"
    path.write_bytes(content)
    table = read_numbers(path, LAYOUT, "::")
    assert [table[name].tolist() for name in ("user", "item", "rating", "timestamp")] == [
        [1, 5],
        [2, 6],
        [3, 7],
        [4, 8],
    ]


@given(
    rows=st.lists(ROW, min_size=2, max_size=12),
    at=st.integers(0, 11),
    cell=st.sampled_from([(0, "-1"), (1, "x"), (2, "10.5"), (2, ""), (3, "1.5"), (0, "1 2")]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_line_and_column_of_a_bad_cell_are_named(
    tmp_path: Path,
    rows: list[tuple[int, int, float, int | None]],
    at: int,
    cell: tuple[int, str],
) -> None:
    at %= len(rows)
    table = [["" if c is None else str(c) for c in row] for row in rows]
    table[at][cell[0]] = cell[1]
    path = tmp_path / "table"
    path.write_text("\n".join("::".join(row) for row in table))
    with pytest.raises(DataError) as told:
        read_numbers(path, LAYOUT, "::")
    assert (told.value.line, told.value.column) == (at + 1, LAYOUT[cell[0]].name)
    assert str(path) in str(told.value)


def test_lists_count_lines_from_zero(tmp_path: Path) -> None:
    path = tmp_path / "lists"
    path.write_text("2 5 3\n0\n1 4\n")
    lines, members = read_lists(path, "item")
    assert lines.tolist() == [0, 0, 2] and members.tolist() == [5, 3, 4]


def test_quoted_fields_may_hold_separators_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('id,plot\n1,"Rain, then\nsun."\n2,"She said ""no""."\n')
    rows = list(read_csv_rows(path, ("id", "plot")))
    assert [row["plot"] for row in rows] == ["Rain, then\nsun.", 'She said "no".']
    assert [row.line for row in rows] == [3, 4]


def test_a_frame_from_csv_tsv_and_parquet_is_the_same(tmp_path: Path) -> None:
    columns = (NumberColumn("user", Kind.NAME), NumberColumn("rating", Kind.NUMBER))
    comma, tab, packed = (tmp_path / name for name in ("t.csv", "t.tsv", "t.csv.gz"))
    comma.write_text('user,rating,note\n007,3.5,"a,b"\né,4,\n')
    tab.write_text("user\trating\tnote\n007\t3.5\ta,b\né\t4\t\n")
    packed.write_bytes(gzip.compress(comma.read_bytes()))
    frame = read_frame(comma, columns)
    frame.write_parquet(tmp_path / "t.parquet")
    expected = [("007", 3.5, "a,b"), ("é", 4.0, None)]
    for path in (comma, tab, packed, tmp_path / "t.parquet"):
        assert read_frame(path, columns).rows() == expected


def test_a_plain_file_goes_before_a_gzipped_one(tmp_path: Path) -> None:
    assert find_file(tmp_path, "a", "b") is None
    (tmp_path / "b.gz").write_bytes(b"")
    assert find_file(tmp_path, "a", "b") == tmp_path / "b.gz"
    (tmp_path / "a").write_bytes(b"")
    assert find_file(tmp_path, "a", "b") == tmp_path / "a"


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["1::2::3", "1::2::3::4::5"], 1),
        (["1::2::3::4", "1::2::3::4::5", "1::2::3"], 2),
        (["1::2::3::", "1:x:2::3::4"], 2),
        (["1::2::3::4", "1:2::::3::4"], 2),
        (["1::2::3::4", "1::2:::3:4"], 2),
        (["1::2::3::4", "1::2::3::::"], 2),
        (["1::2::3::4:", "1::2::3:4"], 1),
        (["1::2::3:", "1::2::3::4:"], 1),
    ],
)
def test_rows_that_make_up_for_each_other_are_found(
    tmp_path: Path, rows: list[str], line: int
) -> None:
    """The number of separators in all is right, or nearly so, and still a row is wrong."""
    path = tmp_path / "table"
    for end in ("\n", "\r\n"):
        path.write_text(end.join(rows) + end, newline="")
        with pytest.raises(DataError) as told:
            read_numbers(path, LAYOUT, "::")
        assert told.value.line == line


@given(
    text=st.lists(st.sampled_from(["1", ":", "::", "\n", ""]), min_size=1, max_size=24).map("".join)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
def test_the_fast_path_accepts_what_the_slow_pass_accepts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table"
    path.write_text("1::2::3::\n" + text)
    lines = ("1::2::3::\n" + text).rstrip("\n").split("\n")
    good = all(
        len(cells) == 4 and all(cells[:3]) and max(map(len, cells)) < 8
        for cells in (line.split("::") for line in lines)
    ) and not any(":" in cell for line in lines for cell in line.split("::"))
    try:
        table = read_numbers(path, LAYOUT, "::")
    except DataError:
        assert not good or any(float(line.split("::")[2]) > 10 for line in lines)
    else:
        assert good and len(table["user"]) == len(lines)


CELL = st.sampled_from(["0", "7", "12", "3.5", "10", "10.0", ".5", "5.", "4294967296", "-1", ""])


@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=5), min_size=1, max_size=6),
    separator=st.sampled_from(["::", "\t"]),
    end=st.sampled_from(["\n", "\r\n", "\n\n", ":\n"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
def test_one_pass_reads_what_the_c_parser_reads_or_nothing(
    tmp_path: Path, rows: list[list[str]], separator: str, end: str
) -> None:
    content = "".join(separator.join(row) + end for row in rows).encode()
    table = read_in_one_pass(content, LAYOUT, separator)
    if table is None:
        return
    path = tmp_path / "table"
    path.write_bytes(content)
    for name, values in read_numbers(path, LAYOUT, separator).items():
        assert table[name].dtype == values.dtype
        np.testing.assert_array_equal(table[name], values)


@given(rows=st.lists(ROW, min_size=1, max_size=30))
def test_one_pass_takes_the_plain_form(rows: list[tuple[int, int, float, int | None]]) -> None:
    rows = [(u, i, r, None if t is None else abs(t)) for u, i, r, t in rows]
    content = "\n".join("::".join("" if c is None else str(c) for c in row) for row in rows)
    table = read_in_one_pass(content.encode(), LAYOUT, "::")
    assert table is not None
    assert table["rating"].tolist() == [row[2] for row in rows]
    assert table["timestamp"].tolist() == [NO_TIME if r[3] is None else r[3] for r in rows]


def test_a_large_file_with_an_error_is_told_like_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratings, "LARGE", 0)
    path = tmp_path / "table"
    path.write_text("1::2::3::4\n5::6::11::8\n")
    with pytest.raises(DataError, match=r"table, line 2, column 'rating': rating 11 is outside"):
        read_ratings(path, LAYOUT, "::")
    path.write_text("1::2::3::4\n5::6::7::8\n")
    assert read_ratings(path, LAYOUT, "::")["user"].tolist() == [1, 5]
