"""The fine-tuned model in memory: it scores while it trains, and is built again after loading."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....datasets.arrays import CSR, DoubleArray, FloatArray
from ...training.group_networks import network_of_group
from ...training.weights import count_parameters, device_of, from_arrays, to_arrays
from ..text_encoder.encoder import SentenceEncoder
from .network import FineTuningModule, TextTowers
from .rank_budget import list_ranks

PAIRS = 1 << 19
"""Pairs of a user and an item that a head scores at a time."""


class TowerScorer:
    """Encoder and towers with the vectors of the texts they have seen.

    ``item_vectors`` are those of the training items, float32 (items, width), ``shown_vectors``
    those that they have in a history: the same, unless the sides have weights of their own.

    Parameters
    ----------
    model
        The network.
    sentences
        The frozen base encoder: texts of users, and of items when nothing of it is trained.
    """

    def __init__(self, model: TextTowers, sentences: SentenceEncoder) -> None:
        self.model, self.sentences = model, sentences
        self.item_vectors: FloatArray = np.zeros((0, 0), dtype=np.float32)
        self.shown_vectors: FloatArray = self.item_vectors
        self._seen: dict[str, Tensor] = {}

    @property
    def device(self) -> torch.device:
        """Where the network is at the moment."""
        return device_of(self.model)

    def follow(self, tuning: FineTuningModule) -> None:
        """Take over the weights and the item vectors as they are now."""
        self.item_vectors = _numpy(tuning.refresh())
        self.shown_vectors = self.item_vectors
        if self.model.separate:
            self.shown_vectors = _numpy(tuning.refresh_shown())
        self._seen = dict(zip(tuning.texts, tuning.remembered.cpu().clone(), strict=True))

    def move(self, texts: Sequence[str]) -> None:
        """Take other training items, by their texts, under the same weights."""
        self.shown_vectors = self.item_vectors = self.item_factors(texts)
        if self.model.separate:
            self.shown_vectors = self._encode_shown(texts)

    @torch.no_grad()
    def _encode_shown(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors that items with such texts have in a history."""
        own = self.model.shown
        vectors = self._text_vectors(texts) if own is None else own(texts)
        return _numpy(self.model.towers.shown_items(vectors))

    @torch.no_grad()
    def item_factors(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (texts, width) of length 1."""
        return _numpy(self.model.towers.items(self._text_vectors(texts)))

    @torch.no_grad()
    def user_factors(
        self, history: CSR, texts: Sequence[str] | None, prior_scales: DoubleArray
    ) -> FloatArray:
        """Return float32 (users, width) of length 1.

        Parameters
        ----------
        history
            CSR (users, training items).
        texts
            Texts of the users, or None.
        prior_scales
            (users,): what the learned weight of the prior item is multiplied by.
        """
        n_users = history.shape[0]
        rows = np.repeat(np.arange(n_users), np.diff(history.indptr))
        entries = history.indices.astype(np.int64)
        with_text = self.model.towers.user_text is not None and texts is not None
        text = self._on_device(self.sentences.encode(texts or [])) if with_text else None
        scales = self._on_device(prior_scales.astype(np.float32)[:, None])
        at = (self._on_device(self.shown_vectors), self._on_device(rows), self._on_device(entries))
        return _numpy(self.model.towers.users(*at, n_users, text, scales))

    @torch.no_grad()
    def score_vectors(self, users: FloatArray, items: FloatArray) -> FloatArray:
        """Return float32 (users, items) of the vectors that the two towers made, by the head."""
        candidates = self._on_device(items)
        # Every pair has hidden values of its own: some users at a time.
        parts = torch.split(self._on_device(users), max(1, PAIRS // max(1, len(items))))
        return _numpy(torch.cat([self.model.towers.logits(part, candidates) for part in parts]))

    def state(self) -> dict[str, Any]:
        """Return the item vectors and what was trained: the towers, the encoder's opened part."""
        model, encoder = self.model, self.model.encoder
        trained = {} if encoder is None else to_arrays(encoder, trainable_only=True)
        arrays = {"towers": to_arrays(model.towers), "encoder": trained}
        if model.shown is not None:
            arrays["shown_encoder"] = to_arrays(model.shown, trainable_only=True)
        told = {"shown_vectors": self.shown_vectors} if model.separate else {}
        return {"arrays": arrays, "item_vectors": self.item_vectors, **told}

    def set_state(self, state: dict[str, Any]) -> None:
        """Set what ``state`` returned."""
        self.item_vectors = state["item_vectors"]
        self.shown_vectors = state.get("shown_vectors", self.item_vectors)
        set_weights(self.model, state["arrays"])
        self.model.eval()

    def parameter_counts(self) -> tuple[int, int]:
        """Return (trained, all) parameters, the frozen encoder included."""
        trained, total = count_parameters(self.model)
        outside = self.sentences.files.parameters if self.model.encoder is None else 0
        return trained, total + outside

    def describe_encoder(self) -> dict[str, Any]:
        """Return how many dropouts act in training, the largest of them, AdaLoRA's ranks.

        And how many weights of how many a sparse training has chosen.
        """
        encoders = self.model.encoders
        acting = [one for encoder in encoders for one in encoder.dropouts()]
        ranks = [rank for encoder in encoders for rank in list_ranks(encoder.body)]
        dropout = {"places": len(acting), "probability": max(acting, default=0.0)}
        sparse = [one.sparse for one in encoders if one.sparse is not None]
        chosen = {
            "weights": sum(len(one.values) for one in sparse),
            "of": sum(one.total for one in sparse),
        }
        return {
            "encoder_dropout": dropout,
            **({"ranks": ranks} if ranks else {}),
            **({"sparse": chosen} if sparse else {}),
        }

    def _text_vectors(self, texts: Sequence[str]) -> Tensor:
        """Return float32 (texts, width) under the encoder as it is now."""
        encoder = self.model.encoder
        if encoder is None:
            return self._on_device(self.sentences.encode(texts))
        new = [text for text in dict.fromkeys(texts) if text not in self._seen]
        self._seen.update(zip(new, encoder(new).cpu(), strict=True))
        if not texts:
            return encoder([])  # type: ignore[no-any-return]
        return torch.stack([self._seen[text] for text in texts]).to(self.device)

    def _on_device(self, array: np.ndarray) -> Tensor:
        return torch.tensor(array, device=self.device)


def set_weights(model: TextTowers, arrays: Mapping[str, Any]) -> None:
    """Set the weights of towers and encoder from the ``arrays`` of a scorer's state."""
    from_arrays(model.towers, arrays["towers"])
    if model.encoder is not None:
        from_arrays(model.encoder, arrays["encoder"])
    if model.shown is not None:
        from_arrays(model.shown, arrays["shown_encoder"])


def split_by_group(
    tuning: FineTuningModule, groups: Iterable[str], sentences: SentenceEncoder
) -> dict[str, TowerScorer]:
    """Return a scorer in fp32 for each group of tasks that has weights of its own."""
    scorers: dict[int, TowerScorer] = {}
    found = {}
    for group in groups:
        net = network_of_group(tuning, group)
        if net is not tuning:
            if id(net) not in scorers:
                net.model.set_precision("fp32")
                scorers[id(net)] = TowerScorer(net.model, sentences)
                scorers[id(net)].follow(net)
            found[group] = scorers[id(net)]
    return found


def _numpy(tensor: Tensor) -> FloatArray:
    array: FloatArray = tensor.cpu().numpy()
    return array
