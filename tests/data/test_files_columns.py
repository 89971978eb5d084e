"""Which column is what: names, ids written as floats, categories, texts, long form."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.datasets.errors import DataError
from coldbench.datasets.sources.own_files.source import Files

INTERACTIONS = (
    "user,item,rating,timestamp\n1,10,5,1000000000\n1,20,3,1000000001\n2,10,1,1000000002\n"
)
ITEMS = "item,genre,price\n10,Drama,3.5\n20,War,1\n"
USERS = "user,age\n1,30\n2,40\n"


def source(folder: Path, tables: dict[str, str], **settings: object) -> Files:
    folder.mkdir(exist_ok=True)
    paths = {}
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
        paths[name] = str(folder / f"{name}.csv")
    return Files(**paths, **settings)  # type: ignore[arg-type]


@pytest.fixture
def plain(tmp_path: Path) -> str:
    tables = {"interactions": INTERACTIONS, "items": ITEMS, "users": USERS}
    return source(tmp_path / "plain", tables).load().sha256


def renamed(**names: str) -> dict[str, str]:
    tables = {"interactions": INTERACTIONS, "items": ITEMS, "users": USERS}
    for role, name in names.items():
        tables = {one: text.replace(role, name, 1) for one, text in tables.items()}
    return tables


def test_one_mapping_names_the_columns_of_every_table(tmp_path: Path, plain: str) -> None:
    tables = renamed(user="who", item="placeID", rating="stars", timestamp="when")
    mapping = {"user": "who", "item": "placeID", "rating": "stars", "timestamp": "when"}
    assert source(tmp_path / "form", tables, columns=mapping).load().sha256 == plain


def test_a_mapped_table_may_still_call_its_ids_id(tmp_path: Path, plain: str) -> None:
    tables = renamed(item="placeID")
    tables["items"] = tables["items"].replace("placeID", "id")
    assert source(tmp_path / "form", tables, columns={"item": "placeID"}).load().sha256 == plain


@pytest.mark.parametrize(
    "user, item", [("userId", "itemId"), ("user_id", "ITEM_ID"), ("User", "Item")]
)
def test_common_names_of_ids_need_no_mapping(
    user: str, item: str, tmp_path: Path, plain: str
) -> None:
    assert source(tmp_path / "form", renamed(user=user, item=item)).load().sha256 == plain


def test_two_columns_that_may_be_the_id_are_not_guessed(tmp_path: Path) -> None:
    text = "userId,user_id,item\n1,2,3\n"
    with pytest.raises(DataError, match=r"'user' is missing.*'dataset.columns=\{user: NAME\}'"):
        source(tmp_path / "form", {"interactions": text}).load()


def test_one_column_in_two_roles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gives 'x' as"):
        source(
            tmp_path / "f", {"interactions": "x\n1\n"}, columns={"user": "x", "item": "x"}
        ).load()


def test_ids_written_as_floats_are_whole_numbers(tmp_path: Path, plain: str) -> None:
    text = INTERACTIONS.replace("\n1,10,", "\n1.0,10.0,").replace("\n1,20,", "\n1.0,20.0,")
    tables = renamed() | {"interactions": text.replace("\n2,10,", "\n2.0,10.0,")}
    tables["users"] = USERS.replace("\n1,", "\n1.0,").replace("\n2,", "\n2.0,")
    assert source(tmp_path / "form", tables).load().sha256 == plain
    graph = "head,relation,tail\n10.0,by,Kay\nKay,likes,item:20.0\n"
    data = source(tmp_path / "form", tables | {"graph": graph}).load()
    assert data.graph is not None and data.graph.n_nodes == 3


def test_ids_of_which_some_are_words_stay_as_they_are(tmp_path: Path) -> None:
    text = "user,item\n1.0,a\nx,b\n"
    tables = {"interactions": text, "users": "user,age\n1.0,3\n"}
    data = source(tmp_path / "form", tables).load()
    assert data.user_ids.tolist() == ["1.0", "x"] and data.users.columns[0].matrix.nnz == 1


def test_floats_of_parquet_are_whole_numbers(tmp_path: Path, plain: str) -> None:
    form = source(tmp_path / "form", renamed())
    for name in ("interactions", "items", "users"):
        frame = pl.read_csv(tmp_path / "form" / f"{name}.csv")
        numbers = [one for one, kind in frame.schema.items() if kind == pl.Int64]
        path = tmp_path / "form" / f"{name}.parquet"
        frame.with_columns(pl.col(numbers).cast(pl.Float64)).write_parquet(path)
        setattr(form, name, str(path))
    assert form.load().sha256 == plain


LONG = {
    "two columns": ("item,genre\n10,Drama\n10,War\n20,War\n10,War\n", {}),
    "three columns": (
        "item,attribute,value\n20,genre,War\n10,genre,War\n10,genre,Drama\n99,genre,None\n",
        {},
    ),
    "codes": (
        "item,genre\n10,7\n10,8\n20,8\n",
        {"categorical": ["genre"]},
    ),
}


@pytest.mark.parametrize("form", LONG)
def test_long_form_is_the_wide_table(form: str, tmp_path: Path) -> None:
    text, settings = LONG[form]
    wide = "item,genre\n10,Drama|War\n20,War\n"
    if form == "codes":
        wide = "item,genre\n10,7|8\n20,8\n"
    plain = source(tmp_path / "w", {"interactions": INTERACTIONS, "items": wide}, **settings)
    long = source(tmp_path / "l", {"interactions": INTERACTIONS, "items": text}, **settings)
    assert long.load().sha256 == plain.load().sha256


def test_long_form_holds_numbers_and_texts_too(tmp_path: Path) -> None:
    wide = "item,genre,price,review\n10,Drama|War,3.5,Good. Long.\n20,War,,\n"
    text = (
        "id,attribute,value\n10,review,Good.\n10,price,3.5\n10,genre,War\n10,genre,Drama\n"
        "20,genre,War\n10,review,Long.\n"
    )
    hashes = {
        source(tmp_path / name, {"interactions": INTERACTIONS, "items": items}, texts=["review"])
        .load()
        .sha256
        for name, items in (("w", wide), ("l", text))
    }
    assert len(hashes) == 1


def test_several_numbers_of_one_item_are_not_guessed(tmp_path: Path) -> None:
    text = "item,price\n10,3\n10,4\n20,5\n"
    with pytest.raises(DataError, match=r"'10' has several rows.*dataset.categorical=\[price\]"):
        source(tmp_path / "f", {"interactions": INTERACTIONS, "items": text}).load()


def test_numbers_with_a_comma_are_not_taken_for_categories(tmp_path: Path) -> None:
    text = "item;price\n10;3,50\n20;4\n"
    tables = {"interactions": INTERACTIONS, "items": text}
    with pytest.raises(DataError, match=r"'3,50' is a number with a comma; write 3\.50, or"):
        source(tmp_path / "f", tables).load()
    data = source(tmp_path / "f", tables, categorical=["price"]).load()
    assert data.items.columns[0].values == ("3,50", "4")


def described(tmp_path: Path, cells: list[str], **settings: object) -> Files:
    rows = "\n".join(f"u,{at},1" for at in range(len(cells)))
    items = "\n".join(f"{at},{cell}" for at, cell in enumerate(cells))
    tables = {"interactions": f"user,item,rating\n{rows}\n", "items": f"item,said\n{items}\n"}
    return source(tmp_path / "f", tables, **settings)


TITLES = [f"The {word} of {at}" for at in range(10) for word in ("Return", "Night")]


@pytest.mark.parametrize(
    ("name", "cells", "text"),
    [
        ("titles", TITLES, True),
        ("titles of which one in ten is another's", TITLES[:18] + TITLES[:2], True),
        ("names that come again", (TITLES[:10] * 2), False),
        ("too few to tell", TITLES[:19], False),
        ("one word each", [f"brand{at}" for at in range(30)], False),
        ("lists", [f"big {at}|small {at}" for at in range(30)], False),
        ("half of them empty", TITLES + [""] * 20, True),
    ],
)
def test_free_text_is_told_from_categories(
    name: str, cells: list[str], text: bool, tmp_path: Path
) -> None:
    items = described(tmp_path, cells).load().items
    assert [one.name for one in items.texts] == (["said"] if text else [])
    assert [one.name for one in items.columns] == ([] if text else ["said"])


def test_what_the_user_says_goes_before_the_rule(tmp_path: Path) -> None:
    assert described(tmp_path, TITLES, categorical=["said"]).load().items.columns
    assert described(tmp_path, TITLES[:3], texts=["said"]).load().items.texts


def test_the_mapping_is_typed_with_or_without_a_plus() -> None:
    for plus in ("", "+"):
        words = [f"{plus}dataset.columns={{item: placeID}}", f"{plus}dataset.provenance={{a: b}}"]
        run = compose_run(["method=random", "dataset=files", *words])
        assert run.dataset.columns == {"item": "placeID"}
        assert run.dataset.provenance == {"a": "b"}


def test_an_items_table_without_ids_says_what_they_may_be_called(tmp_path: Path) -> None:
    tables = {
        "interactions": INTERACTIONS.replace("item", "placeID"),
        "items": ITEMS.replace("item", "poi"),
    }
    files = source(tmp_path / "f", tables, columns={"item": "placeID"})
    with pytest.raises(DataError, match="call the column of ids placeID or item or id in this"):
        files.load()


def test_dates_are_dates_whatever_their_form(tmp_path: Path) -> None:
    items = "item,out,year,seen\n10,1994-07-02,1994,2001-12\n20,,2001,1990-01\n"
    tables = {"interactions": INTERACTIONS, "items": items}
    data, report = source(tmp_path / "a", tables, dates=["year", "seen"]).load_with_report()
    out, year, seen = data.items.columns
    assert [one.name for one in data.items.columns if one.dated] == ["out", "year", "seen"]
    assert out.matrix.nnz == 1 and abs(out.matrix[0, 0] - 1994.4986) < 1e-3
    assert year.matrix.toarray()[:, 0].tolist() == [1994, 2001]
    assert abs(seen.matrix[0, 0] - 2001.915) < 1e-3 and seen.matrix[1, 0] == 1990
    kinds = {one.column: one.kind for one in report.columns if one.table == "items"}
    assert kinds == {"item": "item id", "out": "date", "year": "date", "seen": "date"}
    plain = source(tmp_path / "b", tables).load()
    kept = {one.name: (one.numeric, one.dated) for one in plain.items.columns}
    assert kept == {"out": (True, True), "year": (True, False), "seen": (False, False)}


def test_dates_of_parquet_are_dates(tmp_path: Path) -> None:
    made = source(tmp_path, {"interactions": INTERACTIONS})
    frame = pl.DataFrame({"item": ["10", "20"], "out": [date(2000, 1, 1), None]})
    frame.write_parquet(tmp_path / "items.parquet")
    made.items = str(tmp_path / "items.parquet")
    (out,) = made.load().items.columns
    assert out.dated and out.matrix.toarray()[:, 0].tolist() == [2000, 0] and out.matrix.nnz == 1


@pytest.mark.parametrize("cell", ["soon", "1994-13-01", "1994-02-30", "12.5"])
def test_what_is_no_date_is_refused_by_name(cell: str, tmp_path: Path) -> None:
    tables = {"interactions": INTERACTIONS, "items": f"item,out\n10,{cell}\n20,1990\n"}
    with pytest.raises(DataError, match=rf"items\.csv, column 'out': '{cell}' is not a date"):
        source(tmp_path, tables, dates=["out"]).load()


def test_an_unknown_column_of_dates_is_refused(tmp_path: Path) -> None:
    tables = {"interactions": INTERACTIONS, "items": ITEMS}
    with pytest.raises(DataError, match=r"dataset\.dates names 'out'"):
        source(tmp_path, tables, dates=["out"]).load()
