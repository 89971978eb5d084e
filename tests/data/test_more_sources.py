"""ml-latest-small, hetrec-lastfm and online-retail-ii: counts, columns, and bad input."""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from coldbench.benchmarks.cli.data import main
from coldbench.benchmarks.plugins.published_files import published
from coldbench.datasets.acquire.install import add
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import DataError
from coldbench.datasets.protocol.scenarios import NewUser
from coldbench.datasets.side_information import Provenance, Track
from coldbench.datasets.sources.films.film_graphs import FilmGraph
from coldbench.datasets.sources.films.movielens_latest import MovieLensLatestSmall
from coldbench.datasets.sources.hetrec_lastfm import HetRecLastFM
from coldbench.datasets.sources.online_retail import OnlineRetailII
from omegaconf import OmegaConf

Shared = Callable[[str], Path]
SOURCES = [MovieLensLatestSmall, HetRecLastFM, OnlineRetailII]
USER, EDITOR, OWN = Provenance.USER_GENERATED, Provenance.EDITORIAL, Provenance.INTRINSIC


def shape(data: Dataset) -> tuple[int, int, int, int]:
    pairs = data.interactions
    return pairs.n_users, pairs.n_items, len(pairs), len(data.positives)


def origins(data: Dataset) -> dict[str, Provenance]:
    sides = (data.users, data.items)
    return {one.name: one.provenance for side in sides for one in (*side.columns, *side.texts)}


def cell(data: Dataset, name: str, entity: str) -> set[str]:
    """Return the categories of one entity, found by its original id."""
    for side, ids in ((data.users, data.user_ids), (data.items, data.item_ids)):
        for column in side.columns:
            if column.name == name:
                row = column.matrix[ids.tolist().index(entity)]
                return {column.values[at] for at in row.indices}
    raise AssertionError(f"no column {name}")


def text(data: Dataset, name: str, item: str) -> str:
    (column,) = (one for one in data.items.texts if one.name == name)
    return column.values[data.item_ids.tolist().index(item)]


def raw(path: Path, encoding: str = "utf-8") -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode(encoding)


def write(folder: Path, files: dict[str, str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    return str(folder)


# ml-latest-small

LATEST = {
    "ratings.csv": "userId,movieId,rating,timestamp\r\n"
    "1,10,4.5,100\r\n1,20,0.5,200\r\n2,10,5.0,9\r\n",
    "movies.csv": 'movieId,title,genres\r\n10,"Heat, The (1995)",Crime|Action\r\n'
    "20,Cosmos,(no genres listed)\r\n",
    "tags.csv": "userId,movieId,tag,timestamp\r\n1,10,Noir  city,1\r\n2,10,noir city,2\r\n"
    "2,20,NOIR CITY,3\r\n2,20,once,4\r\n2,99,unrated,5\r\n",
}  # fmt: skip


def test_ml_latest_small_counts(shared: Shared) -> None:
    folder = shared("ml-latest-small")
    data = MovieLensLatestSmall(path=str(folder), k_core=0, minimum_tag_count=1).load()
    assert shape(data) == (610, 9724, 100_836, 48_580)
    assert data.merged == 0 and data.interactions.has_all_times
    halves = np.bincount((2 * data.interactions.values).astype(int), minlength=11)
    assert halves[0] == 0 and halves.sum() == 100_836 and (halves[1:] > 0).all()
    assert len(raw(folder / "movies.csv").splitlines()) - 1 == 9742
    assert origins(data) == {
        "genre": EDITOR, "decade": OWN, "year": OWN, "tag": USER,
        "title": OWN, "genres": EDITOR, "tags": USER,
    }  # fmt: skip
    assert data.graph is not None
    assert data.graph.relation_names == ("genre", "year", "decade", "tag")
    assert data.graph.provenance[3] is USER
    genres = next(column for column in data.items.columns if column.name == "genre")
    assert int((np.diff(genres.matrix.indptr) == 0).sum()) == 34


def test_ml_latest_small_tags_are_those_of_the_file(shared: Shared) -> None:
    folder = shared("ml-latest-small")
    data = MovieLensLatestSmall(path=str(folder), k_core=0, minimum_tag_count=1).load()
    rows = list(csv.DictReader(io.StringIO(raw(folder / "tags.csv"))))
    assert len(rows) == 3683
    rated = set(data.item_ids.tolist())
    pairs = {(row["movieId"], " ".join(row["tag"].lower().split())) for row in rows}
    column = next(one for one in data.items.columns if one.name == "tag")
    assert column.matrix.nnz == sum(film in rated for film, _ in pairs)
    assert cell(data, "tag", "1") == {tag for film, tag in pairs if film == "1"}


def test_ml_latest_small_core(shared: Shared) -> None:
    data = MovieLensLatestSmall(path=str(shared("ml-latest-small"))).load()
    assert shape(data) == (601, 1955, 75_064, 41_227)
    likes = data.positives
    assert np.bincount(likes.users).min() >= 5 and np.bincount(likes.items).min() >= 5


def test_ml_latest_small_in_small(tmp_path: Path) -> None:
    data = MovieLensLatestSmall(path=write(tmp_path, LATEST), k_core=0).load()
    assert data.interactions.values.tolist() == [4.5, 0.5, 5.0]
    assert data.positive.tolist() == [True, False, True]
    assert data.interactions.timestamps is not None
    assert data.interactions.timestamps.tolist() == [100, 200, 9]
    assert text(data, "title", "10") == "Heat, The (1995)"
    assert text(data, "tags", "10") == "noir city" and text(data, "tags", "20") == "noir city; once"
    assert cell(data, "genre", "10") == {"Action", "Crime"} and cell(data, "genre", "20") == set()
    assert cell(data, "tag", "10") == {"noir city"}
    assert cell(data, "tag", "20") == {"noir city", "once"}


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("ratings.csv", "4.5", "5.5", r"ratings\.csv, line 2, column 'rating'.*5\.5.*0\.5\.\.5"),
        ("ratings.csv", "0.5", "good", r"ratings\.csv, line 3, column 'rating'.*'good'"),
        ("ratings.csv", "1,20", "-1,20", r"ratings\.csv, line 3, column 'userId'.*-1"),
        ("ratings.csv", ",9\r", ",\r", r"ratings\.csv, line 4, column 'timestamp'.*missing"),
        ("ratings.csv", "rating,", "stars,", r"ratings\.csv, line 1.*'rating' is missing"),
        ("movies.csv", "20,Cosmos", "21,Cosmos", r"film 20 has ratings but no description"),
        ("movies.csv", "20,Cosmos", "10,Cosmos", r"movies\.csv, line 3.*id 10 was described"),
        ("tags.csv", "2,20,once", "2,x,once", r"tags\.csv, line 5, column 'movieId'.*'x'"),
        ("tags.csv", ",once,", ", ,", r"tags\.csv, line 5, column 'tag'.*empty"),
        ("tags.csv", "userId,movieId,tag", "a,b,c", r"tags\.csv, line 1.*'userId' is missing"),
    ],
)
def test_ml_latest_small_bad_input(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    assert LATEST[file].count(old) == 1
    bad = {**LATEST, file: LATEST[file].replace(old, new)}
    with pytest.raises(DataError, match=told):
        MovieLensLatestSmall(path=write(tmp_path, bad), k_core=0).load()


def test_ml_latest_small_refuses_a_graph_of_other_ids(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"graph=mkr was made for ml-1m ids"):
        MovieLensLatestSmall(path=str(tmp_path), graph=FilmGraph.MKR).load()


def test_the_archive_of_ml_latest_small_is_the_recorded_one(shared: Shared) -> None:
    source = (shared("ml-latest-small") / "SOURCE.md").read_text(encoding="utf-8")
    (archive,) = MovieLensLatestSmall.files.downloads
    assert archive.sha256 is not None and archive.sha256 in source
    assert f"{archive.size:,} bytes" in source
    known = [one for one in MovieLensLatestSmall.files.checksums.values() if one is not None]
    assert len(known) == 4 and all(one in source for one in known)


# hetrec-lastfm

HETREC = {
    "user_artists.dat": "userID\tartistID\tweight\r\n2\t51\t13883\r\n2\t52\t1\r\n3\t51\t7\r\n",
    "user_friends.dat": "userID\tfriendID\r\n2\t3\r\n3\t2\r\n3\t900\r\n900\t3\r\n",
    "artists.dat": 'id\tname\turl\tpictureURL\n51\t"Weird Al" Yankovic\tu\tp\n52\tBjörk "\tu\tp\n',
}
HETREC_TAGS = {
    "tags.dat": "tagID\ttagValue\r\n1\tmetal\r\n2\tpop\r\n",
    "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\r\n"
    "2\t51\t1\t1\t4\t2009\r\n3\t51\t1\t1\t4\t2009\r\n2\t52\t1\t1\t5\t2009\r\n"
    "2\t52\t2\t1\t5\t2009\r\n2\t77\t2\t1\t5\t2009\r\n",
}


def test_hetrec_counts(shared: Shared) -> None:
    folder = shared("hetrec2011-lastfm-2k")
    data = HetRecLastFM(path=str(folder), k_core=0).load()
    assert shape(data) == (1892, 17_632, 92_834, 92_834)
    assert data.merged == 0 and data.interactions.timestamps is None and data.graph is None
    (friends,) = data.users.columns
    assert friends.matrix.nnz == 25_434 and len(friends.values) == 1892
    assert origins(data) == {"friend": USER, "name": OWN}
    assert text(data, "name", "707") == "Metallica"
    heard = data.interactions.values[data.interactions.users == 0]
    assert data.user_ids[0] == "2" and heard.max() == 13_883 and len(heard) == 50
    core = HetRecLastFM(path=str(folder)).load()
    assert shape(core) == (1859, 2823, 71_355, 71_355)


def test_hetrec_friendships_go_both_ways(shared: Shared) -> None:
    data = HetRecLastFM(path=str(shared("hetrec2011-lastfm-2k")), k_core=0).load()
    (friends,) = data.users.columns
    order = np.argsort(np.array(friends.values, dtype=int))
    square = friends.matrix[:, order].toarray()
    assert data.user_ids.tolist() == [friends.values[at] for at in order]
    np.testing.assert_array_equal(square, square.T)


def test_hetrec_friends_are_of_the_open_track_only(shared: Shared) -> None:
    data = HetRecLastFM(path=str(shared("hetrec2011-lastfm-2k"))).load()
    columns = {
        track: NewUser(track=track).split(data, 0).train.users.features.shape[1]
        for track in (Track.STRICT, Track.OPEN)
    }
    assert columns[Track.STRICT] == 0 and columns[Track.OPEN] > 1000


def test_hetrec_in_small(tmp_path: Path) -> None:
    folder = write(tmp_path, HETREC)
    data = HetRecLastFM(path=folder, k_core=0).load()
    assert data.interactions.values.tolist() == [13_883, 1, 7]
    assert text(data, "name", "51") == '"Weird Al" Yankovic'
    assert text(data, "name", "52") == 'Björk "'
    assert cell(data, "friend", "2") == {"3"} and cell(data, "friend", "3") == {"2", "900"}
    often = HetRecLastFM(path=folder, k_core=0, minimum_rating=5).load()
    assert often.positive.tolist() == [True, False, True]


def test_hetrec_takes_tags_where_they_are(tmp_path: Path) -> None:
    folder = write(tmp_path, HETREC | HETREC_TAGS)
    data = HetRecLastFM(path=folder, k_core=0, minimum_tag_count=1).load()
    assert origins(data) == {"friend": USER, "name": OWN, "tag": USER, "tags": USER}
    assert cell(data, "tag", "52") == {"metal", "pop"} and text(data, "tags", "51") == "metal"
    frequent = HetRecLastFM(path=folder, k_core=0, minimum_tag_count=2).load()
    assert cell(frequent, "tag", "52") == {"metal", "pop"}
    assert text(frequent, "tags", "52") == "metal; pop"
    assert frequent.items.columns[0].minimum_count == 2 and frequent.sha256 != data.sha256
    named = (tmp_path / "tags.dat").read_text().replace("pop", "rock français")
    (tmp_path / "tags.dat").write_bytes(named.encode("latin-1"))
    data = HetRecLastFM(path=folder, k_core=0, minimum_tag_count=1).load()
    assert cell(data, "tag", "52") == {"metal", "rock français"}


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("user_artists.dat", "13883", "0", r"user_artists\.dat, line 2, column 'weight'.* 0 "),
        ("user_artists.dat", "3\t51\t7", "3\t51", r"user_artists\.dat, line 4.*2 fields where 3"),
        ("user_artists.dat", "weight", "count", r"line 1.*'weight' is missing"),
        ("user_friends.dat", "900\t3", "900\tx", r"user_friends\.dat, line 5, column 'friendID'"),
        ("artists.dat", "52\tBj", "53\tBj", r"artists\.dat, column 'id': artist 52 has listeners"),
        ("artists.dat", "id\tname", "id\ttitle", r"artists\.dat, line 1: the header reads 'id ti"),
        ("artists.dat", "52\t", "5 2\t", r"artists\.dat, line 3, column 'id': '5 2'"),
        ("artists.dat", "u\tp\n52", "u\n52", r"artists\.dat, line 2: .* has 3 fields where 4"),
        ("tags.dat", "2\tpop", "3\tpop", r"user_taggedartists\.dat, line 5.*tag 2 has no row in"),
    ],
)
def test_hetrec_bad_input(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    files = HETREC | HETREC_TAGS
    assert files[file].count(old) == 1
    bad = files | {file: files[file].replace(old, new)}
    with pytest.raises(DataError, match=told):
        HetRecLastFM(path=write(tmp_path, bad), k_core=0).load()


# online-retail-ii

SALES: dict[str, list[object]] = {
    "Invoice": ["1", "1", "2", "C3", "4", "5", "6", "7", "8"],
    "StockCode": ["10002", "POST", "10002", "10002", "10002", "85123A", " 85123A", *["10002"] * 2],
    "Description": ["GLOBE ", "POST", "GLOBE", "GLOBE", "a  globe", None, "HEART", "broken", "?"],
    "Quantity": [2, 1, 5, -5, 1, 1, 3, -9, 1],
    "InvoiceDate": [f"2010-01-0{day} 08:1{day}:00" for day in range(1, 10)],
    "Price": [1.0, 18.0, 3.0, 4.0, 0.0, 2.5, 2.5, 9.0, 5.0],
    "Customer ID": [*[12346.0] * 4, 12347.0, 12347.0, 12346.0, None, None],
    "Country": ["Norway", "Norway", "Cyprus", "Norway", "EIRE", "EIRE", "Norway", "EIRE", "EIRE"],
}


def shop(folder: Path, **columns: list[object]) -> OnlineRetailII:
    pl.DataFrame(SALES | columns).write_parquet(folder / "online_retail.parquet")
    return OnlineRetailII(path=str(folder), k_core=0)


def test_online_retail_counts(shared: Shared) -> None:
    folder = shared("online-retail-ii-2009-2010")
    frame = pl.read_parquet(folder / "online_retail.parquet")
    assert frame.height == 525_461 and frame["Customer ID"].null_count() == 107_927
    sold = [
        (str(int(customer)), code)
        for invoice, code, customer in frame.select(
            "Invoice", "StockCode", "Customer ID"
        ).iter_rows()
        if customer is not None and invoice[0] != "C" and code[:5].isdigit()
    ]
    data = OnlineRetailII(path=str(folder), k_core=0).load()
    pairs = data.interactions
    found = zip(data.user_ids[pairs.users], data.item_ids[pairs.items], strict=True)
    assert {(str(user), str(item)) for user, item in found} == set(sold)
    assert len(sold) == 406_323 and data.merged == len(sold) - len(set(sold))
    assert shape(data) == (4285, 4006, 273_844, 273_844)
    assert pairs.timestamps is not None and not (pairs.timestamps % 60).any()
    for at, day in ((pairs.timestamps.min(), "2009-12-01"), (pairs.timestamps.max(), "2010-12-09")):
        assert str(np.datetime64(int(at), "s")).startswith(day)
    assert origins(data) == {"country": OWN, "price": OWN, "description": OWN}
    assert text(data, "price", "85123A") == "£2.95"
    assert text(data, "description", "85123A") == "WHITE HANGING HEART T-LIGHT HOLDER"


def test_online_retail_core(shared: Shared) -> None:
    data = OnlineRetailII(path=str(shared("online-retail-ii-2009-2010"))).load()
    assert shape(data) == (4035, 3457, 271_966, 271_966)
    codes = set(data.item_ids.tolist())
    assert not codes & {"POST", "M", "D", "C2", "ADJUST", "BANK CHARGES", "TEST001", "PADS"}
    assert all(description for description in data.items.texts[0].values)
    price = data.items.columns[0].matrix
    assert price.nnz == price.shape[0] and price.data.min() > 0


def test_online_retail_in_small(tmp_path: Path) -> None:
    data = shop(tmp_path).load()
    assert data.user_ids.tolist() == ["12346", "12347"]
    assert data.item_ids.tolist() == ["10002", "85123A"]
    assert data.merged == 1 and data.interactions.values.tolist() == [1, 1, 1, 1]
    assert data.interactions.timestamps is not None
    days = [datetime.fromisoformat(f"2010-01-0{d}T08:1{d}:00+00:00") for d in (3, 7, 5, 6)]
    assert data.interactions.timestamps.tolist() == [int(day.timestamp()) for day in days]
    assert cell(data, "country", "12346") == {"Norway"}, "of the first sale, not the second"
    assert data.users.texts[0].values == ["Norway", "EIRE"]
    prices = data.items.columns[0].matrix.toarray()[:, 0]
    assert prices.tolist() == [1.0, 2.5], "of the first day with a price above 0"
    assert text(data, "price", "10002") == "£1.00"
    assert text(data, "description", "10002") == "GLOBE"
    assert text(data, "description", "85123A") == "HEART"


def test_online_retail_facts_do_not_move_with_later_sales(tmp_path: Path) -> None:
    before = shop(tmp_path).load()
    later = {
        "Price": [*SALES["Price"][:2], 99.0, 99.0, *SALES["Price"][4:6], 99.0, 99.0, 99.0],
        "Country": [
            *SALES["Country"][:2],
            "Malta",
            "Malta",
            *SALES["Country"][4:6],
            *["Malta"] * 3,
        ],
    }
    after = shop(tmp_path, **later).load()
    assert after.sha256 == before.sha256


def test_online_retail_is_the_same_with_other_types(tmp_path: Path) -> None:
    data = shop(tmp_path).load()
    whole = [None if one is None else int(one) for one in SALES["Customer ID"]]  # type: ignore[call-overload]
    dates = [datetime.fromisoformat(str(one)) for one in SALES["InvoiceDate"]]
    other = shop(tmp_path, **{"Customer ID": whole, "InvoiceDate": dates}).load()
    assert other.sha256 == data.sha256


@pytest.mark.parametrize(
    ("column", "row", "value", "told"),
    [
        ("InvoiceDate", 3, "yesterday", r"row 3: 'yesterday' is not a date and time; write it as"),
        ("InvoiceDate", 1, None, r"row 1: None is not a date and time"),
        ("Customer ID", 5, 12347.5, r"column 'Customer ID': row 5: 12347\.5 is not a whole number"),
        ("Customer ID", 5, -1.0, r"row 5, column 'Customer ID': -1 is outside"),
        ("Quantity", 6, 0, r"column 'Quantity': row 6: 0 is sold"),
        ("Quantity", 6, None, r"row 6, column 'Quantity': the value is missing"),
        ("Price", 2, float("nan"), r"row 2, column 'Price': nan is outside"),
        ("StockCode", 4, "", r"row 4, column 'StockCode': the value is empty"),
        ("Country", 2, None, r"row 2, column 'Country': the value is missing"),
    ],
)
def test_online_retail_bad_input(
    tmp_path: Path, column: str, row: int, value: object, told: str
) -> None:
    cells = [*SALES[column]]
    cells[row - 1] = value
    with pytest.raises(DataError, match=rf"online_retail\.parquet.*{told}"):
        shop(tmp_path, **{column: cells}).load()


@pytest.mark.parametrize("column", sorted(SALES))
def test_online_retail_without_a_column(tmp_path: Path, column: str) -> None:
    frame = pl.DataFrame(SALES).drop(column)
    frame.write_parquet(tmp_path / "online_retail.parquet")
    with pytest.raises(DataError, match=rf"column '{column}' is missing"):
        OnlineRetailII(path=str(tmp_path)).load()


def test_online_retail_without_a_sale(tmp_path: Path) -> None:
    for column, cells, told in (
        ("StockCode", ["POST"] * 9, "no row sells a product"),
        ("Customer ID", [None] * 7 + [12346.0, None], "row 8: -9 is sold"),
    ):
        with pytest.raises(DataError, match=told):
            shop(tmp_path, **{column: cells}).load()
    nobody = pl.Series("Customer ID", [None] * 9, dtype=pl.Float64)
    with pytest.raises(DataError, match="no row has a customer"):
        shop(tmp_path, **{"Customer ID": nobody}).load()  # type: ignore[arg-type]


# all three


@pytest.mark.parametrize("name", ["ml-latest-small", "hetrec-lastfm", "online-retail-ii"])
def test_added_from_the_shared_folder_it_has_a_card(
    name: str, shared: Shared, capsys: pytest.CaptureFixture[str]
) -> None:
    add(published(name).files, shared(name))
    assert main(["verify", name]) == 0
    assert main(["info", name]) == 0
    said = capsys.readouterr().out
    assert "Licence: " in said and "Limitation: " in said and "sha256 " in said
    assert "Not loaded" not in said and "wrong" not in said


@pytest.mark.parametrize("name", ["ml-latest-small", "hetrec-lastfm", "online-retail-ii"])
def test_info_of_what_is_not_here_says_how_to_get_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", name]) == 0
    said = capsys.readouterr().out
    assert "Licence: " in said and f"`coldbench data fetch {name}`" in said


@pytest.mark.parametrize("source", SOURCES)
def test_settings_go_through_the_configuration_and_back(source: type) -> None:
    config = OmegaConf.structured(source)
    assert OmegaConf.to_object(config) == source()
