"""What an error advises is done here to the letter, and then the files load."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from coldbench.benchmarks.config.dataset_name import find_dataset_name
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M

OVERRIDE = re.compile(r"'(dataset\.\w+=[^']+)'|(dataset\.\w+=(?:\[[^]]*\]|[\w.-]+))")
PAIRS = "user,item,rating,timestamp\na,x,5,1000000000\nb,y,3,1000000001\n"


@dataclass(frozen=True)
class Case:
    """Tables that are refused, and how it can be seen that the advice was taken rightly."""

    tables: dict[str, str | bytes]
    right: Callable[[Dataset], bool]
    words: tuple[str, ...] = ()


CASES = {
    "latin-1": Case(
        {"interactions": "user,item\nzoë,x\n".encode("latin-1")},
        lambda data: data.user_ids.tolist() == ["zoë"],
    ),
    "UTF-16 without a mark": Case(
        {"interactions": "user,item\nzoë,x\n".encode("utf-16-le")},
        lambda data: data.user_ids.tolist() == ["zoë"],
    ),
    "an encoding that does not exist": Case(
        {"interactions": "user,item\nzoë,x\n".encode("latin-1")},
        lambda data: data.user_ids.tolist() == ["zoë"],
        ("dataset.encoding=latin-l",),
    ),
    "another name of the items": Case(
        {"interactions": PAIRS.replace("item", "placeID")},
        lambda data: data.item_ids.tolist() == ["x", "y"],
    ),
    "almost a rating": Case(
        {"interactions": PAIRS.replace("rating", "Ratings")},
        lambda data: data.interactions.values.tolist() == [5, 3],
    ),
    "almost a timestamp": Case(
        {"interactions": PAIRS.replace("timestamp", "time stamp")},
        lambda data: data.interactions.has_all_times,
    ),
    "a word among numbers": Case(
        {"interactions": PAIRS, "items": "item,zip\nx,01\ny,A2\n"},
        lambda data: data.items.columns[0].values == ("01", "A2"),
    ),
    "numbers with a comma": Case(
        {"interactions": PAIRS, "items": "item;size\nx;1,5\ny;2\n"},
        lambda data: data.items.columns[0].values == ("1,5", "2"),
    ),
    "codes in long form": Case(
        {"interactions": PAIRS, "items": "item,tag\nx,1\nx,2\ny,2\n"},
        lambda data: data.items.columns[0].values == ("1", "2"),
    ),
    "a name for no folder": Case(
        {"interactions": PAIRS}, lambda data: data.name == "mine", ("dataset.name=../x",)
    ),
    "a name that is taken": Case(
        {"interactions": PAIRS}, lambda data: data.name == "my_ml-1m", ("dataset.name=ml-1m",)
    ),
}


def load(words: list[str]) -> Dataset:
    source = compose_run(["method=random", "dataset=files", *words]).dataset
    find_dataset_name(source)
    data: Dataset = source.load()
    return data


@pytest.mark.parametrize("name", CASES)
def test_the_override_that_is_advised_makes_it_load(name: str, tmp_path: Path) -> None:
    case, words = CASES[name], []
    for table, content in case.tables.items():
        path = tmp_path / f"{table}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        words.append(f"dataset.{table}={path}")
    words += case.words
    with pytest.raises(ColdbenchError) as told:
        load(words)
    said = str(told.value)
    found = [quoted or bare for quoted, bare in OVERRIDE.findall(said)]
    advised = [word for word in found if word not in case.words][-1]
    key = advised.partition("=")[0]
    kept = [word for word in words if not word.startswith(f"{key}=")]
    assert case.right(load([*kept, advised])), said


def test_the_conversion_that_is_advised_makes_it_load(tmp_path: Path) -> None:
    (tmp_path / "ratings.dat").write_text("1::10::5::100\n")
    (tmp_path / "movies.dat").write_text("10::Heat (1995)::Action\n")
    (tmp_path / "users.dat").write_text("1::F::25::12::48067\n")
    plots = tmp_path / "my plots.csv"
    plots.write_bytes("id,plot\n10,Café.\n".encode("latin-1"))
    source = MovieLens1M(path=str(tmp_path), k_core=0, plots=str(plots))
    with pytest.raises(ColdbenchError) as told:
        source.load()
    (command,) = re.findall(r"`(iconv [^`]*)`", str(told.value))
    subprocess.run(["sh", "-ec", command], cwd=tmp_path, check=True)
    assert source.load().items.texts[-1].values == ["Café."]
