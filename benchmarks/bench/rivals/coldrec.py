"""ColdRec's own code on one of our splits: train it, read its embeddings, rank with them."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....datasets.arrays import FloatArray
from ....datasets.errors import ColdbenchError
from ....datasets.world import Query, Split
from ...evaluation.validation import ndcg_per_user
from .coldrec_files import NAME, TASKS, Numbering, write_files

BACKBONE = "MF"
"""Its pretrained factors: matrix factorisation by BPR."""
NEEDS_BACKBONE = frozenset({"DropoutNet", "Heater"})


@dataclass(frozen=True)
class Measured:
    """One rival method on one split.

    Attributes
    ----------
    scores
        NDCG@10 by task, on the test part and by our metric.
    seconds
        Wall-clock time of its process, evaluation of its own included.
    """

    method: str
    scores: Mapping[str, float]
    seconds: float


class Checkout:
    """A copy of ColdRec's source with one of our splits in its ``data`` folder.

    Parameters
    ----------
    source
        A checkout of ColdRec; it is copied and never written to.
    folder
        A folder that does not exist yet.
    split
        Of a scenario with the tasks of ``TASKS``.
    gpu
        Train on the first GPU.

    Raises
    ------
    ColdbenchError
        When ``source`` has no ``main.py``.
    """

    def __init__(self, source: Path, folder: Path, split: Split, *, gpu: bool = False) -> None:
        if not (source / "main.py").is_file():
            raise ColdbenchError(
                f"{source} is no checkout of ColdRec: it has no main.py; clone ColdRec there, or "
                f"name its folder with --checkout"
            )
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".git", "data", "emb"))
        self.folder, self.split, self.gpu = folder, split, gpu
        self.numbering: Numbering = write_files(split, folder)

    def train(self, method: str, seed: int, words: Sequence[str] = ()) -> float:
        """Train a method by ColdRec's own command; return the seconds it took.

        Raises
        ------
        ColdbenchError
            With the last line of what it printed.
        """
        command = [
            *(sys.executable, "main.py", "--dataset", NAME, "--model", method),
            *("--cold_object", "item", "--use_gpu", str(self.gpu), "--seed", str(seed), *words),
        ]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ColdbenchError(f"ColdRec's {method} ended with {done.returncode}: {last}")
        return time.perf_counter() - start

    def read_embeddings(self, method: str) -> tuple[FloatArray, FloatArray]:
        """Return float32 (users, d) and (items, d) of a trained method, in its own indices."""
        import torch

        found = []
        for side in ("user", "item"):
            path = self.folder / "emb" / f"{NAME}_cold_item_{method}_{side}_emb.pt"
            tensor = torch.load(path, map_location="cpu", weights_only=True)
            found.append(tensor.detach().numpy().astype(np.float32))
        return found[0], found[1]

    def measure(self, method: str, seed: int, words: Sequence[str] = ()) -> Measured:
        """Train a method, after its pretrained factors, and evaluate its test tasks."""
        if method in NEEDS_BACKBONE and not any((self.folder / "emb").glob(f"*_{BACKBONE}_*")):
            self.train(BACKBONE, seed)
        seconds = self.train(method, seed, words)
        users, items = self.read_embeddings(method)
        return Measured(method, self._evaluate(users, items, seed), seconds)

    def _evaluate(self, users: FloatArray, items: FloatArray, seed: int) -> dict[str, float]:
        found = {}
        for name in TASKS:
            task = self.split.test[name]
            rows, columns = self.numbering.number((task.users, task.items))
            product: FloatArray = users[rows] @ items[columns].T

            def score(query: Query, product: FloatArray = product) -> FloatArray:
                return product

            found[name] = float(np.mean(ndcg_per_user(score, task, seed)))
        return found
