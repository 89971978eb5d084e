"""What the fine-tuned encoder trains: the encoder's upper part and the two towers, end to end."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ....datasets.arrays import FloatArray
from .losses import compute_loss
from .rank_budget import RankBudget
from .settings import Loss
from .towers import Towers
from .tuned_encoder import TunedEncoder


class TextTowers(nn.Module):
    """The whole model: an encoder, or None when it stays frozen, and the towers."""

    def __init__(self, encoder: TunedEncoder | None, towers: Towers) -> None:
        super().__init__()
        self.encoder, self.towers = encoder, towers

    def set_precision(self, name: str) -> None:
        """Compute the encoder's trained layers in ``fp32`` or in ``bf16``; the towers in fp32."""
        if self.encoder is not None:
            self.encoder.kind = torch.bfloat16 if name == "bf16" else torch.float32


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
        self._loss, self._hard, encoder = loss, hard_negatives, model.encoder
        self.budget = None if encoder is None else RankBudget.of(encoder.body, steps)
        self.model, self.texts = model, list(texts)
        self.register_buffer("remembered", torch.tensor(text_vectors), persistent=False)
        self.register_buffer("trained", torch.tensor(False), persistent=False)
        # In which batch of the frozen layers each text was: a training that goes on repeats them.
        self.register_buffer("places", torch.full((len(texts), 2), -1), persistent=False)
        self._repeated = False

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the loss of one batch of ``HistoryBatches``."""
        text = self._text_vectors(batch["items"], batch["fresh"])
        towers, n_users, user_text = self.model.towers, len(batch["target"]), batch.get("user_text")
        items = towers.items(text)
        users = towers.users(items, batch["rows"], batch["entries"], n_users, user_text)
        logits = towers.logits(users, items[batch["candidates"]])
        # Other items of the user in the batch are not negatives.
        blocked = torch.zeros_like(logits, dtype=torch.bool)
        blocked[batch["liked_rows"], batch["liked_columns"]] = True
        loss = compute_loss(
            self._loss, logits, batch["target"], blocked, batch["log_frequency"], self._hard
        )
        return loss if self.budget is None else loss + self.budget.penalty()

    def after_step(self, step: int) -> None:
        """Allocate the ranks of AdaLoRA anew after a step, counted from 1."""
        if self.budget is not None:
            self.budget.allocate(step)

    def _text_vectors(self, items: Tensor, fresh: Tensor) -> Tensor:
        """Return the items' text vectors, those at the positions ``fresh`` with a gradient."""
        vectors, encoder = self.remembered[items], self.model.encoder
        if encoder is None:
            return vectors
        self.trained.fill_(True)
        chosen = items[fresh]
        new = self._encode(encoder, chosen)
        # The vectors of the others are some steps old: an encoder moves slowly, and only ``fresh``
        # texts a step have to go through it.
        self.remembered[chosen] = new.detach()
        return vectors.index_copy(0, fresh, new)

    @torch.no_grad()
    def refresh(self) -> Tensor:
        """Encode every training item under the present weights; return the item tower's vectors."""
        # Before the first step the encoder is the one that ``text_vectors`` were computed with,
        # unless something stands in front of its texts.
        encoder = self.model.encoder
        if encoder is not None and (self.trained or not encoder.starts_as_base):
            everything = torch.arange(len(self.texts), device=self.places.device)
            self.remembered.copy_(self._encode(encoder, everything))
        return self.model.towers.items(self.remembered)

    def _encode(self, encoder: TunedEncoder, items: Tensor) -> Tensor:
        """Return the text vectors of training items under the present weights."""
        if not self._repeated:
            encoder.repeat_batches(self.texts, self.places.tolist())
            self._repeated = True
        texts = [self.texts[item] for item in items.tolist()]
        vectors: Tensor = encoder(texts)
        self.places[items] = self.places.new_tensor(encoder.places(texts))
        return vectors
