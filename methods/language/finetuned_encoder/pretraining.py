"""Pretraining that goes on before the fine-tuning: the encoder reads the dataset's texts first."""

import hashlib
import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ....datasets.cache import find_data_folder
from ....datasets.errors import ColdbenchError
from ....datasets.world import Entities, TrainView
from ...texts import texts_of
from ...training.fitting import fit_module
from ...training.seeding import seeded
from ...training.weights import count_parameters, to_arrays
from ..text_encoder.encoder import SentenceEncoder
from ..text_encoder.model_files import CONFIG, TOKENIZER, ModelFiles
from ..text_encoder.pooling import POOLING
from ..text_encoder.transformer import load_encoder
from ..text_encoder.untrained import write_once
from ..text_encoder.weight_files import WEIGHTS, hash_weights
from .masked_model import load_masked_model
from .masked_texts import MaskedTexts
from .schedule import plan_rates

HELD_OUT = 1 << 40
"""Epoch whose masks are never trained on: the loss before and after is that of these."""
MEASURED = 1024
"""Texts that this loss is measured on, at most."""


def list_texts(train: TrainView) -> list[str]:
    """Return each distinct text that a training may read: of warm items, and of warm users.

    Those of cold ones are among them only where the split shows them while fitting, that is with
    ``scenario.side_information=transductive``.
    """
    sides = (train.items, train.users, train.unseen_items, train.unseen_users)
    return list(dict.fromkeys(text for side in sides for text in _read(side)))


def _read(side: Entities | None) -> Iterator[str]:
    if side is not None and side.text is not None:
        yield from (text for text in texts_of(side) if text.strip())


def pretrain(
    method: Any, train: TrainView, sentences: SentenceEncoder
) -> tuple[SentenceEncoder, dict[str, Any]]:
    """Train the whole encoder as a masked language model on the dataset's texts.

    Source: Gururangan et al., Don't Stop Pretraining, ACL 2020, section 4 (task-adaptive
    pretraining: on the unlabelled texts of the task).
    Differs: the number of steps is given instead of 100 epochs; the rate warms up for a tenth of
    them; a text is an item's, cut after ``max_length`` tokens.

    Parameters
    ----------
    method
        A ``FineTunedEncoder``.
    sentences
        The encoder as it was published.

    Returns
    -------
    tuple
        The encoder that follows, whose vectors are cached under the hash of its own weights, and
        what a record says of it.
    """
    texts, steps = list_texts(train), method.pretraining_steps
    with seeded(train.seed, train.resources.threads):
        model, known = load_masked_model(sentences.files.folder)
    loaded = load_encoder(str(sentences.files.folder), torch.float32, "cpu")
    batches = _make_batches(method, loaded, sentences.prefix, texts, train.seed)
    held_out = replace(batches, tokens=batches.tokens[:MEASURED])
    measured = list(held_out(HELD_OUT))
    if not measured:
        raise ColdbenchError("there is no word to pretrain on in these texts: pretraining_steps=0")
    before = model.measure(measured)
    fit_module(
        model,
        batches,
        train,
        optimiser=lambda weights: torch.optim.AdamW(
            weights, lr=method.pretraining_learning_rate, weight_decay=method.weight_decay
        ),
        learning_rate_factor=plan_rates(steps),
        max_steps=steps,
    )
    after = model.measure(measured)
    weights = to_arrays(loaded.model) | to_arrays(model.body)  # the pooler is the published one's
    files = keep_weights(sentences.files, weights)
    return replace(sentences, files=files), {
        "steps": steps,
        "texts": len(texts),
        "head": "of the checkpoint" if known else "new, tied to the input embeddings",
        "masked_loss_before": before,
        "masked_loss_after": after,
        "chance_loss": math.log(batches.vocabulary),
        "trained_parameters": count_parameters(model)[0],
        "weights_sha256": files.sha256,
    }


def keep_weights(base: ModelFiles, weights: Mapping[str, np.ndarray]) -> ModelFiles:
    """Return the files of an encoder with other weights, which are written where they are missing.

    They lie below ``$COLDBENCH_DATA/cache/pretrained_encoders``, under the hash of the weights.
    """
    from safetensors.numpy import save_file

    key = hashlib.sha256(base.sha256.encode())
    for name in sorted(weights):
        key.update(name.encode() + np.ascontiguousarray(weights[name]).tobytes())
    folder = find_data_folder() / "cache" / "pretrained_encoders" / key.hexdigest()

    def write(to: Path) -> None:
        to.mkdir()
        whole = {name: np.ascontiguousarray(array) for name, array in weights.items()}
        save_file(whole, to / WEIGHTS, metadata={"format": "pt"})
        for name in (CONFIG, *TOKENIZER, POOLING):
            if (base.folder / name).is_file():
                (to / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(base.folder / name, to / name)

    write_once(folder, WEIGHTS, "the encoder after its pretraining", write)
    source = f"{base.source}, pretrained further"
    return ModelFiles(base.name, folder, hash_weights(folder), source, None)


def read_weights(files: ModelFiles) -> dict[str, np.ndarray]:
    """Return the weights of an encoder by name."""
    from safetensors.numpy import load_file

    found: dict[str, np.ndarray] = load_file(files.folder / WEIGHTS)
    return found


def _make_batches(
    method: Any, loaded: Any, prefix: str, texts: list[str], seed: int
) -> MaskedTexts:
    tokenizer = loaded.tokenizer
    if tokenizer.mask_token_id is None:
        raise ColdbenchError(
            f"the tokenizer of {method.model!r} has no mask, which pretraining needs: "
            "pretraining_steps=0"
        )
    return MaskedTexts(
        tokens=loaded.tokens([prefix + text for text in texts], method.max_length),
        size=method.pretraining_batch_size,
        seed=seed,
        vocabulary=int(loaded.model.config.vocab_size),
        mask=tokenizer.mask_token_id,
        filler=tokenizer.pad_token_id or 0,
        special=tuple(tokenizer.all_special_ids),
    )
