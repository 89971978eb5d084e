"""A sentence encoder in training: what stays frozen is computed once per text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ....datasets.errors import ColdbenchError
from ..text_encoder.transformer import LoadedEncoder, pad
from .added_parts import has_prefix
from .packed_layers import run_layer
from .packed_texts import ROWS_STEP, PackedTexts, split_by_tokens
from .soft_prompt import SoftPrompt
from .sparse_weights import SparseWeights

BYTES_OF_STATES = 1 << 30
BODIES = ("bert", "roberta", "xlm-roberta")


@dataclass
class TextMemory:
    """What is known of texts whatever was trained; copies of an encoder share it.

    Attributes
    ----------
    tokens, states
        By text: its token numbers, and what the frozen layers make of them.
    places
        By text: the batch with which it went through the frozen layers first, and where in it.
    size
        Bytes of the states.
    """

    tokens: dict[str, list[int]] = field(default_factory=dict)
    states: dict[str, Tensor] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


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
        model's own. Frozen lower layers never drop out: their output is kept.
    prefix
        Before every text.

    Attributes
    ----------
    kind
        Arithmetic of the layers above the cut, ``torch.float32`` unless it is set; the frozen ones
        are always computed in fp32.
    recomputes
        Whether the layers above the cut keep their input alone, and are computed once more for
        their gradients (Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016).
    prompt
        Trained vectors in front of the words of every text, or None; all layers lie above them.
    sparse
        The few weights that are trained where all others of a layer are not, or None.
    """

    def __init__(
        self,
        loaded: LoadedEncoder,
        max_length: int,
        top_layers: int | None,
        dropout: float | None = None,
        prefix: str = "",
    ) -> None:
        super().__init__()
        kind = str(loaded.model.config.model_type)  # type: ignore[union-attr]
        if kind not in BODIES:
            raise ColdbenchError(
                f"a model of type {kind!r} cannot be fine-tuned in part; use one of "
                f"{', '.join(BODIES)}, or tuning=frozen"
            )
        self.loaded, self.max_length, self.prefix = loaded, max_length, prefix
        self.body = loaded.model
        layers = len(self.layers)
        if top_layers is not None and top_layers > layers:
            raise ColdbenchError(f"top_layers = {top_layers}, but the encoder has {layers}")
        self.cut = None if top_layers is None else layers - top_layers
        self.kind, self.recomputes = torch.float32, False
        self.prompt: SoftPrompt | None = None
        self.sparse: SparseWeights | None = None
        self._memory = TextMemory()
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
    def starts_as_base(self) -> bool:
        """Whether it is the frozen encoder before training: not with a prompt or with prefixes."""
        upper = self.layers[self.cut or 0 :]
        return self.prompt is None and not any(has_prefix(one) for one in upper)

    @property
    def layers(self) -> nn.ModuleList:
        """The transformer's layers, from the bottom up."""
        return self.body.encoder.layer  # type: ignore[union-attr, return-value]

    def train(self, mode: bool = True) -> Self:
        """Set training mode above the cut, evaluation mode below it."""
        super().train(mode)
        for layer in self.layers[: self.cut or 0]:
            layer.eval()
        if self.cut is not None:
            self.body.embeddings.eval()  # type: ignore[union-attr]
        return self

    def share_frozen(self, other: "TunedEncoder") -> None:
        """Take over what another encoder of the same build does not train, and what it has kept."""
        for own, theirs in zip(self.modules(), other.modules(), strict=True):
            for name, weight in theirs.named_parameters(recurse=False):
                if not weight.requires_grad:
                    own.register_parameter(name, weight)
        self._memory = other._memory

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return float32 (texts, width) of length 1, in the order of ``texts``."""
        if not texts:
            return torch.zeros(0, self.loaded.width, device=self.loaded.device)
        self._tokenise(texts)
        batches = list(split_by_tokens([len(self._memory.tokens[text]) for text in texts]))
        parts = [self._vectors([texts[row] for row in rows]) for rows in batches]
        # Batches are made by length; the inverse permutation puts the texts back in order.
        back = torch.from_numpy(np.argsort(np.concatenate(batches)))
        return torch.cat(parts)[back.to(self.loaded.device)]

    def find_pieces(self, text: str) -> Tensor:
        """Return int64 (tokens, 2): where each token of a text begins and ends in it.

        Both are 0 for a token that is no part of it: a special one, a prompt's, the prefix's.

        Raises
        ------
        ColdbenchError
            When the tokenizer does not know the places of its tokens.
        """
        if not self.loaded.tokenizer.is_fast:
            raise ColdbenchError("the tokenizer of this encoder does not tell where its tokens are")
        room = 0 if self.prompt is None else len(self.prompt.vectors)
        coded = self.loaded.tokenizer(
            self.prefix + text,
            truncation=True,
            max_length=self.max_length - room,
            return_offsets_mapping=True,
        )
        places = torch.tensor(coded["offset_mapping"]) - len(self.prefix)
        places[(places[:, 1] <= 0) | (places[:, 0] == places[:, 1])] = 0
        return torch.cat([places[:1], places.new_zeros(room, 2), places[1:]]).clamp(min=0)

    @torch.no_grad()
    def embed(self, text: str, *, hidden: Tensor | None = None) -> Tensor:
        """Return float32 (tokens, width): the embeddings of a text that the layers begin with.

        Parameters
        ----------
        hidden
            bool (tokens,): tokens in whose place the mask of the vocabulary stands.
        """
        self._tokenise([text])
        tokens = self._memory.tokens[text]
        if hidden is not None:
            blank = self.loaded.tokenizer.mask_token_id or self._filler
            tokens = [blank if no else one for one, no in zip(tokens, hidden.tolist(), strict=True)]
        return self._embed([tokens])

    def read(self, embedded: Tensor) -> Tensor:
        """Return float32 (copies, width) of length 1, with gradients down to what is given.

        Parameters
        ----------
        embedded
            float32 (copies, tokens, width): versions of the embeddings of one text.
        """
        copies, tokens = embedded.shape[:2]
        packed = PackedTexts(np.full(copies, tokens), self.loaded.device)
        hidden = embedded.flatten(0, 1)
        for layer in self.layers:
            hidden = run_layer(layer, hidden, packed)
        return packed.pool(hidden, self.loaded.pooling)

    def _vectors(self, texts: list[str]) -> Tensor:
        fixed = self.kind is torch.bfloat16 and self.loaded.device.type == "cpu"
        packed, first = self._pack(texts, ROWS_STEP if fixed else 1), self.cut or 0
        hidden = packed.fill([self._embed_texts(texts)] if self.cut is None else self._lower(texts))
        hidden = hidden.to(self.kind)
        again = self.recomputes and torch.is_grad_enabled()
        for layer in self.layers[first:]:
            if again:
                hidden = checkpoint(run_layer, layer, hidden, packed, use_reentrant=False)
            else:
                hidden = run_layer(layer, hidden, packed)
        return packed.pool(hidden, self.loaded.pooling)

    def _pack(self, texts: list[str], rows_step: int = 1) -> PackedTexts:
        lengths = np.array([len(self._memory.tokens[text]) for text in texts])
        return PackedTexts(lengths, self.loaded.device, rows_step)

    def _embed_texts(self, texts: list[str]) -> Tensor:
        return self._embed([self._memory.tokens[text] for text in texts])

    def _embed(self, tokens: list[list[int]]) -> Tensor:
        """Return the token embeddings (tokens, width) that the layers begin with."""
        ids, mask = pad(tokens, max(map(len, tokens)), self._filler)
        ids, real = ids.to(self.loaded.device), mask.bool().to(self.loaded.device)
        if self.prompt is not None:
            return self.prompt.embed(self.body.embeddings, ids)[real]
        embedded: Tensor = self.body.embeddings(input_ids=ids)[real]  # type: ignore[operator]
        return embedded

    @torch.no_grad()
    def _lower(self, texts: list[str]) -> list[Tensor]:
        """Return the output of the frozen layers, (tokens, width) of each text, kept if it fits."""
        new = [text for text in dict.fromkeys(texts) if text not in self._memory.states]
        found = dict(zip(new, self._run_lower(new), strict=True)) if new else {}
        batch = 1 + max((one for one, _ in self._memory.places.values()), default=-1) if new else 0
        for place, (text, state) in enumerate(found.items()):
            self._memory.places.setdefault(text, (batch, place))
            size = state.numel() * state.element_size()
            if self._memory.size + size <= BYTES_OF_STATES:
                self._memory.states[text] = state.cpu().clone()
                self._memory.size += size
        device = self.loaded.device
        return [found[t] if t in found else self._memory.states[t].to(device) for t in texts]

    def places(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """Return of each text the batch with which it went through the frozen layers first.

        And its place there; both are -1 for a text that did not.
        """
        return [self._memory.places.get(text, (-1, -1)) for text in texts]

    def repeat_batches(self, texts: Sequence[str], places: Sequence[Sequence[int]]) -> None:
        """Compute the output of the frozen layers in the batches in which another process did.

        In other company the last bits of a text's output are others.

        Parameters
        ----------
        texts
            Those that may have gone through these layers.
        places
            What ``places`` returned of them there.
        """
        batches: dict[int, dict[int, str]] = {}
        for text, (batch, place) in zip(texts, places, strict=True):
            if batch >= 0:
                batches.setdefault(batch, {})[place] = text
        self._tokenise(texts)
        for batch, found in sorted(batches.items()):
            self._lower([text for _, text in sorted(found.items())])
            self._memory.places |= {text: (batch, place) for place, text in found.items()}

    def _run_lower(self, texts: list[str]) -> tuple[Tensor, ...]:
        packed, hidden = self._pack(texts), self._embed_texts(texts)
        for layer in self.layers[: self.cut]:
            hidden = run_layer(layer, hidden, packed)
        return torch.split(hidden, [len(self._memory.tokens[text]) for text in texts])

    def _tokenise(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._memory.tokens]
        read = [self.prefix + text for text in new]
        room = 0 if self.prompt is None else len(self.prompt.vectors)
        tokens = self.loaded.tokens(read, self.max_length - room)
        if self.prompt is not None:
            tokens = [self.prompt.make_room(row, self._filler) for row in tokens]
        self._memory.tokens.update(zip(new, tokens, strict=True))

    @property
    def _filler(self) -> int:
        return self.loaded.tokenizer.pad_token_id or 0
