"""Last.fm with the knowledge graph of MKR: the artists that the graph knows, and what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.errors import DataError
from coldbench.datasets.sources.lastfm_mkr import LastFMWithGraph
from coldbench.datasets.stated_facts import find_disagreements

Shared = Callable[[str], Path]
LISTENED = "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t1\n3\t51\t7\n4\t60\t5\n"
FRIENDS = "userID\tfriendID\n2\t3\n3\t2\n"
ARTISTS = "id\tname\turl\tpictureURL\n51\tAnn\tu\tp\n52\tBob\tu\tp\n60\tNobody\tu\tp\n"
INDEX = "51\t0\n52\t1\n99\t2\n"
TRIPLES = (
    "0\tmusic.artist.origin\t7\n1\tmusic.artist.origin\t7\n"
    "1\ttype.object.key\t0\n2\ttype.object.key\t9\n"
)


def small(folder: Path, index: str = INDEX, triples: str = TRIPLES) -> Dataset:
    for name, text in (
        ("user_artists.dat", LISTENED),
        ("user_friends.dat", FRIENDS),
        ("artists.dat", ARTISTS),
        ("item_index2entity_id.txt", index),
        ("kg.txt", triples),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    return LastFMWithGraph(path=str(folder), hetrec_path=str(folder)).load()


def test_counts_are_those_of_the_papers(shared: Shared) -> None:
    folders = {"path": "kg-mkr", "hetrec_path": "hetrec2011-lastfm-2k"}
    source = LastFMWithGraph(**{name: str(shared(one)) for name, one in folders.items()})
    data = source.load()
    assert data.graph is not None
    sizes = len(data.user_ids), len(data.item_ids), len(data.positives)
    assert sizes == (1872, 3846, 21_173)
    graph = data.graph.n_nodes, len(data.graph.relation_names), len(data.graph.heads)
    assert graph == (9366, 60, 15_518)
    assert list(find_disagreements(data, source.card.facts)) == []


def test_only_artists_of_the_graph_are_kept(tmp_path: Path) -> None:
    data = small(tmp_path)
    assert data.item_ids.tolist() == ["51", "52"] and data.user_ids.tolist() == ["2", "3"]
    assert data.rule.endswith("only artists of the graph")


def test_features_say_what_the_graph_says_between_artists_too(tmp_path: Path) -> None:
    data = small(tmp_path)
    assert data.graph is not None and data.graph.relation_names == (
        "music.artist.origin",
        "type.object.key",
    )
    assert len(data.graph.heads) == 3, "that of an artist nobody listened to is left out"
    (key,) = [one for one in data.items.columns if one.name == "type.object.key"]
    assert {key.values[at] for at in key.matrix[0].indices} == {"item:1"}
    assert list(find_disagreements(data, LastFMWithGraph.card.facts)) == []


def test_an_artist_with_two_entities_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"item_index2entity_id\.txt, line 2.*artist 51 has two"):
        small(tmp_path, index="51\t0\n51\t1\n")


def test_a_missing_graph_says_how_to_get_it(tmp_path: Path) -> None:
    small(tmp_path)
    there, none = str(tmp_path), str(tmp_path / "none")
    with pytest.raises(DataError, match=r"coldbench data fetch lastfm-mkr"):
        LastFMWithGraph(path=none, hetrec_path=there).load()
    with pytest.raises(DataError, match=r"coldbench data fetch hetrec-lastfm"):
        LastFMWithGraph(path=there, hetrec_path=none).load()
