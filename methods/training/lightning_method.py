"""A method around an ordinary LightningModule: fit, log, parameters and state are taken care of."""

from typing import TYPE_CHECKING, Any, Self

from ...datasets.world import TrainView
from .network import NetworkMethod

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule

_OWN = ("net_", "log_")


class LightningMethod(NetworkMethod):
    """A method whose network is a LightningModule, trained by Lightning on the split.

    A subclass is a dataclass with the fields ``max_steps`` and ``patience_steps`` (or ``epochs``
    and ``patience``) among others, and defines
    ``module`` and ``training_data``, and how it scores (``user_factors`` and ``item_factors`` of a
    ``FactorMethod``, or ``score_block``). What it must remember of the training data besides the
    weights, it sets in ``prepare`` as attributes whose names end in an underscore: numbers, texts,
    arrays, sparse matrices. The trained module is ``self.net_``.
    """

    def prepare(self, train: TrainView) -> None:
        """Set what ``module`` and scoring need of the training data; by default nothing."""

    def module(self) -> "LightningModule":
        """Return the untrained module, from the fields and from what ``prepare`` has set."""
        raise TypeError(f"{type(self).__name__} does not define module")

    def training_data(self, train: TrainView) -> Any:
        """Return a ``DataLoader``, a ``LightningDataModule`` or ``batches(epoch)``.

        None stands for the module's own ``train_dataloader``.
        """
        return None

    def chance_loss(self, train: TrainView) -> float | None:
        """Return the training loss of a module that has learned nothing; None: not known.

        For example log(candidates) of a softmax, or the variance of the target of a squared error.
        """
        return None

    def fit(self, train: TrainView) -> Self:
        """Train the module until the split's validation stops it; keep its best weights."""
        from .fit_lightning import fit_lightning
        from .seeding import seeded

        self.prepare(train)
        with seeded(train.seed):
            self.net_ = self.module()
        self.log_ = fit_lightning(
            self.net_,
            self.training_data(train),
            train,
            **self.stopping(train, self.chance_loss(train)),
        ).as_json()
        return self

    def extra_state(self) -> dict[str, Any]:
        """Return what ``prepare`` has set."""
        learned = {name: v for name, v in vars(self).items() if name.endswith("_")}
        return {name: value for name, value in learned.items() if name not in _OWN}

    def rebuild_network(self, state: dict[str, Any]) -> "LightningModule":
        """Set it again and return the module, its weights still any."""
        for name, value in state.items():
            if name.endswith("_"):
                setattr(self, name, value)
        return self.module()
