"""A sweep on a Ray cluster of two nodes that were started in another folder."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from coldbench.benchmarks.records.record import RunRecord, read_all

pytest.importorskip(
    "hydra_plugins.hydra_ray_launcher",
    reason="Ray has an environment of its own: docs/running.md#ray",
)
ADDRESS = "127.0.0.1:6391"
RAY = str(Path(sys.executable).with_name("ray"))
LAUNCHER = [
    "hydra/launcher=ray",
    f"+hydra.launcher.ray.init.address={ADDRESS}",
    "+hydra.launcher.ray.init.object_store_memory=null",
    "+hydra.launcher.ray.remote.num_cpus=1",
]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    head = ["--head", "--port=6391", "--include-dashboard=false"]
    for node in (head, [f"--address={ADDRESS}"]):
        command = [RAY, "start", *node, "--num-cpus=1"]
        subprocess.run(command, cwd=elsewhere, check=True, capture_output=True, timeout=120)
    yield elsewhere
    subprocess.run([RAY, "stop"], check=True, capture_output=True, timeout=120)


@pytest.mark.slow
def test_a_sweep_on_a_cluster_is_that_of_one_process(
    cluster: Path, words: list[str], workplace: Path
) -> None:
    def sweep(results: str, *launcher: str) -> dict[str, object]:
        argv = ["run", "-m", "method=popularity,random", "seed=0,1", f"results={results}"]
        command = [sys.executable, "-m", "coldbench", *argv, *words, *launcher]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240)
        assert "4 runs: 4 ok" in done.stdout, done.stdout + done.stderr
        records = [one for one in read_all(Path(results)) if isinstance(one, RunRecord)]
        return {one.run_id: one.scores for one in records}

    assert sweep("there", *LAUNCHER) == sweep("here")
    assert not list(cluster.iterdir()), "nothing was left where the workers were started"
