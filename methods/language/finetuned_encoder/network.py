"""What the fine-tuned encoder trains: the encoder's upper part and the two towers, end to end."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ....datasets.arrays import FloatArray
from .losses import compute_loss
from .rank_budget import RankBudget
from .settings import Loss
from .towers import Towers
from .tuned_encoder import TunedEncoder


class TextTowers(nn.Module):
    """The whole model: an encoder, or None when it stays frozen, and the towers.

    Parameters
    ----------
    encoder
        Reads the texts of candidates and, unless there is another, of histories.
    towers
        On top of it.
    shown
        A trained encoder for the texts of histories alone, or None.
    separate
        Whether the two sides have weights of their own, in towers and encoder.
    """

    def __init__(
        self,
        encoder: TunedEncoder | None,
        towers: Towers,
        shown: TunedEncoder | None = None,
        *,
        separate: bool = False,
    ) -> None:
        super().__init__()
        self.encoder, self.towers, self.shown, self.separate = encoder, towers, shown, separate

    @property
    def encoders(self) -> list[TunedEncoder]:
        """The encoders in training: none, one for both sides, or one for each."""
        return [one for one in (self.encoder, self.shown) if one is not None]

    def set_precision(self, name: str) -> None:
        """Compute the encoder's trained layers in ``fp32`` or in ``bf16``; the towers in fp32."""
        for encoder in self.encoders:
            encoder.kind = torch.bfloat16 if name == "bf16" else torch.float32


class FineTuningModule(nn.Module):
    """The loss of the model, with the last known text vector of every training item.

    Parameters
    ----------
    model
        What is trained.
    texts
        Texts of the training items.
    text_vectors
        float32, (items, width): their vectors under the encoder before training.
    loss, hard_negatives
        As ``compute_loss`` takes them.
    steps
        The most that the training takes, for AdaLoRA's budget.
    """

    remembered: Tensor
    remembered_shown: Tensor
    trained: Tensor
    places: Tensor

    def __init__(
        self,
        model: TextTowers,
        texts: Sequence[str],
        text_vectors: FloatArray,
        loss: Loss = Loss.SOFTMAX,
        hard_negatives: int = 0,
        steps: int = 1,
    ) -> None:
        super().__init__()
        self._loss, self._hard = loss, hard_negatives
        found = [RankBudget.of(encoder.body, steps) for encoder in model.encoders]
        self.budgets = nn.ModuleList([budget for budget in found if budget is not None])
        self.model, self.texts = model, list(texts)
        self.register_buffer("remembered", torch.tensor(text_vectors), persistent=False)
        own = torch.tensor(text_vectors if model.shown else text_vectors[:0])
        self.register_buffer("remembered_shown", own, persistent=False)
        self.register_buffer("trained", torch.tensor(False), persistent=False)
        # In which batch of the frozen layers each text was: a training that goes on repeats them.
        self.register_buffer("places", torch.full((len(texts), 2), -1), persistent=False)
        self._repeated = False

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of ``HistoryBatches``."""
        logits, blocked = self._compare(batch)
        loss = compute_loss(
            self._loss, logits, batch["target"], blocked, batch["log_frequency"], self._hard
        )
        return loss + self.penalty() if self.budgets else loss

    def pair_losses(self, batch: dict[str, Tensor]) -> Iterator[Tensor]:
        """Yield the loss of each pair of a batch, whose mean ``loss`` returns."""
        logits, blocked = self._compare(batch)
        frequency = batch["log_frequency"]
        for row in range(len(logits)):
            own = slice(row, row + 1)
            of_row = (logits[own], batch["target"][own], blocked[own])
            yield compute_loss(self._loss, *of_row, frequency, self._hard)

    def _compare(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return (pairs, candidates) twice: the scores, and which candidates are no negatives."""
        text = self._text_vectors(batch["items"], batch["fresh"])
        towers, n_users, user_text = self.model.towers, len(batch["target"]), batch.get("user_text")
        items = towers.items(text)
        shown = self._shown_vectors(batch, text) if self.model.separate else items
        users = towers.users(shown, batch["rows"], batch["entries"], n_users, user_text)
        logits = towers.logits(users, items[batch["candidates"]])
        # Other items of the user in the batch are not negatives.
        blocked = torch.zeros_like(logits, dtype=torch.bool)
        blocked[batch["liked_rows"], batch["liked_columns"]] = True
        return logits, blocked

    def penalty(self) -> Tensor:
        """Return what AdaLoRA adds to the loss."""
        budgets: Any = self.budgets
        return torch.stack([budget.penalty() for budget in budgets]).sum()

    def after_step(self, step: int) -> None:
        """Allocate the ranks of AdaLoRA anew after a step, counted from 1."""
        budgets: Any = self.budgets
        for budget in budgets:
            budget.allocate(step)

    def forget_training(self) -> None:
        """Take the encoder for untrained again; a training that goes on repeats its batches."""
        self.trained.fill_(False)
        self._repeated = False

    def _text_vectors(self, items: Tensor, fresh: Tensor) -> Tensor:
        """Return the items' text vectors, those at the positions ``fresh`` with a gradient."""
        if self.model.encoder is None:
            return self.remembered[items]
        return self._renew(self.model.encoder, self.remembered, items, fresh)

    def _shown_vectors(self, batch: dict[str, Tensor], text: Tensor) -> Tensor:
        """Return the vectors of a batch's items in histories, where these have their own weights.

        ``text`` are the items' text vectors as candidates: those of a frozen encoder are the same.
        """
        if self.model.shown is not None:
            items, fresh = batch["items"], batch["fresh_shown"]
            text = self._renew(self.model.shown, self.remembered_shown, items, fresh)
        return self.model.towers.shown_items(text)

    def _renew(
        self, encoder: TunedEncoder, remembered: Tensor, items: Tensor, fresh: Tensor
    ) -> Tensor:
        """Return remembered vectors of items, those at ``fresh`` encoded anew with a gradient."""
        vectors = remembered[items]
        if len(fresh) == 0:
            # Several processes average their gradients, and wait for one of every weight.
            alone = not torch.distributed.is_available() or not torch.distributed.is_initialized()
            return vectors if alone else vectors + _make_zero(encoder)
        self.trained.fill_(True)
        chosen = items[fresh]
        new = self._encode(encoder, chosen)
        # The vectors of the others are some steps old: an encoder moves slowly, and only ``fresh``
        # texts a step have to go through it.
        remembered[chosen] = new.detach()
        return vectors.index_copy(0, fresh, new)

    @torch.no_grad()
    def refresh(self) -> Tensor:
        """Encode every training item under the present weights; return the item tower's vectors."""
        # Before the first step the encoder is the one that ``text_vectors`` were computed with,
        # unless something stands in front of its texts.
        self._refresh(self.model.encoder, self.remembered)
        return self.model.towers.items(self.remembered)

    @torch.no_grad()
    def refresh_shown(self) -> Tensor:
        """Return the vectors of every training item in a history, after ``refresh``."""
        if self.model.shown is None:
            return self.model.towers.shown_items(self.remembered)
        self._refresh(self.model.shown, self.remembered_shown)
        return self.model.towers.shown_items(self.remembered_shown)

    def _refresh(self, encoder: TunedEncoder | None, remembered: Tensor) -> None:
        if encoder is not None and (self.trained or not encoder.starts_as_base):
            everything = torch.arange(len(self.texts), device=self.places.device)
            remembered.copy_(self._encode(encoder, everything))

    def _encode(self, encoder: TunedEncoder, items: Tensor) -> Tensor:
        """Return the text vectors of training items under the present weights."""
        if not self._repeated:
            encoder.repeat_batches(self.texts, self.places.tolist())
            self._repeated = True
        texts = [self.texts[item] for item in items.tolist()]
        vectors: Tensor = encoder(texts)
        self.places[items] = self.places.new_tensor(encoder.places(texts))
        return vectors


def _make_zero(encoder: TunedEncoder) -> Tensor:
    """Return 0, of which every trained weight has a gradient: 0."""
    trained = [
        weight.reshape(-1)[:1].sum() for weight in encoder.parameters() if weight.requires_grad
    ]
    return 0.0 * torch.stack(trained).sum()
