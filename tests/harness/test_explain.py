"""``coldbench explain``: what it shows, what it never reads, and what it says of mistakes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.explain import request as asked
from coldbench.benchmarks.explain.explain import explain, shorten
from coldbench.benchmarks.explain.question import find_question
from coldbench.benchmarks.explain.words import Word, find_words, remove_word, sum_pieces
from coldbench.benchmarks.runs.kept_splits import KeptSplit
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.side_information import Side
from coldbench.datasets.world import Query, Split
from coldbench.methods.base import Attribution, Method
from scipy.sparse import csr_matrix

COLD, SHOT, ZERO = "new_item/cold/k=0", "new_user_new_item/cold/k=5", "new_user_new_item/cold/k=0"


@pytest.fixture
def read(
    workplace: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    """Run the command for a method and return its JSON."""

    def run(method: str, *more: str) -> dict[str, Any]:
        argv = ["explain", f"method={method}", *words, *more, "--format", "json"]
        capsys.readouterr()
        assert cli.main(argv) == 0, capsys.readouterr().err
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def find_user(words: list[str], task: str) -> str:
    """Return the first user whom a task asks."""
    config = asked.compose_run(["method=random", *words])
    data = config.dataset.load()
    return str(data.user_ids[config.scenario.split(data, 0).test[task].users[0]])


def test_words_are_found_removed_and_summed() -> None:
    text = "The sea, the Sea's end: sci-fi (1994)."
    found = find_words(text)
    assert [one.text for one in found] == ["The", "sea", "Sea's", "end", "sci-fi", "1994"]
    assert remove_word(text, found[0]) == "sea, Sea's end: sci-fi (1994)."
    assert remove_word(text, found[4]) == "The sea, the Sea's end: (1994)."
    assert remove_word("one two", Word("two", ((4, 7),))) == "one"
    spans = np.array([[0, 3], [4, 6], [6, 7], [9, 12]])
    pieces = np.array([1, 2, 3, 5], dtype=np.float32)
    assert [sum_pieces(one, spans, pieces) for one in found[:3]] == [6, 5, 0]
    assert find_words(" ... ") == [] and shorten("a " * 60).endswith("a ...")


def test_the_best_are_those_of_the_record(
    read: Callable[..., dict[str, Any]], words: list[str]
) -> None:
    """Ties too: popularity gives every cold item the same score."""
    for method in ("word_knn", "popularity"):
        assert cli.main(["run", f"method={method}", *words, "save_rankings=true"]) == 0
        (path,) = Path("results").glob(f"grid/planted/{method}/*.rankings.parquet")
        ranked = pl.read_parquet(path)
        for task in (COLD, SHOT):
            user = find_user(words, task)
            found = read(method, f"user={user}", f"task={task}", "top=4")["explanations"]
            rows = ranked.filter((pl.col("task") == task) & (pl.col("user") == user))
            assert [one["item"] for one in found] == rows["item"].to_list()[:4]
            assert [one["rank"] for one in found] == [1, 2, 3, 4]
            scores = rows["score"].to_list()[:4]
            assert [one["score"] for one in found] == pytest.approx(scores, rel=1e-5)


def test_effects_are_what_scores_without_the_part_say(
    words: list[str], read: Callable[..., dict[str, Any]]
) -> None:
    config = asked.compose_run(["method=word_knn", *words])
    data = config.dataset.load()
    split = asked.plan_run(config, data, KeptSplit("", config.scenario.split(data, 0))).split
    user = find_user(words, COLD)
    found = read("word_knn", f"user={user}", f"task={COLD}", "top=1")
    (one,) = found["explanations"]
    question = find_question(data, split, user, COLD)
    fitted = config.method.fit(split.train)
    place = question.place(one["item"])

    def margin(query: Query, at: int = place) -> tuple[float, int]:
        scores = fitted.score(query)[0].astype(float)
        others = np.delete(scores[: len(question.ids)], place)
        return scores[at] - others.mean(), 1 + int((others > scores[at]).sum())

    whole, _ = margin(question.query)
    assert one["margin"] == pytest.approx(whole) and one["margin"] > 0
    history = question.history.tolist()
    assert [part["name"] for part in one["history"]] == question.seen_ids[history].tolist()
    for entry, part in zip(history, one["history"], strict=True):
        rest = [other for other in history if other != entry]
        row = csr_matrix(
            (np.ones(len(rest), np.float32), rest, [0, len(rest)]), (1, len(split.train.items))
        )
        users = replace(question.query.users, history=row)
        without, rank = margin(Query(users, question.query.items))
        assert part["effect"] == pytest.approx(whole - without, abs=1e-5)
        assert part["rank_without"] == rank
    text = str(question.query.items.text[place])
    for word, part in zip(find_words(text), one["words"], strict=True):
        changed = question.query.items.text.copy()
        changed[place] = remove_word(text, word)
        items = replace(question.query.items, text=changed)
        without, rank = margin(Query(question.query.users, items))
        assert part["name"] == word.text and part["attribution"] is None
        assert part["effect"] == pytest.approx(whole - without, abs=1e-5)
        assert part["rank_without"] == rank


def shuffle_truth(task: Any, rng: np.random.Generator) -> Any:
    """Return a task whose users have other items as their truth, as many as before."""
    truth = task.truth.toarray()
    masked = task.masked.toarray() > 0
    for row, hidden in zip(truth, masked, strict=True):
        free = np.flatnonzero(~hidden)
        row[free] = rng.permutation(row[free])
    return replace(task, truth=csr_matrix(truth))


@pytest.mark.parametrize("task", [COLD, SHOT])
def test_no_leak_shuffled_truth_changes_no_explanation(
    task: str, read: Callable[..., dict[str, Any]], words: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    argv = ("word_knn", f"user={find_user(words, task)}", f"task={task}")
    before, changed = read(*argv), []
    kept = asked.keep_split

    def shuffled(config: Any, data: Dataset) -> KeptSplit:
        found = kept(config, data)
        rng = np.random.default_rng(0)
        tests = {name: shuffle_truth(one, rng) for name, one in found.split.test.items()}
        changed.append((found.split.test[task].truth != tests[task].truth).nnz)
        return KeptSplit(found.key, replace(found.split, test=tests))

    monkeypatch.setattr(asked, "keep_split", shuffled)
    assert read(*argv) == before and changed[0] > 0
    assert len(before["explanations"]) == 5 and before["history_size"] > 0


def test_the_question_holds_no_truth(split: Split) -> None:
    data = type("Ids", (), {})()
    data.name, data.user_ids = "planted", np.arange(300).astype(str)
    data.item_ids = np.arange(300).astype(str)
    user = str(split.test[COLD].users[0])
    one = find_question(data, split, user, None)
    assert one.task == COLD and not hasattr(one, "truth")
    assert len(one.query.users) == 1 and one.query.items.side is Side.ITEM


def test_a_table_says_where_the_model_is_from(
    workplace: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    user = find_user(words, COLD)
    argv = ["explain", "method=word_knn", *words, f"user={user}", "top=1", "rows=2"]
    assert cli.main([*argv, "--keep"]) == 0
    first = capsys.readouterr().out
    assert f"task {COLD} · user {user} (" in first and "no fitted model of this run was" in first
    assert "item left out" in first and "word left out" in first and "--format json shows" in first
    (path,) = Path("results/.fitted").glob("*.npz")
    assert f"kept as {path}" in first.replace("\n", " ") and not list(Path("results").glob("*"))[1:]
    assert cli.main(argv) == 0
    again = capsys.readouterr().out
    assert "fitted before, read from" in again
    assert again.splitlines()[2:] == first.splitlines()[2:]
    assert cli.main(["explain", "method=word_knn", "method.neighbours=3", *argv[2:]]) == 0
    assert "no fitted model" in capsys.readouterr().out  # another run
    path.write_bytes(b"not a model")
    assert cli.main(argv) == 2
    assert "remove that file" in capsys.readouterr().err
    for name, start in (("why.json", '{\n  "method"'), ("deep/why.txt", "word_knn · grid")):
        path.unlink(missing_ok=True)
        assert cli.main([*argv, "--out", name]) == 0
        assert capsys.readouterr().out.startswith(f"{name}: ")
        assert Path(name).read_text().startswith(start)


def test_what_a_method_does_not_read_is_said(
    read: Callable[..., dict[str, Any]], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    user = find_user(words, COLD)
    notes = " ".join(read("popularity", f"user={user}")["notes"])
    assert "no item of the history changes the margin: popularity" in notes
    assert "no word changes the margin" in notes and "all candidates have the same score" in notes
    assert cli.main(["explain", "method=popularity", *words, f"user={user}"]) == 0
    assert "left out" not in capsys.readouterr().out
    new = find_user(words, ZERO)
    empty = read("word_knn", f"user={new}", f"task={ZERO}", "top=2")
    assert empty["history_size"] == 0 and empty["explanations"][0]["history"] == []
    assert empty["explanations"][0]["words"] and "has no history in" in empty["notes"][0]
    shown = read("word_knn", f"user={new}")  # without task= one with a history
    assert shown["task"].startswith("new_user_new_item/cold/k=") and shown["history_size"] > 0


def test_without_texts_the_history_alone(
    read: Callable[..., dict[str, Any]], words: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    config = asked.compose_run(["method=item_knn", *words])
    bare = config.dataset.load()
    bare = replace(bare, items=replace(bare.items, texts=()))
    monkeypatch.setattr(asked, "load_data", lambda config, tell: bare)
    warm, new = "warm/warm/k=0", find_user(words, ZERO)
    found = read("item_knn", f"user={find_user(words, warm)}", f"task={warm}", "top=1")
    (one,) = found["explanations"]
    assert one["words"] == [] and one["text"] == "" and one["history"]
    assert found["notes"] == ["the items have no text: only items of the history are left out"]
    assert cli.main(["explain", "method=item_knn", *words, f"user={new}", f"task={ZERO}"]) == 2
    assert "there is nothing to leave out" in capsys.readouterr().err


class Telling(Method):
    """Scores all alike, and tells what of history and text it read."""

    def fit(self, train: Any) -> "Telling":
        return self

    def score_block(self, users: Any, items: Any) -> np.ndarray:
        return np.zeros((len(users), len(items)), dtype=np.float32)

    def attribute(self, query: Query, item: int) -> Attribution:
        size = query.users.history.nnz
        history, pieces = np.arange(size, dtype=np.float32), np.ones(1, dtype=np.float32)
        return Attribution(history, np.array([[0, 2]]), pieces)


def test_an_account_of_a_method_stands_next_to_the_effects(split: Split) -> None:
    data = type("Ids", (), {"name": "planted"})()
    data.user_ids = data.item_ids = np.arange(300).astype(str)
    question = find_question(data, split, str(split.test[COLD].users[0]), COLD)
    (one,) = explain(Telling(), question, [], 1)
    assert [part.attribution for part in one.history] == list(range(len(one.history)))
    assert one.words[0].attribution == 1 and one.words[1].attribution == 0
    assert one.agreement() == {}  # all effects are 0


MISTAKES = [
    (["user=U7"], "no user 'U7' in planted; did you mean u7"),
    (["user={user}", "item=I-7"], "no item 'I-7' in planted; did you mean i7"),
    (["user={user}", "task=new_item/cold/k=1"], "no task 'new_item/cold/k=1'; did you mean "),
    (["user={user}", f"task={SHOT}"], f"is not asked in {SHOT}, which asks for example"),
    (["user={user}", f"task={COLD}", "item={warm}"], f"is no candidate of {COLD}, which ranks"),
    (["user={user}", "task=warm/warm/k=0", "item={liked}"], "is known to have it"),
    (["user={user}", "top=0"], "top=0 is not a whole number from 1 up"),
    (["user="], "user needs a value: user=ID"),
    ([], "coldbench explain needs user=ID"),
    (["usr=3"], "no word of coldbench explain 'usr'; did you mean user?"),
    (["user={user}", "method.layer=3"], "did you mean method.layers?"),
    (["user={user}", "--formt=json"], "has no option --formt; did you mean --format?"),
    (["user={user}", "seed=0,1"], "explains one run; choose one seed"),
    (["user={user}", "scenario.task=rating"], "use scenario.task=ranking"),
]


@pytest.mark.parametrize(("typed", "message"), MISTAKES, ids=lambda one: str(one)[:40])
def test_a_mistake_is_told_before_anything_is_fitted(
    typed: list[str], message: str, fakes: None, workplace: Path, words: list[str],
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = asked.compose_run(["method=random", *words])
    data = config.dataset.load()
    made = config.scenario.split(data, 0)
    task = made.test[COLD]
    row = made.test["warm/warm/k=0"].query.users.history[0]
    at = made.test["warm/warm/k=0"].users[0]
    names = {
        "user": str(data.user_ids[at if "{liked}" in " ".join(typed) else task.users[0]]),
        "warm": str(data.item_ids[made.items[0]]),
        "liked": str(data.item_ids[made.items[row.indices[0]]]),
    }
    monkeypatch.setattr(asked, "find_model", lambda *_, **__: pytest.fail("it was fitted"))
    argv = ["explain", "method=by_index", *words, *(one.format(**names) for one in typed)]
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("singular", "singular could not be fitted: ArithmeticError: the matrix is singular"),
        ("quits", "quits could not be fitted: SystemExit"),
        ("not_a_number", "gave scores that are not finite for user"),
        ("seer", "Seer needs side information of cold entities in training"),
    ],
)
def test_a_failing_method_is_one_sentence(
    method: str, message: str, fakes: None, workplace: Path, words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    argv = ["explain", f"method={method}", *words, f"user={find_user(words, COLD)}"]
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err


@pytest.mark.slow
def test_the_page_shows_what_the_command_prints(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "explaining.md").read_text()
    typed, shown = re.findall(r"```\n\$ coldbench (.*?)\n(.*?)```", page, re.DOTALL)[0]
    assert cli.main(typed.split()) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.rstrip().splitlines()]
    expected = shown.rstrip().splitlines()
    assert len(printed) > 20 and printed[:1] + printed[2:] == expected[:1] + expected[2:]
