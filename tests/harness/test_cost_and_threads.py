import gc
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks.config.run_config import RunConfig
from coldbench.benchmarks.isolation.threads import VARIABLES, limit_threads
from coldbench.benchmarks.runs import cost, environment
from coldbench.benchmarks.runs.cost import measure_memory
from threadpoolctl import threadpool_info

MIB = 1 << 20


def test_the_peak_counts_what_is_freed_again() -> None:
    gc.collect()
    with measure_memory() as peak:
        block = np.ones(256 * MIB, dtype=np.uint8)
        del block
    assert peak.growth is not None and 230 * MIB < peak.growth < 300 * MIB
    assert peak.bytes is not None and peak.bytes > peak.growth


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the mark cannot be reset")
def test_an_earlier_peak_does_not_hide_a_later_one() -> None:
    gc.collect()
    with measure_memory() as large:
        np.ones(256 * MIB, dtype=np.uint8)
    with measure_memory() as small:
        np.ones(32 * MIB, dtype=np.uint8)
    assert small.growth is not None and large.growth is not None
    assert small.growth < 100 * MIB < large.growth


@pytest.mark.parametrize("missing", ["_STATUS", "_CLEAR"])
def test_where_the_mark_cannot_be_reset_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(cost, missing, Path("/no/such/file"))
    with measure_memory() as peak:
        np.ones(32 * MIB, dtype=np.uint8)
    assert peak.bytes is None and peak.growth is None


GREEDY = """
from dataclasses import dataclass
import numpy as np
from coldbench_fakes import ByIndex

@dataclass
class Greedy(ByIndex):
    \"\"\"Takes 200 MiB in small pieces, which the allocator keeps.\"\"\"

    def fit(self, train):
        self._pieces = [np.ones(1 << 13, dtype=np.uint8) for _ in range(200 * 128)]
        self._pieces = None
        return super().fit(train)
"""
RUNS = """
import sys
from coldbench.benchmarks.config.run_config import compose_run
from coldbench.benchmarks.runs.execute import execute
for seed in sys.argv[2:]:
    cost = execute(compose_run(["method=greedy", f"seed={seed}", *sys.argv[1].split()])).record.cost
    print(cost.peak_bytes)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the mark cannot be reset")
def test_the_peak_of_a_run_does_not_depend_on_the_runs_before(
    workplace: Path, fakes: None, install: Callable[..., None], words: list[str]
) -> None:
    install("greedy", "[coldbench.methods]\ngreedy = greedy:Greedy\n", greedy=GREEDY)

    def peaks(*seeds: int) -> list[str]:
        command = [sys.executable, "-c", RUNS, " ".join(words), *map(str, seeds)]
        path = os.pathsep.join([os.environ["PYTHONPATH"], *sys.path])
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    (alone,) = peaks(0)
    first, *later = peaks(1, 2, 3)
    assert int(first) == pytest.approx(int(alone), rel=0.2)
    assert later == ["None", "None"]
    assert 300 * MIB < int(alone) < 700 * MIB


@pytest.mark.parametrize("threads", [1, 2])
def test_blas_and_later_libraries_get_the_threads(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    np.ones((4, 4)) @ np.ones((4, 4))
    before = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    with limit_threads(threads):
        assert {os.environ[name] for name in VARIABLES} == {str(threads)}
        assert all(pool["num_threads"] <= threads for pool in threadpool_info())
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ
    after = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    # A pool that is loaded inside the block has no number to go back to.
    assert {path: after[path] for path in before} == before


def test_loaded_torch_and_numba_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    message = []

    class Loaded:
        class config:
            NUMBA_NUM_THREADS = 2

        def __init__(self, name: str) -> None:
            self.name = name

        def set_num_threads(self, threads: int) -> None:
            message.append((self.name, threads))

    monkeypatch.setitem(sys.modules, "torch", Loaded("torch"))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "numba", Loaded("numba"))  # type: ignore[arg-type]
    with limit_threads(3):
        pass
    assert message == [("torch", 3), ("numba", 2)]


def test_the_environment_names_versions_and_no_host() -> None:
    facts = environment.describe_environment(RunConfig(threads=2))
    assert facts.packages["numpy"] == np.__version__ and "coldbench" in facts.packages
    assert (facts.python, facts.threads) == (platform.python_version(), 2)
    text = facts.model_dump_json()
    assert platform.node() not in text and str(Path.cwd()) not in text


def test_the_commit_is_that_of_the_checkout_or_none(monkeypatch: pytest.MonkeyPatch,
                                                    tmp_path: Path) -> None:  # fmt: skip
    environment.find_commit.cache_clear()
    head, dirty = environment.find_commit()
    if (Path(environment.__file__).parents[1] / ".git").exists() and head is not None:
        assert len(head) == 40 and isinstance(dirty, bool)
    monkeypatch.setattr(environment, "_CHECKOUT", tmp_path)
    environment.find_commit.cache_clear()
    assert environment.find_commit() == (None, None)
    environment.find_commit.cache_clear()
