"""A record that is cut before it is parsed gives the same leaderboards as the whole."""

import json
import re
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli.chosen_boards import read_records
from coldbench.benchmarks.records.partial_records import make_cut
from coldbench.benchmarks.records.record import (
    RunRecord,
    read,
    read_all,
    record_path,
    to_json,
    write,
)
from coldbench.benchmarks.reports.board import Board
from coldbench.benchmarks.reports.group_records import build_boards
from coldbench.benchmarks.reports.render import render_csv, render_markdown

from .test_leaderboard import COLD, WARM, a_record  # type: ignore[import-not-found]

HOME = Path("results")
PUBLISHED = Path(__file__).parents[2] / "results"


def figure(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "n": 100}


def full(seed: int, metrics: tuple[str, ...], **more: object) -> RunRecord:
    """A record with several values, slices, and a task that lacks the last value."""
    figures = {name: figure(0.1 * at + 0.01 * seed) for at, name in enumerate(metrics)}
    scores = {COLD: figures, WARM: dict(list(figures.items())[:-1])}
    slices = {COLD: {"history:1-5": figures, "ndcg@10": figures}}
    return a_record("m", seed=seed, **{"scores": scores, "slices": slices} | more)


def drawn(made: list[Board]) -> str:
    return render_csv(made, None) + "".join(render_markdown(board, None) for board in made)


@pytest.fixture
def stored(workplace: Path) -> Path:
    for seed in (0, 1):
        for record in (full(seed, ("auc", "ndcg@10", "recall@20")),
                       full(seed, ("rmse", "mae"), dataset="ratings"),
                       full(seed, ("auc", "ndcg@5"), dataset="other-ks"),
                       a_record("broken", None, seed=seed)):  # fmt: skip
            write(record_path(HOME, record), record)
    return workplace


def test_the_boards_are_the_same(stored: Path) -> None:
    cut = read_records(HOME, make_cut(["ndcg@10"], others=True))
    whole = read_records(HOME)
    assert drawn(build_boards(cut)) == drawn(build_boards(whole))
    assert {board.metric for board in build_boards(cut)} == {"ndcg@10", "rmse", "auc"}


@pytest.mark.parametrize("metric", ["auc", "recall@20", "mae", "ndcg@1"])
def test_the_boards_of_another_metric_are_the_same(metric: str, stored: Path) -> None:
    cut = read_records(HOME, make_cut([metric]))
    assert drawn(build_boards(cut, metric=metric)) == drawn(
        build_boards(read_records(HOME), metric=metric)
    )
    assert {name for one in cut for task in one.scores.values() for name in task} <= {metric}


def test_what_is_not_shown_is_not_read(stored: Path) -> None:
    (record, *_) = [one for one in read_records(HOME, make_cut(["ndcg@10"], others=True))
                    if one.dataset == "planted" and one.scores]  # fmt: skip
    assert set(record.scores[COLD]) == {"ndcg@10"} and record.slices == {}


def test_a_text_of_another_layout_is_read_whole(stored: Path) -> None:
    """Such a text can only be a record of schema 1: a later one vouches for its own bytes."""
    path = sorted(HOME.glob("grid/planted/m/*.json"))[0]
    values = json.loads(path.read_bytes()) | {"schema": 1}
    path.write_text(json.dumps({key: one for key, one in values.items() if key != "sha256"}))
    whole = read(path)
    for layout in ({"indent": None}, {"indent": 1}, {"indent": 4}, {"separators": (",", ":")}):
        path.write_text(json.dumps(json.loads(path.read_bytes()), **layout))
        cut = read(path, make_cut(["ndcg@10"]))
        assert cut.scores[COLD]["ndcg@10"] == whole.scores[COLD]["ndcg@10"]
        assert cut.config == whole.config and cut.run_id == whole.run_id


def test_published_records_give_the_same_board_either_way() -> None:
    for folder in ("movietweetings", "citeulike-a"):
        paths = sorted(PUBLISHED.glob(f"*/{folder}/[ep]*/*.json"))
        assert paths
        cut = [read(path, make_cut(["ndcg@10"], others=True)) for path in paths]
        whole = [read(path) for path in paths]
        assert drawn(build_boards(cut)) == drawn(build_boards(whole))


def test_a_record_that_is_cut_short_is_told(stored: Path) -> None:
    path = sorted(HOME.glob("*/*/m/*.json"))[0]
    content = path.read_bytes()
    for length in range(0, len(content) - 2, 97):
        path.write_bytes(content[:length])
        found = list(read_all(HOME, make_cut(["ndcg@10"])))
        assert sum(not isinstance(one, RunRecord) for one in found) == 1


def test_an_unknown_metric_is_told_with_those_that_are_known(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["leaderboard", "--metric", "ndgc@10"]) == 2
    message = capsys.readouterr().err
    assert "did you mean ndcg@10" in message and "recall@20" in message and "mae" in message


def test_a_record_with_spaces_of_an_earlier_version_is_cut_as_well() -> None:
    text = to_json(full(0, ("auc", "ndcg@10", "recall@20")))
    inner = re.sub(r'":(?! )', '": ', text)
    spaced = re.sub(r",(?!\n)", ", ", inner)
    assert spaced != text and json.loads(spaced) == json.loads(text)
    for cut in (make_cut(["auc"]), make_cut(["recall@20"], others=True)):
        now, then = (cut.thin(one.encode()) for one in (text, spaced))
        assert json.loads(now) == json.loads(then)
        assert len(now) < len(text) or cut.others
    assert json.loads(make_cut(["auc"]).thin(spaced.encode()))["scores"][WARM].keys() == {"auc"}
