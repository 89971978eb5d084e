"""A row is one version of the code, a leaderboard one of data and scenario; presets are names."""

from typing import Any

import pytest
from coldbench.benchmarks.records.record import RunRecord
from coldbench.benchmarks.reports.group_records import build_boards

from .test_leaderboard import COLD, a_record, the_board, the_row  # type: ignore[import-not-found]


def coded(part: str = "method", **code: Any) -> dict[str, Any]:
    return {"code": {part: {"package": "coldbench"} | code}}


def labels(*records: RunRecord) -> list[str]:
    return [row.label for row in the_board(*records).rows]


def test_two_versions_of_a_method_are_two_rows() -> None:
    old = a_record("m", 0.2, seed=0, **coded(version=1))
    new = a_record("m", 0.4, seed=1, **coded(version=2))
    board = the_board(old, new)
    assert [row.label for row in board.rows] == ["m version=1", "m version=2"]
    assert the_row(board, "m version=2").cells[COLD].mean == 0.4


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({"source_sha256": "ab12cd34" + "0" * 56}, {"source_sha256": "ef56ab78" + "0" * 56},
         ["m source=ab12cd34", "m source=ef56ab78"]),
        ({"release": "1.0"}, {"release": "1.1"}, ["m release=1.0", "m release=1.1"]),
        ({"package": "one"}, {"package": "two"}, ["m package=one", "m package=two"]),
    ],
)  # fmt: skip
def test_an_edited_plugin_makes_another_row(
    first: dict[str, Any], second: dict[str, Any], message: list[str]
) -> None:
    plugin = {"package": "plugin"}
    made = labels(
        a_record("m", seed=0, **coded(**plugin | first)),
        a_record("m", seed=1, **coded(**plugin | second)),
    )
    assert made == message


def test_within_a_row_the_commit_may_differ() -> None:
    assert labels(a_record("m", seed=0, commit="a" * 40), a_record("m", seed=1)) == ["m"]


def test_a_setting_called_version_is_not_taken_for_the_code() -> None:
    made = [
        a_record("m", seed=seed, config={"method": {"version": setting}}, **coded(version=seed + 1))
        for seed, setting in enumerate("ab")
    ]
    assert labels(*made) == ["m version=a code.version=1", "m version=b code.version=2"]


def test_a_record_without_code_counts_as_version_1_of_a_name_of_ours() -> None:
    old = {"schema": 1, "code": {}}
    assert labels(a_record("ease", seed=0, **old), a_record("ease", seed=1, **coded())) == ["ease"]
    theirs = [a_record("theirs", seed=0, **old), a_record("theirs", seed=1, **coded())]
    assert labels(*theirs) == ["theirs package=coldbench version=1", "theirs version=unknown"]


@pytest.mark.parametrize("part", ["dataset", "scenario", "metric ndcg"])
def test_boards_do_not_mix_versions_of_data_scenario_or_metric(part: str) -> None:
    versions = [{part: {"package": "plugin", "source_sha256": letter * 64}} for letter in "ab"]
    made = build_boards([a_record("m", seed=seed, code=code) for seed, code in enumerate(versions)])
    name = part.split()[0]
    assert [board.title for board in made] == [
        f"grid / planted {name}.source={letter * 8}" for letter in "ab"
    ]


def test_another_metrics_code_does_not_split_a_board() -> None:
    versions = [{"metric theirs": {"package": "plugin", "version": n}} for n in (1, 2)]
    assert (
        len(build_boards([a_record("m", seed=n, code=code) for n, code in enumerate(versions)]))
        == 1
    )


def settings(**method: Any) -> dict[str, Any]:
    return {"config": {"method": method, "dataset": {}, "scenario": {}}}


def test_a_preset_keeps_its_name() -> None:
    assert labels(
        a_record("content_knn", **settings(weighting="none")),
        a_record("content_knn", preset="content_knn_bm25", **settings(weighting="bm25")),
        a_record("content_knn", seed=1, **settings(weighting="bm25")),
    ) == ["content_knn", "content_knn_bm25"]


def test_rows_of_one_preset_are_told_apart_by_their_settings() -> None:
    assert labels(
        a_record("m", preset="m_big", **settings(factors=256, depth=1)),
        a_record("m", preset="m_big", **settings(factors=256, depth=2)),
        a_record("m", **settings(factors=8, depth=1)),
    ) == ["m", "m_big depth=1", "m_big depth=2"]


def test_two_presets_with_the_same_settings_name_nothing() -> None:
    made = [a_record("m", seed=n, preset=f"m_{n}", **settings(factors=8)) for n in (0, 1)]
    assert labels(*made) == ["m"]
