"""Every bad input gets a sentence that names the file, the line, the column and the value."""

import gzip
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from coldbench.datasets.errors import DataError
from coldbench.datasets.sources.citeulike import CiteULikeA
from coldbench.datasets.sources.films.film_graphs import FilmGraph
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M
from coldbench.datasets.sources.films.movielens_100k import MovieLens100K
from coldbench.datasets.sources.own_files.source import Files

RATINGS = "1::10::5::100\n1::20::4::200\n2::10::3::300\n"
MOVIES = "10::Heat (1995)::Action|Crime\n20::Amélie (2001)::Comedy\n"
USERS = "1::F::25::12::48067\n2::M::56::16::70072\n"


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def ml1m(
    folder: Path,
    ratings: str | bytes = RATINGS,
    movies: str | bytes = MOVIES,
    users: str | bytes = USERS,
    **settings: object,
) -> MovieLens1M:
    write(folder / "ratings.dat", ratings)
    write(folder / "movies.dat", movies, "latin-1")
    write(folder / "users.dat", users)
    return MovieLens1M(path=str(folder), k_core=0, **settings)  # type: ignore[arg-type]


FILM = "10|Heat (1995)|01-Jan-1995||http://x" + "|0" * 19
PERSON = "1|24|M|technician|85711"


def ml100k(
    folder: Path, ratings: str = "1\t10\t5\t100\n", film: str = FILM, person: str = PERSON
) -> MovieLens100K:
    write(folder / "u.data", ratings)
    write(folder / "u.item", film + "\n", "latin-1")
    write(folder / "u.user", person + "\n")
    return MovieLens100K(path=str(folder), k_core=0)


def citeulike(
    folder: Path,
    users: str = "2 0 1\n1 1\n",
    tags: str = "1 0\n0\n",
    names: str = "gene\n",
    citations: str = "1 1\n1 0\n",
) -> CiteULikeA:
    write(folder / "users.dat", users)
    write(folder / "item-tag.dat", tags)
    write(folder / "tags.dat", names)
    write(folder / "citations.dat", citations)
    return CiteULikeA(path=str(folder))


INTERACTIONS = "user,item,rating,timestamp\nu1,a,5,10\nu1,b,3,11\nu2,a,4,12\n"


def files(
    folder: Path,
    interactions: str | bytes = INTERACTIONS,
    *,
    users: str | None = None,
    items: str | None = None,
    graph: str | None = None,
    **settings: object,
) -> Files:
    tables = {"users": users, "items": items, "graph": graph}
    given = {
        name: str(write(folder / f"{name}.csv", text))
        for name, text in tables.items()
        if text is not None
    }
    path = write(folder / "interactions.csv", interactions)
    return Files(interactions=str(path), **given, **settings)  # type: ignore[arg-type]


def mkr(folder: Path, kg: str = "0\tfilm.film.star\t9\n", index: str = "10\t0\n") -> MovieLens1M:
    write(folder / "kg" / "kg.txt", kg)
    write(folder / "kg" / "item_index2entity_id.txt", index)
    return ml1m(folder, graph=FilmGraph.MKR, graph_path=str(folder / "kg"))


def plots(folder: Path, text: str, name: str = "plots.csv") -> MovieLens1M:
    return ml1m(folder, plots=str(write(folder / name, text)))


def attributes(folder: Path, text: str) -> MovieLens1M:
    path = write(folder / "movies_metadata.csv", text)
    return ml1m(folder, graph=FilmGraph.DBPEDIA, graph_path=str(path))


def parquet(folder: Path, content: bytes | pl.DataFrame) -> Files:
    path = folder / "interactions.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.write_parquet(path)
    return Files(interactions=str(path))


def scratched(content: bytes) -> bytes:
    """Return gzipped content whose checksum no longer fits."""
    return content[:-8] + bytes([content[-8] ^ 0xFF]) + content[-7:]


@dataclass(frozen=True)
class Case:
    name: str
    source: Callable[[Path], object]
    says: tuple[str, ...]


ATTRIBUTE_HEAD = "movie_id,title,genres,director,actor,language,country,year\n"

CASES = [
    # Numbers in the fast path: a bad line far down must be found by its number.
    Case(
        "too few fields",
        lambda d: ml1m(d, RATINGS + "2::20::4\n"),
        ("ratings.dat", "line 4", "2::20::4", "3 fields where 4", "user::item::rating::timestamp"),
    ),
    Case(
        "too many fields",
        lambda d: ml1m(d, RATINGS + "2::20::4::1::9\n"),
        ("ratings.dat", "line 4", "5 fields where 4"),
    ),
    Case(
        "one row short and one long",
        lambda d: ml1m(d, RATINGS + "2::20::4\n2::20::4::1::9\n"),
        ("ratings.dat", "line 4", "3 fields where 4"),
    ),
    Case(
        "blank line inside",
        lambda d: ml1m(d, RATINGS + "\n2::20::4::1\n"),
        ("ratings.dat", "line 4", "1 fields where 4"),
    ),
    Case(
        "negative id",
        lambda d: ml1m(d, RATINGS + "-2::20::4::1\n"),
        ("ratings.dat", "line 4", "column 'user'", "id -2 is negative"),
    ),
    Case(
        "id that is a word",
        lambda d: ml1m(d, RATINGS + "2::tt20::4::1\n"),
        ("ratings.dat", "line 4", "column 'item'", "'tt20' is not a whole number"),
    ),
    Case(
        "id beyond 32 bits",
        lambda d: ml1m(d, RATINGS + "2::5000000000::4::1\n"),
        ("ratings.dat", "line 4", "column 'item'", "5000000000"),
    ),
    Case(
        "rating too high",
        lambda d: ml1m(d, RATINGS + "2::20::11::1\n"),
        ("ratings.dat", "line 4", "column 'rating'", "rating 11 is outside 1..5"),
    ),
    Case(
        "rating too low",
        lambda d: ml1m(d, RATINGS + "2::20::0::1\n"),
        ("ratings.dat", "line 4", "rating 0 is outside 1..5"),
    ),
    Case(
        "rating is a word",
        lambda d: ml1m(d, RATINGS + "2::20::good::1\n"),
        ("ratings.dat", "line 4", "column 'rating'", "'good' is not a number"),
    ),
    Case(
        "rating is nan",
        lambda d: ml1m(d, RATINGS + "2::20::nan::1\n"),
        ("ratings.dat", "line 4", "column 'rating'", "nan is not a finite number"),
    ),
    Case(
        "rating is missing",
        lambda d: ml1m(d, RATINGS + "2::20::::1\n"),
        ("ratings.dat", "line 4", "column 'rating'", "missing"),
    ),
    Case(
        "timestamp is missing in an original",
        lambda d: ml1m(d, RATINGS + "2::20::4::\n"),
        ("ratings.dat", "line 4", "column 'timestamp'", "missing"),
    ),
    Case(
        "timestamp is a date",
        lambda d: ml1m(d, RATINGS + "2::20::4::2001-01-01\n"),
        ("ratings.dat", "line 4", "column 'timestamp'", "'2001-01-01'"),
    ),
    Case(
        "another separator",
        lambda d: ml1m(d, RATINGS.replace("::", "\t")),
        ("ratings.dat", "line 1", "1 fields where 4"),
    ),
    Case("empty file", lambda d: ml1m(d, ""), ("ratings.dat", "is empty")),
    Case("only line ends", lambda d: ml1m(d, "\n\n\n"), ("ratings.dat", "is empty")),
    Case(
        "NUL bytes",
        lambda d: ml1m(d, b"1::10::5::100\n1::\0::4::2\n"),
        ("ratings.dat", "line 2", "NUL"),
    ),
    Case(
        "UTF-16",
        lambda d: ml1m(d, RATINGS.encode("utf-16")),
        ("ratings.dat", "line 1", "NUL"),
    ),
    Case(
        "not UTF-8",
        lambda d: ml1m(d, RATINGS.encode() + b"2::20::4\xe9::1\n"),
        ("ratings.dat", "line 4", "0xe9", "not UTF-8"),
    ),
    Case(
        "gzip cut short",
        lambda d: ml1m(d, gzip.compress(RATINGS.encode() * 50)[:-12]),
        ("ratings.dat", "truncated"),
    ),
    Case(
        "gzip damaged",
        lambda d: ml1m(d, scratched(gzip.compress(RATINGS.encode() * 50))),
        ("ratings.dat", "damaged"),
    ),
    # Descriptions of films and users.
    Case(
        "film with too few fields",
        lambda d: ml1m(d, movies=MOVIES + "30::Ran (1985)\n"),
        ("movies.dat", "line 3", "2 fields where 3"),
    ),
    Case(
        "film twice",
        lambda d: ml1m(d, movies=MOVIES + "20::Ran (1985)::War\n"),
        ("movies.dat", "line 3", "column 'id'", "id 20", "line 2"),
    ),
    Case(
        "film without a description",
        lambda d: ml1m(d, movies=MOVIES.split("\n")[0] + "\n"),
        ("film 20", "no description"),
    ),
    Case(
        "negative film id",
        lambda d: ml1m(d, movies=MOVIES + "-3::Ran (1985)::War\n"),
        ("movies.dat", "line 3", "column 'id'", "'-3' is negative"),
    ),
    Case(
        "unknown gender",
        lambda d: ml1m(d, users=USERS.replace("::M::", "::X::")),
        ("users.dat", "line 2", "column 'gender'", "'X'"),
    ),
    Case(
        "unknown age band",
        lambda d: ml1m(d, users=USERS.replace("::56::", "::57::")),
        ("users.dat", "line 2", "column 'age'", "57"),
    ),
    Case(
        "unknown occupation",
        lambda d: ml1m(d, users=USERS.replace("::16::", "::21::")),
        ("users.dat", "line 2", "column 'occupation'", "21", "0..20"),
    ),
    Case(
        "user without a description",
        lambda d: ml1m(d, users=USERS.split("\n")[1] + "\n"),
        ("user 1", "no description"),
    ),
    Case(
        "users not UTF-8",
        lambda d: ml1m(d, users=USERS.encode() + b"3::F\xff::25::1::1\n"),
        ("users.dat", "line 3", "0xff"),
    ),
    Case(
        "ml-100k rating out of range",
        lambda d: ml100k(d, "1\t10\t5\t1\n1\t10\t6\t1\n"),
        ("u.data", "line 2", "rating 6 is outside 1..5"),
    ),
    Case(
        "ml-100k flag",
        lambda d: ml100k(d, film=FILM[:-1] + "2"),
        ("u.item", "line 1", "column 'Western'", "'2'"),
    ),
    Case(
        "ml-100k age",
        lambda d: ml100k(d, person="1|240|M|technician|85711"),
        ("u.user", "line 1", "column 'age'", "240"),
    ),
    Case(
        "ml-100k age is a word",
        lambda d: ml100k(d, person="1|old|M|technician|85711"),
        ("u.user", "line 1", "column 'age'", "'old'"),
    ),
    # Lists.
    Case(
        "wrong count in a list",
        lambda d: citeulike(d, users="2 0 1\n3 1\n"),
        ("users.dat", "line 2", "announces 3", "has 1"),
    ),
    Case(
        "negative item in a list",
        lambda d: citeulike(d, users="2 0 1\n1 -1\n"),
        ("users.dat", "line 2", "column 'item'", "'-1' is negative"),
    ),
    Case(
        "item beyond the articles",
        lambda d: citeulike(d, users="2 0 1\n1 16980\n"),
        ("users.dat", "line 2", "item 16980 is unknown"),
    ),
    Case(
        "a word in a list",
        lambda d: citeulike(d, users="2 0 x\n"),
        ("users.dat", "line 1", "'x' is not a whole number"),
    ),
    Case(
        "empty line in a list",
        lambda d: citeulike(d, users="1 0\n\n1 1\n"),
        ("users.dat", "line 2", "empty"),
    ),
    Case(
        "unknown tag",
        lambda d: citeulike(d, tags="1 0\n1 7\n"),
        ("item-tag.dat", "line 2", "tag 7 is unknown, there are 1"),
    ),
    Case(
        "unknown item in the citations",
        lambda d: citeulike(d, citations="1 1\n1 99999\n"),
        ("citations.dat", "line 2", "item 99999 is unknown"),
    ),
    # Graphs and plots of films.
    Case(
        "unknown item in the graph",
        lambda d: mkr(d, index="10\t0\n77\t1\n"),
        ("item_index2entity_id.txt", "line 2", "column 'film'", "item 77"),
    ),
    Case(
        "graph row with two fields",
        lambda d: mkr(d, kg="0\tfilm.film.star\n"),
        ("kg.txt", "line 1", "2 fields where 3"),
    ),
    Case(
        "graph entity is a word",
        lambda d: mkr(d, kg="0\tfilm.film.star\tAnn\n"),
        ("kg.txt", "line 1", "column 'tail'", "'Ann'"),
    ),
    Case(
        "attributes of an unknown film",
        lambda d: attributes(d, ATTRIBUTE_HEAD + "77,X,[],Ann,[],[],[],1990\n"),
        ("movies_metadata.csv", "line 2", "column 'movie_id'", "item 77"),
    ),
    Case(
        "attributes without a column",
        lambda d: attributes(d, "movie_id,title\n10,Heat\n"),
        ("movies_metadata.csv", "line 1", "'director' is missing"),
    ),
    Case(
        "attributes that are not list",
        lambda d: attributes(d, ATTRIBUTE_HEAD + '10,X,[],Ann,"[Bob",[],[],1990\n'),
        ("movies_metadata.csv", "line 2", "column 'actor'", "'[Bob'"),
    ),
    Case(
        "plot of an unknown film",
        lambda d: plots(d, "id,plot\n77,Rain.\n"),
        ("plots.csv", "item 77"),
    ),
    Case(
        "plot twice",
        lambda d: plots(d, "id,plot\n10,Rain.\n10,Sun.\n"),
        ("plots.csv", "line 3", "item 10"),
    ),
    Case(
        "plots that are not JSON",
        lambda d: plots(d, '{"10": "Rain.",\n', "plots.json"),
        ("plots.json", "line 2", "not JSON"),
    ),
    Case(
        "plots of another form",
        lambda d: plots(d, '{"ten": "Rain."}', "plots.json"),
        ("plots.json", "'ten'"),
    ),
    # Files of the user's.
    Case(
        "no interactions named",
        lambda d: Files(),
        ("dataset.interactions=PATH",),
    ),
    Case(
        "no such file",
        lambda d: Files(interactions=str(d / "absent.csv")),
        ("absent.csv", "no such file"),
    ),
    Case(
        "a folder",
        lambda d: Files(interactions=str(write(d / "folder" / "x", "y").parent)),
        ("folder", "not a file"),
    ),
    Case(
        "missing column",
        lambda d: files(d, "user,film\nu1,a\n"),
        ("interactions.csv", "line 1", "'item' is missing", "user, film"),
    ),
    Case(
        "column twice",
        lambda d: files(d, "user,item,user\nu1,a,u2\n"),
        ("interactions.csv", "line 1", "'user' appears twice"),
    ),
    Case(
        "column almost named",
        lambda d: files(d, "user,item,Ratings\nu1,a,3\n"),
        ("interactions.csv", "line 1", "'Ratings'", "did you mean rating"),
    ),
    Case(
        "header only",
        lambda d: files(d, "user,item\n"),
        ("interactions.csv", "no rows"),
    ),
    Case(
        "short row",
        lambda d: files(d, INTERACTIONS + "u2,b,4\n"),
        ("interactions.csv", "line 5", "'u2,b,4'", "3 fields where 4"),
    ),
    Case(
        "long row",
        lambda d: files(d, INTERACTIONS + "u2,b,4,5,6\n"),
        ("interactions.csv", "line 5", "5 fields where 4"),
    ),
    Case(
        "empty item",
        lambda d: files(d, INTERACTIONS + "u2,,4,5\n"),
        ("interactions.csv", "line 5", "column 'item'", "missing"),
    ),
    Case(
        "rating is a word in a file",
        lambda d: files(d, INTERACTIONS + "u2,b,four,5\n"),
        ("interactions.csv", "line 5", "column 'rating'", "'four'"),
    ),
    Case(
        "rating is missing in a file",
        lambda d: files(d, INTERACTIONS + "u2,b,,5\n"),
        ("interactions.csv", "line 5", "column 'rating'", "missing"),
    ),
    Case(
        "rating beyond the limit",
        lambda d: files(d, INTERACTIONS + "u2,b,9,5\n", highest_rating=5.0),
        ("interactions.csv", "line 5", "column 'rating'", "rating 9"),
    ),
    Case(
        "rating is infinite",
        lambda d: files(d, INTERACTIONS + "u2,b,inf,5\n"),
        ("interactions.csv", "line 5", "column 'rating'", "inf"),
    ),
    Case(
        "wrong encoding in a file",
        lambda d: files(d, INTERACTIONS.encode() + "u2,é,4,5\n".encode("latin-1")),
        ("interactions.csv", "line 5", "0xe9", "UTF-8"),
    ),
    Case(
        "quote never closed",
        lambda d: files(d, INTERACTIONS + '"u2,b,4,5\n'),
        ("interactions.csv", "line"),
    ),
    Case(
        "not Parquet after all",
        lambda d: parquet(d, b"PAR1 and nothing else"),
        ("interactions.parquet", "cannot be read as Parquet"),
    ),
    Case(
        "Parquet with a missing item",
        lambda d: parquet(d, pl.DataFrame({"user": ["u", "v"], "item": ["a", None]})),
        ("interactions.parquet", "row 2", "'item'"),
    ),
    Case(
        "Parquet with fractional ids",
        lambda d: parquet(d, pl.DataFrame({"user": [1.5], "item": ["a"]})),
        ("interactions.parquet", "column 'user'", "Float64"),
    ),
    Case(
        "Parquet with a rating that is not finite",
        lambda d: parquet(d, pl.DataFrame({"user": [1], "item": [2], "rating": [np.nan]})),
        ("interactions.parquet", "row 1", "'rating'", "nan"),
    ),
    Case(
        "items without ids",
        lambda d: files(d, items="name,genre\nA,Drama\n"),
        ("items.csv", "line 1", "'item' is missing", "name, genre"),
    ),
    Case(
        "item described twice",
        lambda d: files(d, items="item,genre,price\na,Drama,1\nb,War,2\na,War,1\n"),
        ("items.csv", "column 'item'", "'a' has two rows, 1 and 3", "item,attribute,value"),
    ),
    Case(
        "items of another dataset",
        lambda d: files(d, items="item,genre\nx,Drama\n"),
        ("items.csv", "none of the 2 items", "'a'"),
    ),
    Case(
        "a word among numbers",
        lambda d: files(d, items="item,price\na,3\nb,cheap\n"),
        ("items.csv", "column 'price'", "'cheap'", "dataset.categorical=[price]"),
    ),
    Case(
        "text column that is not there",
        lambda d: files(d, items="item,title\na,A\n", texts=["titel"]),
        ("'titel'", "did you mean title"),
    ),
    Case(
        "provenance that is none",
        lambda d: files(d, items="item,tag\na,A\n", provenance={"tag": "user-generated"}),
        ("'user-generated'", "did you mean user_generated"),
    ),
    Case(
        "graph without a column",
        lambda d: files(d, graph="head,rel,tail\na,by,Ann\n"),
        ("graph.csv", "line 1", "'relation' is missing"),
    ),
    Case(
        "unknown item in a graph file",
        lambda d: files(d, graph="head,relation,tail\na,by,Ann\nitem:z,by,Ann\n"),
        ("graph.csv", "line 3", "item 'z'", "not in the interactions"),
    ),
    Case(
        "graph without any item",
        lambda d: files(d, graph="head,relation,tail\nAnn,born,1950\n"),
        ("graph.csv", "no head and no tail is an item", "'a'"),
    ),
    Case(
        "a rule that leaves nothing",
        lambda d: files(d, minimum_rating=99.0),
        ("no pair is left", "at least 99", "lower minimum_rating"),
    ),
    Case("negative k_core", lambda d: files(d, k_core=-1), ("k_core=-1",)),
    Case(
        "a role that does not exist",
        lambda d: files(d, columns={"usr": "user"}),
        ("'usr'", "did you mean user"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input_is_told_with_place_and_value(case: Case, tmp_path: Path, home: Path) -> None:
    source = case.source(tmp_path / "data")
    with pytest.raises(DataError) as told:
        source.load()  # type: ignore[attr-defined]
    for part in case.says:
        assert part in str(told.value)
    assert not home.exists(), "a refused input left something in the cache"


def test_the_clean_forms_load(tmp_path: Path) -> None:
    """The cases above fail for what they name, not because their base is broken."""
    assert len(ml1m(tmp_path / "a").load().interactions) == 3
    assert len(ml100k(tmp_path / "b").load().interactions) == 1
    assert len(citeulike(tmp_path / "c").load().interactions) == 3
    assert len(files(tmp_path / "d").load().interactions) == 3
    assert mkr(tmp_path / "e").load().graph is not None
    assert plots(tmp_path / "f", "id,plot\n10,Rain.\n").load().items.texts[2].values[0] == "Rain."
    row = "10,X,[],Ann,\"['Bob']\",[],[],1990\n"
    graph = attributes(tmp_path / "g", ATTRIBUTE_HEAD + row).load().graph
    assert graph is not None
    found = Counter(graph.relation_names[relation] for relation in graph.relations)
    assert (found["director"], found["actor"]) == (1, 1)


def test_a_line_far_down_is_found(tmp_path: Path) -> None:
    rows = "".join(f"{u}::{i}::3::{u}\n" for u in range(1, 301) for i in (10, 20))
    broken = rows.replace("251::20::3::251", "251::20::3.x::251")
    with pytest.raises(DataError) as told:
        ml1m(tmp_path, broken).load()
    assert (told.value.line, told.value.column) == (502, "rating")


def test_a_dataset_that_is_not_here_says_how_to_get_it(home: Path) -> None:
    with pytest.raises(DataError) as told:
        MovieLens1M().load()
    assert str(told.value) == (
        f"ml-1m is not on this machine (looked in {home / 'ml-1m'}); "
        "run `coldbench data fetch ml-1m`, or `coldbench data add ml-1m PATH`"
    )


def test_a_folder_without_ratings_says_which_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ratings\.dat or ratings_rebuilt\.dat of ml-1m"):
        MovieLens1M(path=str(tmp_path)).load()
