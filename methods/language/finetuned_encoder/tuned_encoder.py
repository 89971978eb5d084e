"""A sentence encoder in training: what stays frozen is computed once per text."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ....datasets.errors import ColdbenchError
from ..text_encoder.transformer import LoadedEncoder, batch_by_length, mean_pool, pad

BYTES_OF_STATES = 1 << 30
BODIES = ("bert", "roberta", "xlm-roberta")


class TunedEncoder(nn.Module):
    """The encoder cut in two: frozen lower layers, whose output is kept, and the layers above.

    Parameters
    ----------
    loaded
        A model of its own, which will be changed.
    max_length
        Tokens after which a text is cut.
    top_layers
        How many layers lie above the cut; None trains from the token embeddings on, and then
        nothing is kept.
    dropout
        Probability in training mode, in embeddings, attention and outputs alike; None leaves the
        model's own. Frozen layers drop out too, but only for texts whose output is not kept.
    """

    def __init__(
        self,
        loaded: LoadedEncoder,
        max_length: int,
        top_layers: int | None,
        dropout: float | None = None,
    ) -> None:
        super().__init__()
        kind = str(loaded.model.config.model_type)  # type: ignore[union-attr]
        if kind not in BODIES:
            raise ColdbenchError(
                f"a model of type {kind!r} cannot be fine-tuned in part; use one of "
                f"{', '.join(BODIES)}, or tuning=frozen"
            )
        self.loaded, self.max_length = loaded, max_length
        self.body = loaded.model
        layers = len(self.layers)
        if top_layers is not None and top_layers > layers:
            raise ColdbenchError(f"top_layers = {top_layers}, but the encoder has {layers}")
        self.cut = None if top_layers is None else layers - top_layers
        self._tokens: dict[str, list[int]] = {}
        self._states: dict[str, Tensor] = {}
        self._kept = 0
        if dropout is not None:
            for one in self._dropouts():
                one.p = dropout

    def dropouts(self) -> list[float]:
        """Return the probabilities of the dropouts that act in training mode, attention's too."""
        return [one.p for one in self._dropouts() if one.p > 0]

    def _dropouts(self) -> list[nn.Dropout]:
        # The attention of these bodies reads its probability from a module of its own.
        return [one for one in self.body.modules() if isinstance(one, nn.Dropout)]

    @property
    def layers(self) -> nn.ModuleList:
        """The transformer's layers, from the bottom up."""
        return self.body.encoder.layer  # type: ignore[union-attr, return-value]

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return float32 (texts, width) of length 1, in the order of ``texts``."""
        if not texts:
            return torch.zeros(0, self.loaded.width, device=self.loaded.device)
        self._tokenise(texts)
        order, parts = [], []
        for rows, length in batch_by_length([len(self._tokens[text]) for text in texts]):
            chosen = [texts[row] for row in rows]
            order.append(torch.from_numpy(rows))
            parts.append(self._vectors(chosen, length))
        # Batches are made by length; the inverse permutation puts the texts back in order.
        back = torch.argsort(torch.cat(order)).to(self.loaded.device)
        return torch.cat(parts)[back]

    def _vectors(self, texts: list[str], length: int) -> Tensor:
        ids, mask = pad([self._tokens[text] for text in texts], length, self._filler)
        ids, mask = ids.to(self.loaded.device), mask.to(self.loaded.device)
        if self.cut is None:
            hidden = self._run(self.body.embeddings(input_ids=ids), mask, 0, None)  # type: ignore
        else:
            hidden = self._run(self._lower(texts, ids, mask), mask, self.cut, None)
        return mean_pool(hidden, mask)

    @torch.no_grad()
    def _lower(self, texts: list[str], ids: Tensor, mask: Tensor) -> Tensor:
        """Return the output of the frozen layers (texts, length, width), kept where it fits."""
        device = ids.device
        if all(text in self._states for text in texts):
            return torch.stack([self._states[text] for text in texts]).to(device)
        with torch.autocast(device.type, enabled=False):
            hidden = self._run(self.body.embeddings(input_ids=ids), mask, 0, self.cut)  # type: ignore
        for text, state in zip(texts, hidden, strict=True):
            size = state.numel() * state.element_size()
            if text not in self._states and self._kept + size <= BYTES_OF_STATES:
                self._states[text] = state.cpu().clone()
                self._kept += size
        return hidden

    def _run(self, hidden: Tensor, mask: Tensor, first: int, end: int | None) -> Tensor:
        # (texts, heads, queries, keys): every query may read the real tokens.
        seen = mask[:, None, None, :].bool()
        for layer in self.layers[first:end]:
            output = layer(hidden, seen)
            hidden = output if isinstance(output, Tensor) else output[0]
        return hidden

    def _tokenise(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._tokens]
        self._tokens.update(zip(new, self.loaded.tokens(new, self.max_length), strict=True))

    @property
    def _filler(self) -> int:
        return self.loaded.tokenizer.pad_token_id or 0
