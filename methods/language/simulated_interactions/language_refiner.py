"""The narrow end of the funnel: a language model says yes or no to a user and an item."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ....datasets.arrays import CSR, BoolArray, DoubleArray, FloatArray, LongArray
from ....datasets.world import Resources, TrainView
from ...training.fitting import fit_module
from ...training.seeding import numpy_generator, seeded
from ...training.split_validation import scoring
from ...training.weights import to_arrays
from ..low_rank import LoraSettings
from ..reranking.batches import PairBatches
from ..reranking.diagnostics import measure_calibration
from ..reranking.pairs import LabelledPairs
from ..reranking.training import warm_up_and_fall
from ..text_encoder.model_files import ModelFiles
from ..yes_no.build import build_network
from ..yes_no.labelled_prompts import LabelledPrompts
from ..yes_no.network import CHANCE_LOSS, YesNoNetwork
from ..yes_no.prompt_tokens import PromptTokens
from ..yes_no.prompts import PromptWriter, shorten_texts
from ..yes_no.template import Template
from .asked_model import AskedModel

SHARE_ASIDE = 5
"""Of the held-out items one in so many judges the tuning and is not trained on."""
JUDGED = 200
"""At most so many of their pairs are asked about."""
PATIENCE = 60
EVERY = 20
_PAIRS, _JUDGED = 1, 2  # places of what is drawn at random, next to the seed


@dataclass
class LanguageRefiner:
    """A model that answers prompts, with what these are written from.

    Attributes
    ----------
    net, tokens
        The model, and what turns prompts into its tokens.
    writer
        Writes prompts, from the texts of the training items.
    matrix
        CSR (users, items): the training interactions.
    words
        After which a text is cut.
    facts
        What a record says of it.
    """

    net: YesNoNetwork
    tokens: PromptTokens
    writer: PromptWriter
    matrix: CSR
    words: int
    facts: dict[str, Any] = field(default_factory=dict)
    _said: dict[tuple[str, bytes], DoubleArray] = field(default_factory=dict)

    def rate(self, funnel: Any, moved: FloatArray, users: LongArray, text: str) -> DoubleArray:
        """Return float64, (users,): log-odds of a yes to the item with this text, asked once.

        Parameters
        ----------
        funnel, moved
            Not read; the classifier reads them.
        users
            int64, training users.
        """
        (asked,) = shorten_texts([text], self.words)
        key = asked, users.tobytes()
        if key not in self._said:
            prompts = [
                self.tokens.encode(self.writer, self._history(user), [asked])[0]
                for user in users.tolist()
            ]
            self._said[key] = self.net.score(prompts).astype(np.float64)
        return self._said[key]

    def state(self) -> dict[str, Any]:
        """Return what was trained and what prompts are written from."""
        writer = self.writer
        return {
            "weights": to_arrays(self.net, trainable_only=True),
            "template": [writer.template.name, writer.template.text],
            "texts": np.array(writer.texts, dtype=object),
            "times": writer.times,
            "facts": self.facts,
        }

    def parameter_count(self) -> int:
        """Return how many weights were trained."""
        return sum(one.numel() for one in self.net.parameters() if one.requires_grad)

    def _history(self, user: int) -> LongArray:
        start, end = self.matrix.indptr[user : user + 2]
        return self.writer.list_latest(user, self.matrix.indices[start:end])


def open_refiner(
    settings: AskedModel,
    files: ModelFiles,
    template: Template,
    texts: Sequence[str],
    times: CSR | None,
    matrix: CSR,
    seed: int,
    resources: Resources,
) -> LanguageRefiner:
    """Return the model as it was published, with updates that change nothing yet.

    Parameters
    ----------
    texts, times, matrix
        Of the training items: their texts, when they were taken (``order_by_time``), and by whom.
    """
    lora = LoraSettings(settings.lora_rank, 2.0 * settings.lora_rank, 0.05)
    with seeded(seed, resources.threads):
        net, tokens = build_network(
            files,
            template,
            settings.asked_length,
            lora if settings.pairs else None,
            resources.device,
        )
    short = shorten_texts(texts, settings.text_words)
    writer = PromptWriter(template, short, times, settings.history_length)
    return LanguageRefiner(net, tokens, writer, matrix, settings.text_words)


def gather_pairs(
    held: LongArray, labelled: Iterable[tuple[FloatArray, LongArray, BoolArray]]
) -> LabelledPairs:
    """Return the pairs of training items ``held`` with the users of ``label_users``."""
    users, items, liked = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, bool)]
    for item, (_, passed, yes) in zip(held.tolist(), labelled, strict=True):
        users.append(passed)
        items.append(np.full(len(passed), item))
        liked.append(yes)
    return LabelledPairs(np.concatenate(users), np.concatenate(items), np.concatenate(liked))


def tune_refiner(
    refiner: LanguageRefiner, settings: AskedModel, train: TrainView, found: LabelledPairs
) -> None:
    """Tune the updates on pairs that passed the filter; ``facts`` says how well it tells them.

    Half of the pairs are liked. The weights are kept that tell best the pairs of items that are
    not trained on, by the share of liked pairs above others (AUC).

    Parameters
    ----------
    found
        Training items that the filter did not see, each with the users whom it let pass.
    """
    prompts = LabelledPrompts(refiner.writer, refiner.tokens, refiner.matrix)
    items = np.unique(found.items)
    judges = numpy_generator(train.seed, _JUDGED).permutation(items)[: len(items) // SHARE_ASIDE]
    aside = np.isin(found.items, judges)
    judged = _balance(found, aside, JUDGED, numpy_generator(train.seed, _JUDGED, 1))
    taught = _balance(found, ~aside, settings.pairs, numpy_generator(train.seed, _PAIRS))

    def judge() -> float:
        with scoring(refiner.net):
            auc = measure_calibration(refiner.net.score(prompts.encode(judged)), judged.liked)[
                "auc"
            ]
        return 0.5 if auc is None else float(auc)

    log: dict[str, Any] = {}
    if settings.pairs and len(taught):
        batches = PairBatches(
            lambda epoch: taught, prompts.collate, settings.tuning_batch, train.seed
        )
        refiner.net.train()
        log = fit_module(
            refiner.net,
            batches,
            train,
            optimiser=lambda weights: torch.optim.AdamW(
                weights, lr=settings.tuning_rate, weight_decay=0.0
            ),
            learning_rate_factor=warm_up_and_fall(settings.tuning_steps),
            max_steps=settings.tuning_steps,
            validate=judge,
            validate_first=True,
            validate_every_steps=EVERY,
            patience_steps=PATIENCE,
            chance_loss=CHANCE_LOSS,
        ).as_json()
    refiner.facts |= {"pairs": len(taught), "judged_pairs": len(judged), "judged_auc": judge()}
    if log:
        refiner.facts |= {"tuning": log}


def _balance(
    pairs: LabelledPairs, of: BoolArray, most: int, rng: np.random.Generator
) -> LabelledPairs:
    """Return as many liked pairs as others, ``most`` together, of those in ``of``."""
    yes, no = (np.flatnonzero(of & kind) for kind in (pairs.liked, ~pairs.liked))
    count = min(len(yes), len(no), most // 2)
    rows = np.concatenate([rng.choice(kind, count, replace=False) for kind in (yes, no)])
    rows = np.sort(rows)
    return LabelledPairs(pairs.users[rows], pairs.items[rows], pairs.liked[rows])
