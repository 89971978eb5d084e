"""What an epoch of the fine-tuned encoder costs, against the plain loop on transformers."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...datasets.arithmetic import has_bf16
from ...datasets.validation_score import ValidationScore
from ...datasets.world import TrainView
from ..isolation.threads import limit_threads
from ..plugins.registry import find
from .encoding import PACKAGE
from .rounds import compute_medians, measure_in_turn, use_empty_cache

LAYERS, RANK, ALPHA = 2, 8, 16.0
"""What both train: low-rank updates to query and value of the top layers."""
RATE = 3e-4
DROPOUT = 0.1
"""The model's own, in ours too."""


def list_missing_for_tuning() -> list[str]:
    """Return the packages without which fine-tuning cannot be measured."""
    return [name for name in (PACKAGE, "transformers", "peft") if find_spec(name) is None]


def measure_fine_tuning(
    texts: int = 512, steps: int = 8, batch: int = 64, repeats: int = 3
) -> dict[str, float]:
    """Return median seconds of an epoch on one thread, and their ratios to the plain loop.

    ``plain`` is what a user of transformers and peft writes: padded batches of ``batch`` texts
    through the whole model in fp32, low-rank updates in its top layers, AdamW, and all ``texts``
    encoded once more at the end. ``tuned_fp32`` and ``tuned_bf16`` are our fit less the same fit
    without an epoch: as many steps with as many texts each and, which the plain loop does not
    have, two towers, histories and two more passes over the texts, one for the validation and one
    for the final scores. ``tuned_bf16`` is measured where the processor has such arithmetic.

    Parameters
    ----------
    texts
        Items, all of them of the embedded dataset.
    steps, batch
        Steps of the epoch, and texts with a gradient in each.
    repeats
        Rounds.

    Returns
    -------
    dict
        Seconds by name, and ``..._over_plain``.
    """
    view = _view(texts)
    kinds = ("fp32", "bf16") if has_bf16() else ("fp32",)
    with limit_threads(1), use_empty_cache():
        _ours("fp32", view, steps, batch, 0)  # the frozen vectors are in the cache from here on
        ways = {"plain": partial(_plain, [str(t) for t in _texts(view)], steps, batch)}
        for kind in kinds:
            for epochs in (0, 1):
                ways[f"{kind} {epochs}"] = partial(_ours, kind, view, steps, batch, epochs)
        turns = measure_in_turn(ways, repeats)
    seconds = {"plain": turns["plain"]} | {
        f"tuned_{kind}": turns[f"{kind} 1"] - turns[f"{kind} 0"] for kind in kinds
    }
    return compute_medians(seconds, "plain")


def _texts(view: TrainView) -> Sequence[object]:
    texts = view.items.text
    assert texts is not None  # titles come with the embedded dataset
    return list(texts)


def _view(texts: int) -> TrainView:
    """Return a training view of the first items, whose validation always rises."""
    data = find("datasets", "movietweetings")().load()
    view: TrainView = find("scenarios", "warm")().split(data, 0).train
    rising = itertools.count()
    few = replace(view.interactions.take(view.interactions.items < texts), n_items=texts)
    items = view.items.take(slice(0, texts))
    users = replace(view.users, history=few.csr)
    return replace(
        view,
        interactions=few,
        users=users,
        items=items,
        validate=lambda _: ValidationScore({"rising": next(rising)}, {}),
    )


def _ours(kind: str, view: TrainView, steps: int, batch: int, epochs: int) -> None:
    method = find("methods", "finetuned_encoder")()
    size = -(-len(view.interactions) // steps)
    precision = type(method.training_precision)(kind)
    chosen: Any = replace(
        method,
        batch_size=size,
        fresh=batch,
        epochs=epochs,
        top_layers=LAYERS,
        lora_rank=RANK,
        lora_alpha=ALPHA,
        encoder_learning_rate=RATE,
        encoder_dropout=DROPOUT,
        training_precision=precision,
    )
    chosen.fit(view)


def _plain(texts: list[str], steps: int, batch: int) -> None:
    import torch
    from peft import LoraConfig, inject_adapter_in_model
    from transformers import AutoModel, AutoTokenizer

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one thread, as ours
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    layers = int(model.config.num_hidden_layers)
    lora = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,  # type: ignore[arg-type]
        target_modules=["query", "value"],
        layers_to_transform=list(range(layers - LAYERS, layers)),
        layers_pattern="layer",
    )
    inject_adapter_in_model(lora, model)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE)

    def encode(some: list[str]) -> torch.Tensor:
        coded = tokenizer(some, padding=True, truncation=True, return_tensors="pt")
        hidden, mask = model(**coded).last_hidden_state, coded["attention_mask"][:, :, None]
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=1)

    model.train()
    for step in range(steps):
        places = [(step * batch + place) % len(texts) for place in range(batch)]
        vectors = encode([texts[place] for place in places])
        loss = torch.logsumexp(vectors @ vectors.T / 0.05, dim=1).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    model.eval()
    with torch.no_grad():
        for at in range(0, len(texts), batch):
            encode(texts[at : at + batch])
