"""An encoder of the history's tokens and a decoder of the next item's, without pretraining."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .trie import END

_SPREAD = 0.02
"""Standard deviation of the first weights."""


class Attention(nn.Module):
    """Attention of several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.keys = nn.Linear(width, 2 * width)

    def split(self, hidden: Tensor) -> Tensor:
        """Return (..., heads, width / heads)."""
        return hidden.view(*hidden.shape[:-1], self.heads, -1)

    def read(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values, each (..., heads, width / heads)."""
        keys, values = self.keys(memory).chunk(2, dim=-1)
        return self.split(keys), self.split(values)

    def attend(
        self, hidden: Tensor, memory: tuple[Tensor, Tensor], seen: Tensor | None = None
    ) -> Tensor:
        """Return (batch, places, width); ``seen`` is bool, broadcast to (batch, 1, places, m)."""
        query = self.split(self.query(hidden)).transpose(1, 2)
        keys, values = (one.transpose(1, 2) for one in memory)
        made = functional.scaled_dot_product_attention(query, keys, values, attn_mask=seen)
        out: Tensor = self.out(made.transpose(1, 2).flatten(2))
        return out

    def attend_path(self, hidden: Tensor, path: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Return (users, nodes, width): each node attends to its own path, itself the last."""
        query = self.split(self.query(hidden)) * (hidden.shape[-1] // self.heads) ** -0.5
        shares = torch.stack([(query * keys).sum(-1) for keys, _ in path], dim=-1).softmax(-1)
        parts = [shares[..., at, None] * values for at, (_, values) in enumerate(path)]
        out: Tensor = self.out(torch.stack(parts).sum(0).flatten(2))
        return out


class Block(nn.Module):
    """A layer of the encoder, or with ``crossed`` of the decoder; normalised before each part."""

    def __init__(
        self, width: int, heads: int, hidden: int, dropout: float, crossed: bool = False
    ) -> None:
        super().__init__()
        self.own, self.own_norm = Attention(width, heads), nn.LayerNorm(width)
        if crossed:
            self.cross, self.cross_norm = Attention(width, heads), nn.LayerNorm(width)
        self.inner, self.outer = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)

    def finish(self, hidden: Tensor) -> Tensor:
        """Add the feed-forward net."""
        made = self.outer(functional.relu(self.inner(self.norm(hidden))))
        done: Tensor = hidden + self.dropout(made)
        return done

    def forward(self, hidden: Tensor, seen: Tensor) -> Tensor:
        """Return (batch, places, width) of the encoder."""
        normed = self.own_norm(hidden)
        hidden = hidden + self.dropout(self.own.attend(normed, self.own.read(normed), seen))
        return self.finish(hidden)


class CodeNetwork(nn.Module):
    """Reads the tokens of a history and gives the probability of each next token of an item.

    Parameters
    ----------
    ranges
        Of each place of an identifier, the first token that may stand there and the one after the
        last.
    length
        Most items of a history.
    """

    def __init__(
        self,
        ranges: list[tuple[int, int]],
        length: int,
        width: int,
        layers: int,
        heads: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.ranges = ranges
        vocabulary = max(stop for _, stop in ranges)
        self.embed, self.out = nn.Embedding(vocabulary, width), nn.Linear(width, vocabulary)
        self.item_place, self.token_place = (
            nn.Embedding(length, width),
            nn.Embedding(len(ranges), width),
        )
        self.nothing, self.start = (
            nn.Parameter(torch.zeros(width)),
            nn.Parameter(torch.zeros(width)),
        )
        sizes = (width, heads, hidden, dropout)
        self.encoder = nn.ModuleList(Block(*sizes) for _ in range(layers))
        self.decoder = nn.ModuleList(Block(*sizes, crossed=True) for _ in range(layers))
        self.encoded_norm, self.decoded_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        for name, weight in self.named_parameters():
            if weight.dim() > 1 or name in ("nothing", "start"):
                nn.init.normal_(weight, std=width**-0.5 if "embed" in name else _SPREAD)

    def decoding(self) -> list[Block]:
        """Return the layers of the decoder."""
        return list(self.decoder)  # type: ignore[arg-type]

    def encode(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return float32 (users, m, width) and what of it is seen, bool (users, 1, 1, m).

        Parameters
        ----------
        tokens
            int64 (users, items, places) of histories, the latest item last; ``END`` elsewhere.
        """
        users, items, places = tokens.shape
        ago = torch.arange(items - 1, -1, -1, device=tokens.device)
        made = self.embed(tokens.clamp(min=0)) + self.item_place(ago)[:, None]
        made = (made + self.token_place.weight[:places]).flatten(1, 2)
        hidden = torch.cat([self.nothing.expand(users, 1, -1), made], dim=1)
        real = functional.pad((tokens != END).flatten(1), (1, 0), value=True)[:, None, None]
        hidden = self.dropout(hidden)
        for block in self.encoder:
            hidden = block(hidden, real)
        encoded: Tensor = self.encoded_norm(hidden)
        return encoded, real

    def decode(self, memory: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
        """Return float32 (users, targets, places, width): the state before each token.

        Parameters
        ----------
        targets
            int64 (users, targets, places): identifiers, whose tokens are given one after another.
        """
        encoded, real = memory
        users, many, places = targets.shape
        given = self.embed(targets[:, :, :-1].clamp(min=0)) + self.token_place.weight[: places - 1]
        start = self.start.expand(users, many, 1, -1)
        hidden = self.dropout(torch.cat([start, given], dim=2).flatten(0, 1))
        causal = torch.ones(places, places, dtype=torch.bool, device=hidden.device).tril()
        for block in self.decoding():
            normed = block.own_norm(hidden)
            own = block.own.attend(normed, block.own.read(normed), causal)
            hidden = (hidden + block.dropout(own)).unflatten(0, (users, many)).flatten(1, 2)
            crossed = block.cross.attend(block.cross_norm(hidden), block.cross.read(encoded), real)
            hidden = block.finish(hidden + block.dropout(crossed))
            hidden = hidden.view(users * many, places, -1)
        states: Tensor = self.decoded_norm(hidden).view(users, many, places, -1)
        return states

    def log_softmax(self, states: Tensor, place: int, choices: Tensor | None = None) -> Tensor:
        """Return float32 (..., tokens of a place): log probabilities.

        Parameters
        ----------
        choices
            int64 (..., ) or of its last dimensions: how many of the tokens, from the first, may
            stand there; None: all.
        """
        first, stop = self.ranges[place]
        logits = functional.linear(states, self.out.weight[first:stop], self.out.bias[first:stop])
        if choices is not None:
            at = torch.arange(stop - first, device=logits.device)
            logits = logits.masked_fill(at >= choices[..., None], -torch.inf)
        return logits.log_softmax(-1)

    def log_likelihood(self, history: Tensor, targets: Tensor, choices: Tensor) -> Tensor:
        """Return float32 (users, targets): log probability of each identifier.

        Parameters
        ----------
        choices
            int64 (users, targets): how many tokens may stand at the last place of each.
        """
        states = self.decode(self.encode(history), targets)
        total, last = states.new_zeros(targets.shape[:2]), len(self.ranges) - 1
        for place, (first, _) in enumerate(self.ranges):
            token = targets[:, :, place]
            some = choices if place == last else None
            logs = self.log_softmax(states[:, :, place], place, some)
            found = logs.gather(-1, (token - first).clamp(min=0)[..., None]).squeeze(-1)
            total = total + torch.where(token == END, 0.0, found)
        return total

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the mean over the targets of the negative log probability."""
        logs = self.log_likelihood(batch["history"], batch["targets"], batch["choices"])
        real = batch["targets"][:, :, 0] != END
        return -logs[real].mean()


def chance_loss(batch: dict[str, Tensor], ranges: list[tuple[int, int]]) -> float:
    """Return the loss of a network to which all tokens are alike."""
    real = batch["targets"][:, :, 0] != END
    targets = batch["targets"][real] != END
    sizes = torch.tensor([float(stop - first) for first, stop in ranges]).log()
    total = (targets[:, :-1] * sizes[:-1]).sum(-1) + targets[:, -1] * batch["choices"][real].log()
    return float(total.mean())
