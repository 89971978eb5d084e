"""RQ-VAE: an autoencoder whose middle is the sum of one centre of each codebook."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ....datasets.arrays import FloatArray, LongArray
from ...training.seeding import numpy_generator, seeded
from .k_means import find_nearest, fit_centres
from .quantiser import Codebooks, Quantiser

Layers = list[tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class RqVaeSettings:
    """How an RQ-VAE is built and trained.

    Attributes
    ----------
    levels, codes
        How many codes a vector gets, and of how many each is one.
    latent
        Width of the centres.
    hidden
        Width of the encoder's first inner layer; two more have half and a quarter of it, and the
        decoder has them in the other direction.
    commitment
        Weight of the pull of the residuals towards their centres (beta).
    batch_size, steps, learning_rate
        Of Adam.
    """

    levels: int
    codes: int
    latent: int
    hidden: int
    commitment: float
    batch_size: int
    steps: int
    learning_rate: float


@dataclass(frozen=True)
class RqVae(Quantiser):
    """A trained RQ-VAE in numpy, in double precision: codes do not depend on the other rows.

    Attributes
    ----------
    mean, scale
        float32, (d,) and (): vectors are shifted and divided by them.
    encoder, decoder
        Weight (out, in) and bias (out,) of each layer.
    """

    centres: FloatArray
    mean: FloatArray
    scale: FloatArray
    encoder: Layers
    decoder: Layers

    def encode(self, vectors: FloatArray) -> LongArray:
        """Return int64 (vectors, levels)."""
        return Codebooks(self.centres).encode(self.embed(vectors))

    def embed(self, vectors: FloatArray) -> np.ndarray:
        """Return float64 (vectors, latent), before they are quantised."""
        centred = vectors.astype(np.float64) - self.mean
        return _apply(self.encoder, centred / self.scale)

    def decode(self, codes: LongArray) -> FloatArray:
        """Return float32 (items, d)."""
        made = _apply(self.decoder, Codebooks(self.centres).decode(codes).astype(np.float64))
        found: FloatArray = (made * self.scale + self.mean).astype(np.float32)
        return found

    def state(self) -> dict[str, Any]:
        """Return centres, shift, scale and layers."""
        found = {"centres": self.centres, "mean": self.mean, "scale": self.scale}
        for name, layers in (("encoder", self.encoder), ("decoder", self.decoder)):
            for at, (weight, bias) in enumerate(layers):
                found |= {f"{name}{at}_weight": weight, f"{name}{at}_bias": bias}
        return found

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "RqVae":
        """Return the RQ-VAE of which ``state`` was kept."""
        sides = []
        for name in ("encoder", "decoder"):
            many = sum(key.startswith(name) for key in state) // 2
            layers = [
                (state[f"{name}{at}_weight"], state[f"{name}{at}_bias"]) for at in range(many)
            ]
            sides.append(layers)
        return cls(state["centres"], state["mean"], state["scale"], *sides)


def _apply(layers: Layers, rows: np.ndarray) -> np.ndarray:
    for at, (weight, bias) in enumerate(layers):
        rows = rows @ weight.astype(np.float64).T + bias
        if at + 1 < len(layers):
            rows = np.maximum(rows, 0.0)
    return rows


class _Network(nn.Module):
    def __init__(self, width: int, settings: RqVaeSettings) -> None:
        super().__init__()
        hidden = [max(settings.hidden // part, settings.latent) for part in (1, 2, 4)]
        sizes = [width, *hidden, settings.latent]
        self.encoder, self.decoder = _stack(sizes), _stack(sizes[::-1])
        self.centres = nn.Parameter(torch.zeros(settings.levels, settings.codes, settings.latent))

    def loss(self, rows: Tensor, commitment: float) -> Tensor:
        """Return squared error of the output plus that of the codebooks, mean over the rows."""
        made = self.encoder(rows)
        rest, total, loss = made, torch.zeros_like(made), made.new_zeros(())
        for centres in self.centres:
            nearest = torch.cdist(rest.detach(), centres.detach()).argmin(dim=1)
            chosen = centres[nearest]
            loss = loss + functional.mse_loss(chosen, rest.detach(), reduction="sum")
            loss = loss + commitment * functional.mse_loss(rest, chosen.detach(), reduction="sum")
            rest, total = rest - chosen.detach(), total + chosen
        # Straight through: the decoder reads the centres, and its gradient goes to the encoder.
        decoded = self.decoder(made + (total - made).detach())
        error: Tensor = loss + functional.mse_loss(decoded, rows, reduction="sum")
        return error / len(rows)


def _stack(sizes: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def fit_rq_vae(
    vectors: FloatArray, settings: RqVaeSettings, seed: int, threads: int | None = None
) -> RqVae:
    """Train encoder, codebooks and decoder on the vectors of the training items.

    Source: Rajput et al., NeurIPS 2023, section 3.1: reconstruction and commitment losses,
    and codebooks that begin with k-means of the first batch, as a guard against their collapse.
    Differs: Adam instead of Adagrad; vectors are shifted by their mean and divided by the root of
    their variance. After each epoch a centre that got no row moves to what the earlier levels miss
    of a random row, except in the last quarter of the steps.

    Parameters
    ----------
    vectors
        float32 (items, d), of the training items alone.
    """
    mean = vectors.mean(axis=0)
    scale = np.sqrt(np.square(vectors - mean).sum(axis=1).mean())
    rows = torch.from_numpy((vectors - mean) / max(float(scale), 1e-6))
    with seeded(seed, threads), torch.enable_grad():
        net = _Network(vectors.shape[1], settings)
        epoch = -(-len(rows) // settings.batch_size)
        optimiser = torch.optim.Adam(net.parameters(), lr=settings.learning_rate)
        for step, batch in enumerate(_draw_batches(len(rows), settings, seed)):
            if step == 0:
                _start_centres(net, rows[batch], seed)
            optimiser.zero_grad()
            loss: Any = net.loss(rows[batch], settings.commitment)
            loss.backward()
            optimiser.step()
            if (step + 1) % epoch == 0 and step < 0.75 * settings.steps:
                _move_unused(net, rows, numpy_generator(seed, step, 1))
    return RqVae(
        net.centres.detach().numpy().copy(),
        mean,
        np.array(max(float(scale), 1e-6), dtype=np.float32),
        _read(net.encoder),
        _read(net.decoder),
    )


def _draw_batches(rows: int, settings: RqVaeSettings, seed: int) -> Iterator[LongArray]:
    """Yield the rows of each step; every row is in an epoch once."""
    done = 0
    for epoch in count():
        order = numpy_generator(seed, epoch).permutation(rows)
        for batch in np.split(order, range(settings.batch_size, rows, settings.batch_size)):
            if done == settings.steps:
                return
            done += 1
            yield batch


@torch.no_grad()
def _start_centres(net: _Network, rows: Tensor, seed: int) -> None:
    """Set the codebooks to k-means of what the untrained encoder makes of the first batch."""
    rest = net.encoder(rows).double().numpy()
    for level, centres in enumerate(net.centres):
        found = fit_centres(rest, len(centres), seed, level)
        centres.copy_(torch.from_numpy(found))
        rest = rest - found[find_nearest(rest, found)]


@torch.no_grad()
def _move_unused(net: _Network, rows: Tensor, rng: np.random.Generator) -> None:
    rest = net.encoder(rows)
    for centres in net.centres:
        nearest = torch.cdist(rest, centres).argmin(dim=1)
        unused = (torch.bincount(nearest, minlength=len(centres)) == 0).nonzero()[:, 0]
        drawn = rng.permutation(len(rest))[: len(unused)]
        moved = rest[torch.from_numpy(drawn)]
        rest = rest - centres[nearest]
        centres[unused[: len(drawn)]] = moved


def _read(layers: nn.Sequential) -> Layers:
    linear = [one for one in layers if isinstance(one, nn.Linear)]
    return [
        (one.weight.detach().numpy().copy(), one.bias.detach().numpy().copy()) for one in linear
    ]
