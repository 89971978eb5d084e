import gc
import os
import platform
import sys
from pathlib import Path

import numpy as np
import pytest
from coldbench.benchmarks import cost, environment
from coldbench.benchmarks.config import RunConfig
from coldbench.benchmarks.cost import memory_peak
from coldbench.benchmarks.threads import VARIABLES, limited
from threadpoolctl import threadpool_info

MIB = 1 << 20


def test_the_peak_counts_what_is_freed_again() -> None:
    gc.collect()
    with memory_peak() as peak:
        block = np.ones(256 * MIB, dtype=np.uint8)
        del block
    assert 230 * MIB < peak.bytes < 300 * MIB


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the mark cannot be reset")
def test_an_earlier_peak_does_not_hide_a_later_one() -> None:
    gc.collect()
    with memory_peak() as large:
        np.ones(256 * MIB, dtype=np.uint8)
    with memory_peak() as small:
        np.ones(32 * MIB, dtype=np.uint8)
    assert small.bytes < 100 * MIB < large.bytes


def test_the_peak_of_the_process_is_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "_STATUS", Path("/no/such/file"))
    monkeypatch.setattr(cost, "_CLEAR", Path("/no/such/file"))
    with memory_peak() as peak:
        pass
    assert peak.bytes == 0
    assert cost._highest() > 10 * MIB


@pytest.mark.parametrize("threads", [1, 2])
def test_blas_and_later_libraries_get_the_threads(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    np.ones((4, 4)) @ np.ones((4, 4))
    before = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    with limited(threads):
        assert {os.environ[name] for name in VARIABLES} == {str(threads)}
        assert all(pool["num_threads"] <= threads for pool in threadpool_info())
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ
    after = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    # A pool that is loaded inside the block has no number to go back to.
    assert {path: after[path] for path in before} == before


def test_loaded_torch_and_numba_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    class Loaded:
        class config:
            NUMBA_NUM_THREADS = 2

        def __init__(self, name: str) -> None:
            self.name = name

        def set_num_threads(self, threads: int) -> None:
            told.append((self.name, threads))

    monkeypatch.setitem(sys.modules, "torch", Loaded("torch"))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "numba", Loaded("numba"))  # type: ignore[arg-type]
    with limited(3):
        pass
    assert told == [("torch", 3), ("numba", 2)]


def test_the_environment_names_versions_and_no_host() -> None:
    facts = environment.environment(RunConfig(threads=2))
    assert facts.packages["numpy"] == np.__version__ and "coldbench" in facts.packages
    assert (facts.python, facts.threads) == (platform.python_version(), 2)
    text = facts.model_dump_json()
    assert platform.node() not in text and str(Path.cwd()) not in text


def test_the_commit_is_that_of_the_checkout_or_none(monkeypatch: pytest.MonkeyPatch,
                                                    tmp_path: Path) -> None:  # fmt: skip
    environment.commit.cache_clear()
    head, dirty = environment.commit()
    if (Path(environment.__file__).parents[1] / ".git").exists() and head is not None:
        assert len(head) == 40 and isinstance(dirty, bool)
    monkeypatch.setattr(environment, "_CHECKOUT", tmp_path)
    environment.commit.cache_clear()
    assert environment.commit() == (None, None)
    environment.commit.cache_clear()
