"""A masked language model around an encoder: its head, its loss, and how it is loaded."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.errors import ColdbenchError
from ..text_encoder.transformer import keep_quiet
from .tuned_encoder import BODIES


class MaskedModel(nn.Module):
    """The cross-entropy of hidden tokens under a masked language model of transformers.

    Parameters
    ----------
    model
        BERT, RoBERTa or XLM-RoBERTa with a head.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    @property
    def body(self) -> nn.Module:
        """The encoder without the head."""
        body: nn.Module = self.model.base_model
        return body

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of the hidden tokens of one batch of ``MaskedTexts``."""
        states = self.body(input_ids=batch["ids"], attention_mask=batch["real"]).last_hidden_state
        head = self.model.cls if hasattr(self.model, "cls") else self.model.lm_head
        # The vocabulary is far wider than a state: only hidden tokens go through the head.
        return functional.cross_entropy(head(states[batch["hidden"]]), batch["told"])

    @torch.no_grad()
    def measure(self, batches: list[dict[str, Tensor]]) -> float:
        """Return the mean cross-entropy over the hidden tokens of several batches, no dropout."""
        self.eval()
        device = next(self.parameters()).device
        total, count = 0.0, 0
        for batch in batches:
            there = {name: one.to(device) for name, one in batch.items()}
            total += float(self.loss(there)) * len(batch["told"])
            count += len(batch["told"])
        return total / max(1, count)


def load_masked_model(folder: Path) -> tuple[MaskedModel, bool]:
    """Load an encoder with the head of its checkpoint, and say whether that has one.

    Where it has none, as that of a sentence encoder, the head is new: BERT's own, a layer drawn
    from torch's global generator under an output that is tied to the input embeddings.

    Raises
    ------
    ColdbenchError
        For an encoder that is not built as BERT is.
    """
    from transformers import AutoConfig, AutoModelForMaskedLM

    only: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    with keep_quiet():
        kind = str(AutoConfig.from_pretrained(folder, **only).model_type)
        if kind not in BODIES:
            raise ColdbenchError(
                f"a model of type {kind!r} is not pretrained further as a masked language model; "
                f"use one of {', '.join(BODIES)}, or pretraining_steps=0"
            )
        model, told = AutoModelForMaskedLM.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **only
        )
    body = model.base_model_prefix + "."
    known = not any(not name.startswith(body) for name in told["missing_keys"])
    return MaskedModel(model), known
