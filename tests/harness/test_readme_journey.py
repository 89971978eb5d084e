"""The README's third journey, from an empty folder in a fresh environment, as it stands there."""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
TIME = re.compile(r"\d+(\.\d+)? (s|min|h)\b")
NUMBER = re.compile(r"\b[0-9a-f]{16}\b")

# Nothing is fetched: what a package needs to be built and run is visible from the start.
PIP = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
       "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # fmt: skip


class Fresh:
    """A virtual environment that sees the libraries of the running one, and an empty folder."""

    def __init__(self, root: Path) -> None:
        self.home, self.folder = root / "environment", root / "empty"
        self.folder.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.home)], check=True)
        paths = sysconfig.get_paths(vars={"base": str(self.home), "platbase": str(self.home)})
        shared = sysconfig.get_paths()["purelib"]
        # addsitedir reads the .pth files there, too: that of an editable coldbench is one.
        line = f"import site; site.addsitedir({shared!r})\n"
        (Path(paths["purelib"]) / "shared.pth").write_text(line)
        self.bin = Path(paths["scripts"])
        self._command("pip", "pip._internal.cli.main")
        self._command("coldbench", "coldbench.benchmarks.cli.main")

    def _command(self, name: str, module: str) -> None:
        """Write what pip writes for a console script."""
        path = self.bin / name
        path.write_text(
            f"#!{self.bin / 'python'}\nimport sys\nfrom {module} import main\n"
            "if __name__ == '__main__':\n    sys.exit(main())\n"
        )
        path.chmod(0o755)

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Run one line as typed into a shell, in the folder."""
        kept = ("HOME", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "NUMBA_CACHE_DIR")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= PIP | {"COLDBENCH_DATA": str(self.home / "data")}
        environment["PATH"] = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=environment, capture_output=True, text=True
        )

    def all(self, lines: Sequence[str]) -> str:
        """Run lines that must succeed and return what they printed together."""
        said = ""
        for line in lines:
            done = self.run(line)
            assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            said += done.stdout
        return said


def journey() -> list[tuple[str, str]]:
    """Return each command of the first block of the section, and what the page shows it prints."""
    section = README.read_text().split("## Journey 3")[1].split("\n## ")[0]
    block = section.split("```")[1]
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.split("\n")[0], part.partition("\n")[2]) for part in parts]


def lines(text: str) -> list[str]:
    """Return the lines that say something, without times, record numbers, rules and widths."""
    plain = (" ".join(NUMBER.sub("ID", TIME.sub("T", line)).split()) for line in text.splitlines())
    return [line for line in plain if line.strip("─ ")]


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    return Fresh(tmp_path)


def test_the_journey_holds_what_a_new_user_does() -> None:
    commands = [command for command, _ in journey()]
    assert [command.split()[:2] for command in commands] == [
        ["coldbench", "new-method"], ["pip", "install"], ["coldbench", "list"],
        ["coldbench", "check"], ["coldbench", "run"], ["coldbench", "run"],
        ["coldbench", "leaderboard"],
    ]  # fmt: skip
    assert any("method.power=" in command for command in commands), "a setting is overridden"
    assert any(" -m method=my_method," in command for command in commands), "a sweep with others"


@pytest.mark.slow
def test_every_command_prints_what_the_page_shows(fresh: Fresh) -> None:
    """In order; a line of dots on the page leaves lines out."""
    for command, shown in journey():
        said = lines(fresh.all([command]))
        at = 0
        for line in lines(shown):
            if line == "...":
                continue
            assert line in said[at:], f"$ {command}\n{line}\nis not printed; it prints\n{said}"
            at = said.index(line, at) + 1
        if "..." not in lines(shown):
            assert lines(shown) == said
    assert "0 to 1" in fresh.all(["coldbench list methods my_method"]), "its search range is read"


@pytest.mark.slow
def test_a_network_makes_the_same_journey(fresh: Fresh) -> None:
    tiny = "dataset=planted dataset.n_users=80 dataset.n_items=60 evaluation.bootstrap=20"
    said = fresh.all(
        [
            "coldbench new-method my_towers --kind lightning",
            "pip install --quiet -e my-towers",
            "coldbench list methods my_towers",
            f"coldbench run method=my_towers method.epochs=2 {tiny}",
            f"coldbench run -m method=my_towers,popularity seed=1 {tiny}",
            "coldbench leaderboard --task new_item/cold/k=0",
        ]
    )
    assert "2 runs: 2 ok" in said and "(log)" in said
    assert "my_towers epochs=2" in said.split("ndcg@10 in new_item/cold/k=0")[1]


@pytest.mark.slow
def test_what_is_uninstalled_is_gone(fresh: Fresh) -> None:
    fresh.all(["coldbench new-method my_method", "pip install --quiet -e my-method"])
    fresh.all(["pip uninstall --quiet --yes my-method"])
    done = fresh.run("coldbench list methods my_method")
    assert done.returncode == 2 and done.stderr.startswith("no method 'my_method'")
