"""What ``import coldbench`` offers: lazily, typed, and enough for pages, templates and plugins."""

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import coldbench
import pytest
from coldbench import Method, Split
from coldbench.datasets.errors import ColdbenchError

ROOT = Path(__file__).parents[2]
DEEP = re.compile(r"^\s*(?:from|import)\s+coldbench\.\S+.*$", re.MULTILINE)
FENCED = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
PLANTED = {"n_users": 60, "n_items": 40, "interactions_per_user": 12}


def root() -> ast.Module:
    return ast.parse((ROOT / "__init__.py").read_text())


def typed_names() -> dict[str, str]:
    """The names that a type checker sees, with their modules."""
    (block,) = (node for node in root().body if isinstance(node, ast.If) and node.body
                and isinstance(node.body[0], ast.ImportFrom))  # fmt: skip
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_what_is_offered_is_what_a_type_checker_sees() -> None:
    assert sorted(coldbench.__all__) == sorted(typed_names())
    for name, module in typed_names().items():
        assert getattr(coldbench, name) is getattr(import_module(f"coldbench.{module}"), name), name
    assert set(coldbench.__all__) <= set(dir(coldbench))
    with pytest.raises(AttributeError, match="module 'coldbench' has no attribute 'Metod'"):
        coldbench.Metod  # noqa: B018


def test_importing_it_imports_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import coldbench; dir(coldbench); "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['coldbench']"


def test_every_name_is_on_the_page() -> None:
    page = (ROOT / "docs" / "plugin.md").read_text()
    message = set(re.findall(r"`(\w+)`", page.split("## A package to start from")[0]))
    assert set(coldbench.__all__) - message == set()


def code_of_pages() -> dict[str, str]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {one.name: "\n".join(FENCED.findall(one.read_text())) for one in pages}
    templates = sorted((ROOT / "benchmarks" / "templates").rglob("*.py.tmpl"))
    found |= {"/".join(one.parts[-3:]): one.read_text() for one in templates}
    return found


def test_pages_and_templates_import_from_coldbench_alone() -> None:
    code = code_of_pages()
    assert "import coldbench" in code["plugin.md"] and len(code) > 10
    assert {name: found for name, text in code.items() if (found := DEEP.findall(text))} == {}
    assert DEEP.findall("x = 1\n    from coldbench.methods.base import Method\n")


class Unfitted(Method):
    def score_block(self, users: coldbench.Entities, items: object) -> coldbench.FloatArray:
        raise NotImplementedError


class Unscored(Method):
    def fit(self, train: coldbench.TrainView) -> "Unscored":
        return self


class Unfactored(coldbench.FactorMethod):
    def fit(self, train: coldbench.TrainView) -> "Unfactored":
        return self


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Unfitted, "Unfitted does not define fit: a method defines fit, and score_block or score"),
        (Unscored, "Unscored does not define score_block: a method defines fit, and"),
        (Unfactored, "Unfactored does not define item_factors and user_factors: a method defines"),
        (Method, "Method does not define fit and score_block: a method"),
    ],
)
def test_a_wrong_subclass_says_what_it_lacks(wrong: type[Method], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        wrong()


@pytest.fixture(scope="module")
def split() -> Split:
    return coldbench.split(coldbench.load("planted", **PLANTED), "new_item", shots=[0, 2])


def test_a_dataset_is_loaded_and_split_by_name_or_instance(split: Split) -> None:
    assert {"new_item/cold/k=0", "new_item/cold/k=2", "warm/warm/k=0"} <= set(split.test)
    data = coldbench.load("planted", **PLANTED)
    assert len(data.user_ids) == 60
    again = coldbench.split(data, coldbench.NewItem(shots=[0, 2]), 0)
    assert again.fingerprint == split.fingerprint
    assert coldbench.split(data, coldbench.NewItem(), shots=[0, 2]).fingerprint == again.fingerprint
    assert coldbench.split(data, "new_item", seed=1).fingerprint != again.fingerprint


def test_a_method_is_made_fitted_and_evaluated(split: Split) -> None:
    made = coldbench.make_method("content_knn", neighbours=7)
    assert made.neighbours == 7  # type: ignore[attr-defined]
    preset = coldbench.make_method("content_knn_bm25", neighbours=7)
    assert preset != made
    settings = coldbench.EvaluationSettings(ks=[5], bootstrap=0)
    scores = coldbench.evaluate(made.fit(split.train), split, settings)
    random = coldbench.evaluate(coldbench.make_method("random").fit(split.train), split, settings)
    task = "new_item/cold/k=0"
    assert scores[task].scores["ndcg@5"].mean > random[task].scores["ndcg@5"].mean


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coldbench.load("planetd"), "no dataset 'planetd'; did you mean planted?"),
        (lambda: coldbench.load("planted", n_user=3), "did you mean dataset.n_users?"),
        (
            lambda: coldbench.load("planted", n_users="many"),
            "cannot use n_users='many' for data",
        ),
        (lambda: coldbench.make_method("ease", regularization=-1), "method.regularization = -1"),
        (lambda: coldbench.make_method("easy"), "no method 'easy'; did you mean ease"),
        (lambda: coldbench.leaderboard("nowhere"), "no record in nowhere"),
        (
            lambda: coldbench.run(coldbench.make_method("ease"), words=["method.regularization=1"]),
            "with an instance of EASE: set the field there",
        ),
    ],
)
def test_a_mistake_is_told_as_on_the_command_line(call: object, message: str) -> None:
    with pytest.raises(ColdbenchError, match=re.escape(message)):
        call()  # type: ignore[operator]


def test_a_run_is_recorded_and_ranked(workplace: Path) -> None:
    words = ["dataset.n_users=60", "dataset.n_items=40", "dataset.interactions_per_user=12",
             "evaluation.bootstrap=20"]  # fmt: skip
    record = coldbench.run("popularity", "planted", "warm", seed=1, results="out", words=words)
    assert (record.status.value, record.seed) == ("ok", 1)
    made = coldbench.make_method("item_knn", neighbours=5)
    other = coldbench.run(made, "planted", coldbench.Warm(), seed=1, results="out", words=words)
    assert other.config["method"]["neighbours"] == 5 and not any(
        key.endswith("_") for key in vars(made)
    )
    same = coldbench.run("item_knn", "planted", "warm", 1, results="out",
                         words=[*words, "method.neighbours=5"])  # fmt: skip
    assert (same.run_id, same.started) == (other.run_id, other.started), "it is not made again"
    board = coldbench.leaderboard("out", metric="recall@10")
    assert {one["method"] for one in board.rows} == {"popularity", "item_knn"}
    assert "warm / planted: recall@10" in str(board) and "| item_knn" in board._repr_markdown_()


def test_the_suite_is_carried_out() -> None:
    @dataclass
    class Bare(Method):
        def fit(self, train: coldbench.TrainView) -> "Bare":
            return self

        def score_block(self, users: coldbench.Entities, items: object) -> coldbench.FloatArray:
            raise ValueError("nothing is learned")

    assert [one for one in coldbench.check_method(Bare) if one.broken]
