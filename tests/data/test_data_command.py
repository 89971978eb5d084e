"""``coldbench data``: what a person types and reads."""

from dataclasses import replace
from pathlib import Path

import pytest
from coldbench.benchmarks.cli.data import main
from coldbench.datasets.acquire import download
from coldbench.datasets.acquire.data_file import DataFile, Download
from coldbench.datasets.errors import ColdbenchError
from coldbench.datasets.sources.films.mkr_graph import MKR
from coldbench.datasets.sources.films.movielens_1m import MovieLens1M

FILES = {
    "kg.txt": "0\tfilm.film.star\t9\n",
    "item_index2entity_id.txt": "10\t0\n",
}


def test_info_prints_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "movietweetings"]) == 0
    said = capsys.readouterr().out
    for part in (
        "MIT, (c) 2013 Simon Dooms",
        "CrowdRec at RecSys 2013",
        "5-core of the positives",
        "4,333 users x 2,414 items, 68,055 pairs, 68,055 positives",
        "66 of the 10,506 films have no genre",
        "timestamps complete",
    ):
        assert part in said
    rows = {tuple(line.split()) for line in said.splitlines()}
    assert ("item", "genre", "categories", "23", "editorial") in rows
    assert ("item", "title", "text", "2,414", "filled", "intrinsic") in rows
    assert ("graph", "dbpedia", "relation", "editorial") in rows


def test_info_of_what_is_not_here_says_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "ml-1m"]) == 0
    said = capsys.readouterr().out
    assert "may not redistribute" in said and "`coldbench data fetch ml-1m`" in said


def test_info_of_a_graph_shows_its_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "kg-mkr"]) == 0
    said = capsys.readouterr().out
    assert "MIT-licensed" in said and "Files: kg.txt, item_index2entity_id.txt" in said


def test_what_declares_no_files_is_not_fetched() -> None:
    for name in ("planted", "files"):
        with pytest.raises(ColdbenchError, match=rf"dataset '{name}' declares no files"):
            main(["fetch", name])


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(ColdbenchError, match="did you mean movietweetings"):
        main(["info", "movietweeting"])
    for action in (["fetch", "ml-10m"], ["verify", "ml-10m"], ["add", "ml-10m", "x"]):
        with pytest.raises(ColdbenchError, match=r"no dataset 'ml-10m'.*did you mean ml-1"):
            main(action)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "required: ACTION"),
        (["fetch"], "coldbench data fetch: the following arguments are required: NAME"),
        (["add", "ml-1m"], "required: PATH"),
        (["bring", "ml-1m"], "no ACTION of coldbench data 'bring'; there are: add, cache, fetch, "),
    ],
)
def test_a_missing_word_is_told(words: list[str], told: str) -> None:
    with pytest.raises(ColdbenchError) as left:
        main(words)
    assert told in str(left.value)


def test_add_and_verify(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ColdbenchError, match=r"kg\.txt: sha256"):
        main(["add", "kg-mkr", str(tmp_path)])
    assert "Licence: The repository is MIT-licensed" in capsys.readouterr().out
    with pytest.raises(ColdbenchError, match="is not on this machine"):
        main(["verify", "kg-mkr"])
    assert main(["verify", "movietweetings"]) == 0
    assert "ratings.dat.gz: as published" in capsys.readouterr().out


def test_fetch_leaves_alone_what_is_there_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = replace(
        MKR.files,
        files=tuple(DataFile(name) for name in FILES),
        downloads=(Download("http://127.0.0.1:9/kg.txt", optional=True),),
    )
    monkeypatch.setattr(MovieLens1M, "extras", (replace(MKR, files=graph),))
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert main(["add", "kg-mkr", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["fetch", "kg-mkr"]) == 0
    said = capsys.readouterr().out
    assert "Licence: " in said and f"kg-mkr is already in {graph.folder}" in said
    (graph.folder / "kg.txt").write_text("damaged")
    with pytest.raises(ColdbenchError, match=r"kg\.txt is missing"):
        main(["fetch", "kg-mkr"])
    assert "kg.txt is left out" in capsys.readouterr().out


def test_verify_fails_for_damaged_files(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = MKR.files.folder
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    assert main(["verify", "kg-mkr"]) == 1
    said = capsys.readouterr().out
    assert "kg.txt: differs from the published file" in said
    assert "2 of 2 files cannot be used" in said and "data fetch kg-mkr" in said
