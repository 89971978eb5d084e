"""Methods whose best setting is known, and datasets and a scenario for them."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from coldbench.datasets.dataset import Dataset
from coldbench.datasets.parameters import Choices, Range, parameter
from coldbench.datasets.protocol.scenarios import Grid
from coldbench.datasets.sources.planted.source import Planted
from coldbench.datasets.world import Entities, Split, TrainView
from coldbench.methods.base import Family, Method, Need


@dataclass
class Hill(Method):
    """Scores by content, drowned in noise the further ``place`` is from 0.7."""

    family: ClassVar[Family] = Family.CONTENT
    place: float = parameter(0.1, "best at 0.7", search=Range(0.0, 1.0))
    blur: int = parameter(4, "best at 1", minimum=1, search=Range(1, 8))
    log: str = parameter("", "file that a fit writes a line into")

    def fit(self, train: TrainView) -> Self:
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{self.place!r} {self.blur}\n")
        self.items_ = train.items.features.toarray().astype(np.float32)
        self.seed_ = train.seed
        return self

    def score_block(self, users: Entities, items: Entities) -> np.ndarray:
        liked = users.history @ self.items_ + self.items_.mean(axis=0)
        scores = np.asarray(liked @ items.features.toarray().T)
        noise = np.random.default_rng(self.seed_).random((1, len(items)))
        width = 20 * (abs(self.place - 0.7) + 0.05 * (self.blur - 1))
        return (scores + width * noise).astype(np.float32)


@dataclass
class Rangeless(Hill):
    """Nothing of it is searched."""

    place: float = parameter(0.1, "best at 0.7")
    blur: int = parameter(4, "best at 1")


@dataclass
class SlowHill(Hill):
    """The same, slowly."""

    wait: float = parameter(0.3, "seconds of a fit")

    def fit(self, train: TrainView) -> Self:
        time.sleep(self.wait)
        return super().fit(train)


@dataclass
class Moody(Hill):
    """Fails, ends its process or does not come to an end, as it is set to."""

    mood: str = parameter("well", "how it fits", search=Choices(("well", "raises", "dies")))
    seconds: float = parameter(0.0, "how long it sleeps")

    def fit(self, train: TrainView) -> Self:
        if self.mood == "raises":
            raise ArithmeticError("the matrix is singular")
        if self.mood == "dies":
            import os
            import signal

            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(self.seconds)
        return super().fit(train)


@dataclass
class Singular(Moody):
    """Always fails."""

    mood: str = "raises"


@dataclass
class NewestWord(Hill):
    """Needs what there is not."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ITEM_VECTORS})


@dataclass
class Climber(Method):
    """A network that learns nothing with a step of 0: its later epochs are not worth running."""

    family: ClassVar[Family] = Family.CONTENT
    step: float = parameter(0.05, "of Adam", minimum=0, search=Choices((0.0, 0.05)))
    epochs: int = parameter(16, "the most", minimum=1)
    log: str = parameter("", "file that every epoch writes a line into")

    def fit(self, train: TrainView) -> Self:
        import torch
        from coldbench.methods.training.fitting import fit_module

        features = torch.tensor(train.items.features.toarray(), dtype=torch.float32)
        counts = torch.tensor(train.item_counts, dtype=torch.float32)

        class Net(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.weights = torch.nn.Parameter(-torch.ones(features.shape[1]))

            def loss(self, batch: Any) -> torch.Tensor:
                return ((features @ self.weights - counts / counts.max()) ** 2).mean()

        def batches(epoch: int) -> Iterator[int]:
            if self.log:
                with Path(self.log).open("a") as file:
                    file.write(f"{self.step} {epoch}\n")
            return iter([epoch])

        self.net_ = Net()
        fit_module(
            self.net_, batches, train, epochs=self.epochs,
            optimiser=lambda p: torch.optim.Adam(p, lr=self.step),
            validate=lambda: train.validate(self),
        )  # fmt: skip
        return self

    def score_block(self, users: Entities, items: Entities) -> np.ndarray:
        weights = self.net_.weights.detach().numpy()
        row = np.asarray(items.features @ weights, dtype=np.float32)
        return np.tile(row, (len(users), 1))


@dataclass
class Tiny(Planted):
    """A planted dataset that is split in milliseconds."""

    n_users: int = 120
    n_items: int = 100
    interactions_per_user: int = 20
    seed: int = 1

    def load(self) -> Dataset:
        return replace(super().load(), name=type(self).__name__)


@dataclass
class TinyB(Tiny):
    """Another one."""

    seed: int = 2


@dataclass
class TinyC(Tiny):
    """A third one."""

    seed: int = 3


@dataclass
class TinyD(Tiny):
    """A fourth one."""

    seed: int = 4


class Poison(Mapping[str, Any]):
    """Test tasks that nobody may look at."""

    def __getitem__(self, name: str) -> Any:
        raise AssertionError("the test side was read")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the test side was listed")

    def __len__(self) -> int:
        raise AssertionError("the test side was counted")


@dataclass
class PoisonedTest(Grid):
    """The grid, with a test side that raises when it is looked at."""

    def split(self, data: Dataset, seed: int, *rest: Any) -> Split:
        return replace(super().split(data, seed, *rest), test=Poison())
