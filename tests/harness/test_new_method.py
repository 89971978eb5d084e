"""``coldbench new-method``: what it writes runs, conforms and passes its own test."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from coldbench.benchmarks.cli import main as cli
from coldbench.benchmarks.cli import new_method
from coldbench.benchmarks.conformance.checks.check_result import BROKEN
from coldbench.benchmarks.conformance.isolation import examine_in_process
from coldbench.benchmarks.plugins.registry import list_offers
from coldbench.datasets.errors import ColdbenchError

ROOT = Path(__file__).parents[2]
NAMES = {"plain": "my_counts", "lightning": "my_towers"}
FILES = {
    "plain": {"README.md", "pyproject.toml", "my_counts.py", "tests/test_my_counts.py"},
    "lightning": {
        "README.md",
        "pyproject.toml",
        "my_towers.py",
        "_my_towers_net.py",
        "tests/test_my_towers.py",
    },
}
SAYS = {"plain": "that a candidate shares", "lightning": "Two-layer towers over content"}
KINDS = sorted(FILES)


def written(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def made(
    workplace: Path, install: Callable[..., None], request: pytest.FixtureRequest
) -> tuple[str, Path]:
    """A generated package of the kind asked for, put where an installed one would be."""
    kind = request.param
    name = NAMES[kind]
    assert cli.main(["new-method", name, "--kind", kind]) == 0
    folder = workplace / name.replace("_", "-")
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    points = project["project"]["entry-points"]["coldbench.methods"]
    entries = "[coldbench.methods]\n" + "".join(f"{a} = {b}\n" for a, b in points.items())
    modules = project["tool"]["setuptools"]["py-modules"]
    texts = {module: (folder / f"{module}.py").read_text() for module in modules}
    install(project["project"]["name"], entries, **texts)
    return name, folder


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_a_whole_package_and_says_what_to_do(
    kind: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = NAMES[kind]
    assert cli.main(["new-method", name, "--kind", kind, "--dir", "deep/er"]) == 0
    folder = workplace / "deep" / "er" / name.replace("_", "-")
    assert written(folder) == FILES[kind]
    assert [p.name for p in folder.parent.iterdir()] == [folder.name], "nothing half-made is left"
    texts = [(folder / file).read_text() for file in FILES[kind]]
    assert all("$" not in text and "NAME" not in text for text in texts)
    said = capsys.readouterr().out
    for words in (f"pip install -e deep/er/{folder.name}", f"coldbench check {name}"):
        assert words in said


@pytest.mark.parametrize("made", KINDS, indirect=True)
def test_list_and_run_see_it(
    made: tuple[str, Path], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name, _ = made
    assert cli.main(["list", "methods", name]) == 0
    said = capsys.readouterr().out
    assert any(sentence in said for sentence in SAYS.values())
    assert "0 to 1" in said or "(log)" in said, "what a search explores"
    few = [] if name == "my_counts" else ["method.epochs=2"]
    assert cli.main(["run", f"method={name}", *words, *few]) == 0
    assert "warm/warm/k=0" in capsys.readouterr().out


@pytest.mark.parametrize("made", ["plain"], indirect=True)
def test_it_conforms(made: tuple[str, Path]) -> None:
    """The tests that the other one brings examine it: see the next test."""
    outcomes = examine_in_process(made[0])
    assert [one for one in outcomes if one.verdict in BROKEN] == []
    assert len([one for one in outcomes if one.verdict.value == "passed"]) > 30


@pytest.mark.parametrize(
    "made", ["plain", pytest.param("lightning", marks=pytest.mark.slow)], indirect=True
)
def test_its_own_test_passes(made: tuple[str, Path]) -> None:
    _, folder = made
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout[-3000:]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_as_clean_as_the_rest(kind: str, tmp_path: Path) -> None:
    new_method.write_folder(tmp_path / "p", dict(new_method.render_template("my_idea", kind)))
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    chosen = ",".join(rule for rule in settings["select"] if rule != "D")
    ignored = ",".join([*settings["ignore"], "RUF009"])
    base = [sys.executable, "-m", "ruff"]
    lint = [*base, "check", "--isolated", "--config", "line-length=100"]
    for command in (
        [*lint, "--select", chosen, "--ignore", ignored, "."],
        [*base, "format", "--isolated", "--config", "line-length=100", "--check", "."],
    ):
        done = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("My-Idea", r"'My-Idea' cannot name a method: .*did you mean my_idea\?"),
        ("MyIdea", r"did you mean my_idea\?"),
        ("2fast", r"did you mean my_2fast\?"),
        ("größe", r"cannot name a method"),
        ("a b/../c", r"did you mean a_b_c\?"),
        ("..", r"did you mean my_method\?"),
        ("class", r"did you mean my_class\?"),
        ("item_knn", r"there is a method 'item_knn' already, .*ItemKNN of coldbench; did you mean"),
        ("numpy", r"Python module 'numpy' already.*did you mean my_numpy\?"),
        ("method", r"would be called Method.*did you mean my_method\?"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, sentence: str, workplace: Path) -> None:
    with pytest.raises(ColdbenchError, match=sentence):
        new_method.main([name])
    assert list(workplace.iterdir()) == []


def test_what_it_suggests_is_accepted() -> None:
    for name in ("My-Idea", "MyIdea", "2fast", "größe", "..", "class", "_", "None", "-x-"):
        new_method.check_name(new_method._nearest_identifier(name))


def test_a_method_of_another_package_is_refused_too(install: Callable[..., None]) -> None:
    install("theirs", "[coldbench.methods]\ntheir_idea = nowhere:Theirs\n")
    assert list_offers("methods")["their_idea"].reason is not None
    with pytest.raises(ColdbenchError, match=r"nowhere:Theirs of theirs"):
        new_method.check_name("their_idea")


def test_an_existing_folder_is_left_as_it_is(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "my-counts").mkdir()
    (workplace / "my-counts" / "mine").write_text("kept")
    assert cli.main(["new-method", "my_counts"]) == 2
    assert "is there already and is left as it is" in capsys.readouterr().err
    assert written(workplace) == {"my-counts/mine"}


def test_a_place_that_cannot_be_written_is_told(workplace: Path) -> None:
    (workplace / "file").write_text("")
    with pytest.raises(ColdbenchError, match=r"cannot be written \(Not a directory\)"):
        new_method.main(["my_counts", "--dir", "file/below"])


def test_a_failure_half_way_leaves_nothing(workplace: Path) -> None:
    with pytest.raises(ColdbenchError, match="cannot be written"):
        new_method.write_folder(workplace / "p", {"a": "text", "a/b": "a file below a file"})
    assert list(workplace.iterdir()) == []


def test_the_templates_are_package_data() -> None:
    """Of a kind that setuptools packs and that pytest, mypy and ruff do not take for code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["coldbench.benchmarks"]
    package = ROOT / "benchmarks"
    found = {path for pattern in patterns for path in package.glob(pattern) if path.is_file()}
    packed = {path for path in found if path.is_relative_to(new_method.TEMPLATES)}
    there = {path for path in new_method.TEMPLATES.rglob("*") if path.is_file()}
    assert there == packed and {path.suffix for path in there} == {".tmpl"}
    assert {path.name for path in new_method.TEMPLATES.iterdir()} == set(new_method.KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_pip_installs_it(kind: str, tmp_path: Path) -> None:
    name, target = NAMES[kind], tmp_path / "target"
    new_method.write_folder(tmp_path / "p", dict(new_method.render_template(name, kind)))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-build-isolation", "--no-index",
         "--target", str(target), str(tmp_path / "p")],
        check=True,
        capture_output=True,
    )  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, "-m", "coldbench", "list", "methods", name],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0 and SAYS[kind] in done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slim", "two_words"])
def test_an_editable_install_works_from_the_folder_that_holds_it(name: str, tmp_path: Path) -> None:
    class_name = name.title().replace("_", "")
    said = _python(tmp_path, "-m", "coldbench", "new-method", name)
    folder = said.splitlines()[1].removeprefix("  pip install -e ")
    _python(
        tmp_path, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--no-build-isolation", "--no-index", "--ignore-installed", "--prefix", "prefix",
        "-e", folder,
    )  # fmt: skip
    installed = next((tmp_path / "prefix").rglob("site-packages"))
    listed = (
        f"import site; site.addsitedir({str(installed)!r}); "
        "from coldbench.benchmarks.cli.main import main; "
        f"main(['list', 'methods', {name!r}]); from {name} import {class_name}"
    )
    assert SAYS["plain"] in _python(tmp_path, "-c", listed)


def _python(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_one_word_method_lies_in_a_folder_that_no_import_finds(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new-method", "slim"]) == 0
    assert "pip install -e coldbench-slim" in capsys.readouterr().out
    assert written(workplace) == {
        f"coldbench-slim/{file}"
        for file in ("README.md", "pyproject.toml", "slim.py", "tests/test_slim.py")
    }
    project = tomllib.loads((workplace / "coldbench-slim" / "pyproject.toml").read_text())
    assert project["project"]["name"] == "coldbench-slim"
    assert list(project["project"]["entry-points"]["coldbench.methods"]) == ["slim"]


def test_the_page_shows_what_it_prints(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "plugin.md").read_text()
    assert cli.main(["new-method", "my_idea", "--kind", "lightning"]) == 0
    assert f"$ coldbench new-method my_idea --kind lightning\n{capsys.readouterr().out}" in page
    assert cli.main(["new-method", "item_knn"]) == 2
    assert f"$ coldbench new-method item_knn\n{capsys.readouterr().err}" in page


def mypy_finds_nothing(folder: Path, package: Path, kind: str) -> None:
    """Demand that a generated package is clean under ``mypy --strict``, its test included.

    An editable install is a finder that no type checker follows: the package lies in the
    site-packages of an environment as one that is installed does.
    """
    name = NAMES[kind]
    new_method.write_folder(folder, dict(new_method.render_template(name, kind)))
    venv.create(folder / "env", symlinks=True, with_pip=False)
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    others = [one for one in sys.path if one.endswith("site-packages")]
    (site / "others.pth").write_text("\n".join(others))
    (site / "coldbench").symlink_to(package)
    files = [one.name for one in folder.glob("*.py")] + [f"tests/test_{name}.py"]
    typo = "import coldbench\ncoldbench.Metod\ncoldbench.load(1)\n"
    (folder / "typo.py").write_text(typo)
    said = []
    for texts in (files, ["typo.py"]):
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull,
             "--python-executable", str(folder / "env" / "bin" / "python"), *texts],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        said.append(done.stdout + done.stderr)
    assert said[0].startswith("Success: no issues found in"), said[0]
    assert 'Module has no attribute "Metod"' in said[1] and "arg-type" in said[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_mypy_strict_finds_nothing_beside_a_checkout(kind: str, tmp_path: Path) -> None:
    mypy_finds_nothing(tmp_path / "p", ROOT, kind)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("results/", "tests/")) and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "installed"),
         str(copy)],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "installed"


@pytest.mark.slow
def test_the_wheel_is_marked_as_typed(wheel: Path) -> None:
    assert (wheel / "coldbench" / "py.typed").is_file()
    assert (wheel / "coldbench" / "benchmarks" / "templates" / "plain").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_mypy_strict_finds_nothing_beside_the_wheel(kind: str, wheel: Path, tmp_path: Path) -> None:
    mypy_finds_nothing(tmp_path / "p", wheel / "coldbench", kind)
