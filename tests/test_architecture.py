"""The house: which floor may import which, what loads lightly, what is named and sized how."""

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("benchmarks", "conf", "datasets", "methods")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHARED = ("methods.base", "methods.state", "methods.training", "methods.item_content")
"""What methods have in common: any method may use it."""
PRETRAINED = {
    "methods.training.pretrained_factors": {"methods.collaborative.implicit_als"},
    "methods.language.collaborative_bases": {
        "methods.collaborative.ease",
        "methods.collaborative.implicit_als",
        "methods.collaborative.item_knn",
    },
    "methods.language.candidate_generators": {
        "methods.content.word_knn",
        "methods.language.text_knn",
        "methods.language.text_ridge",
        "methods.reference.popularity",
    },
}
"""What fits a method that others build on (its factors, its ranking) may import that one."""
HEAVY = {
    "torch", "pytorch_lightning", "lightning", "transformers", "peft", "implicit", "lightfm",
    "wandb", "sknetwork", "numba", "polars", "pyarrow", "pandas", "sklearn",
}  # fmt: skip
VAGUE = re.compile(r"(^|_)(managers?|handlers?|utils?|helpers?|commons?|misc)($|_)")
LONGEST = 300


def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(path): path
    for floor in FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
    if "__pycache__" not in path.parts
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def own_targets(module: str, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the modules of ours that one import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        package = module.split(".")
        if FILES[module].name != "__init__.py":
            package = package[:-1]
        start = package[: len(package) - node.level + 1] if node.level else []
        base = ".".join([*start, *(node.module.split(".") if node.module else [])])
        names = [f"{base}.{alias.name}" if base else alias.name for alias in node.names]
        names = [name if _ours(name) in FILES else base for name in names]
    for name in names:
        ours = _ours(name) if name.startswith("coldbench") or _relative(node) else ""
        if ours in FILES:
            yield ours


def _ours(name: str) -> str:
    return name.removeprefix("coldbench.")


def _relative(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and node.level > 0


def imports(module: str, *, top_only: bool = False) -> set[str]:
    nodes = top_statements(tree(module)) if top_only else ast.walk(tree(module))
    return {
        target
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in own_targets(module, node)
    }


def top_statements(module: ast.Module) -> Iterator[ast.AST]:
    """Yield what runs at import: everything outside functions and ``if TYPE_CHECKING``."""
    waiting: list[ast.AST] = list(module.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        waiting += ast.iter_child_nodes(node)


def floor(module: str) -> str:
    return module.split(".")[0]


def shared(module: str) -> bool:
    """Say whether a module of methods is for all of them rather than part of one."""
    return module == "methods" or module.count(".") == 1 or module.startswith(SHARED)


def test_the_reader_of_imports_sees_them() -> None:
    assert "datasets.world" in imports("methods.base")
    assert "methods.base" in imports("benchmarks.plugins.requirements")
    suite = imports("benchmarks.conformance.checks.suite")
    assert "benchmarks.conformance.checks.leaks" in suite
    assert PRETRAINED["methods.training.pretrained_factors"] <= imports(
        "methods.training.pretrained_factors"
    )
    assert "benchmarks.terminal.console" not in imports("benchmarks.cli.list", top_only=True)


def test_the_root_imports_nothing_when_it_is_imported() -> None:
    """It offers names of every floor, each imported when it is used first; see test_door.py."""
    root = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    statements = list(top_statements(root))
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in statements)


def test_no_floor_imports_what_the_root_offers() -> None:
    """A plugin may; coldbench's own modules would import each other in a circle through it."""
    wrong = {
        (module, alias.name)
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and _is_root(module, node)
        for alias in node.names
        if alias.name not in (*FLOORS, "__version__")
    }
    assert wrong == set()


def _is_root(module: str, node: ast.ImportFrom) -> bool:
    depth = module.count(".") + (FILES[module].name == "__init__.py")
    return node.module == "coldbench" or (node.module is None and node.level == depth + 1)


def test_datasets_import_nothing_of_ours() -> None:
    wrong = {(m, t) for m in FILES if floor(m) == "datasets" for t in imports(m)}
    assert {pair for pair in wrong if floor(pair[1]) != "datasets"} == set()


def test_methods_import_datasets_and_their_own_floor() -> None:
    wrong = {(m, t) for m in FILES if floor(m) == "methods" for t in imports(m)}
    assert {pair for pair in wrong if floor(pair[1]) not in ("datasets", "methods")} == set()


def test_methods_import_each_other_only_to_build_on_one() -> None:
    wrong = {
        (module, target)
        for module in FILES
        if floor(module) == "methods"
        for target in imports(module)
        if floor(target) == "methods" and not may_import(module, target)
    }
    assert wrong == set()


def may_import(module: str, target: str) -> bool:
    """Say whether one module of methods may import another.

    The shared floor is everybody's, and fits the pretrained factors. A method may import what its
    family shares, which is not a method, and the files in its own folder; the folder of
    another method is private to that one.
    """
    if shared(target) or target in PRETRAINED.get(module, ()):
        return True
    if shared(module) or module.split(".")[1] != target.split(".")[1] or target in method_modules():
        return False
    return private_folder(target) in (None, private_folder(module))


def private_folder(module: str) -> str | None:
    """Return the folder of the method that a module belongs to, None where the family shares it."""
    folder = module.rsplit(".", 1)[0]
    return folder if f"{folder}.method" in FILES else None


@pytest.mark.parametrize(
    ("module", "target", "allowed"),
    [
        ("methods.content.content_knn", "methods.base", True),
        ("methods.graph.kgcn.method", "methods.graph.kgcn.network", True),
        ("methods.graph.kgcn.method", "methods.graph.receptive_fields", True),
        ("methods.graph.cfkg.network", "methods.graph.kgcn.network", False),
        ("methods.graph.interaction_batches", "methods.graph.kgcn.network", False),
        ("methods.training.pretrained_factors", "methods.collaborative.implicit_als", True),
        ("methods.hybrid.dropoutnet.method", "methods.training.pretrained_factors", True),
        ("methods.hybrid.dropoutnet.method", "methods.collaborative.implicit_als", False),
        ("methods.hybrid.light_fm", "methods.collaborative.implicit_als", False),
        ("methods.content.content_knn", "methods.content.kernel_ridge", False),
        ("methods.language.text_knn", "methods.content.content_knn", False),
        ("methods.language.candidate_generators", "methods.content.word_knn", True),
        ("methods.language.candidate_generators", "methods.content.lsi_lr", False),
        ("methods.language.instruction_ranker.method", "methods.language.text_knn", False),
        (
            "methods.language.instruction_ranker.method",
            "methods.language.candidate_generators",
            True,
        ),
        ("methods.language.collaborative_bases", "methods.collaborative.ease", True),
        ("methods.language.simulated_interactions.method", "methods.collaborative.ease", False),
        ("methods.training.batches", "methods.graph.kgcn.network", False),
    ],
)
def test_the_rule_of_imports_between_methods(module: str, target: str, allowed: bool) -> None:
    assert may_import(module, target) is allowed


def test_the_harness_imports_no_concrete_method() -> None:
    """The measure of the training layer alone reaches further: to that layer, to no method."""
    allowed = set(SHARED[:2])
    wrong = {
        (m, t)
        for m in FILES
        if floor(m) == "benchmarks"
        for t in imports(m)
        if floor(t) == "methods" and t not in allowed
        if not (m == "benchmarks.bench.training" and t.startswith("methods.training."))
    }
    assert wrong == set()


def test_the_harness_names_no_method() -> None:
    """No ``if method == ...``: whatever the harness knows of a method, the method declares."""
    classes = {point.split(":")[1] for point in points("methods").values()}
    wrong = {
        (module, node.id)
        for module in FILES
        if floor(module) == "benchmarks"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Name) and node.id in classes
    }
    assert wrong == set()


def demand_no_circle(graph: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


def test_no_module_imports_itself_in_a_circle() -> None:
    """Imports inside functions and under ``TYPE_CHECKING`` count as any other."""
    demand_no_circle({module: imports(module) - {module} for module in FILES})


def room(module: str) -> str:
    """Return the folder of the harness that a module is in, one below ``benchmarks``."""
    return module.split(".")[1] if module.count(".") > 1 else ""


def test_no_folder_of_the_harness_imports_another_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module in FILES:
        if floor(module) == "benchmarks" and room(module):
            targets = {room(t) for t in imports(module) if floor(t) == "benchmarks"}
            graph.setdefault(room(module), set()).update(targets - {room(module), ""})
    assert {"cli", "runs", "evaluation", "records"} <= graph.keys() and "runs" in graph["cli"]
    demand_no_circle(graph)


def points(kind: str) -> dict[str, str]:
    named: dict[str, str] = PROJECT["project"]["entry-points"][f"coldbench.{kind}"]
    return named


def method_modules() -> set[str]:
    return {point.split(":")[0].removeprefix("coldbench.") for point in points("methods").values()}


@pytest.mark.parametrize("kind", ["methods", "datasets", "scenarios", "metrics"])
def test_every_entry_point_leads_to_its_class(kind: str) -> None:
    for name, point in points(kind).items():
        module, attribute = point.split(":")
        assert isinstance(getattr(import_module(module), attribute), type), name


def test_every_method_class_is_an_entry_point() -> None:
    named = {
        tuple(point.removeprefix("coldbench.").split(":")) for point in points("methods").values()
    }
    classes = {
        (module, node.name): {ast.unparse(base) for base in node.bases}
        for module in FILES
        if floor(module) == "methods"
        for node in tree(module).body
        if isinstance(node, ast.ClassDef)
    }
    kinds, grown = {"Method"}, True
    while grown:  # also through bases of bases
        more = {name for (_, name), bases in classes.items() if bases & kinds}
        grown = not more <= kinds
        kinds |= more
    bases_of_others = set().union(*classes.values())
    public = {
        (module, name)
        for module, name in classes
        if name in kinds and not shared(module) and name not in bases_of_others
    }
    assert public == named


def read_by_the_registry() -> set[str]:
    """Return the modules of entry points and whatever of ours they import at their top."""
    waiting = [
        point.split(":")[0].removeprefix("coldbench.")
        for kind in ("methods", "datasets", "scenarios", "metrics")
        for point in points(kind).values()
    ] + ["benchmarks.cli.main", "benchmarks.plugins.registry", "benchmarks.cli.list"]
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in FILES and module not in seen:
            seen.add(module)
            waiting += imports(module, top_only=True)
    return seen


def test_nothing_heavy_is_imported_when_the_registry_is_read() -> None:
    wrong = set()
    for module in read_by_the_registry():
        for node in top_statements(tree(module)):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = {(node.module or "").split(".")[0]}
            else:
                continue
            wrong |= {(module, name) for name in names & HEAVY}
    assert wrong == set()


def test_datasets_does_not_shadow_the_library_of_that_name(tmp_path: Path) -> None:
    assert not (ROOT / "datasets" / "__init__.py").exists()
    library = tmp_path / "datasets"
    library.mkdir()
    (library / "__init__.py").write_text("library = True\n")
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r}); import datasets; print(datasets.library)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "True", done.stderr


def test_conf_is_a_package() -> None:
    assert (ROOT / "conf" / "__init__.py").exists()


def test_the_packages_of_pyproject_are_the_folders() -> None:
    folders = {"coldbench"} | {
        "coldbench." + ".".join(path.parent.relative_to(ROOT).parts) for path in FILES.values()
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders


def test_an_init_holds_a_docstring_and_nothing_else() -> None:
    wrong = {
        module
        for module, path in FILES.items()
        if path.name == "__init__.py"
        and not (len(tree(module).body) == 1 and ast.get_docstring(tree(module)))
    }
    assert wrong == set()


def test_every_module_says_what_it_is() -> None:
    assert {module for module in FILES if not ast.get_docstring(tree(module))} == set()


def test_no_name_is_vague() -> None:
    wrong = {module for module in FILES if VAGUE.search(module.rsplit(".", 1)[-1])}
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.name).lower()
                if VAGUE.search(words):
                    wrong.add(f"{module}.{node.name}")
    assert wrong == set()


def line_counts() -> dict[str, int]:
    return {
        module: len(path.read_text(encoding="utf-8").splitlines())
        for module, path in FILES.items()
        if path.name != "__init__.py"
    }


def test_no_file_is_long() -> None:
    assert {module: n for module, n in line_counts().items() if n > LONGEST} == {}


def test_files_have_the_size_of_one_idea() -> None:
    assert 40 <= statistics.median(line_counts().values()) <= 200


def test_functions_are_short() -> None:
    lengths = [
        node.body[-1].end_lineno - node.body[0].lineno + 1  # type: ignore[operator]
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef)
    ]
    assert statistics.median(lengths) <= 15


def test_every_exception_that_is_caught_is_dealt_with() -> None:
    silent = {
        f"{module}:{node.lineno}"
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler)
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Pass)
    }
    assert silent == set()
