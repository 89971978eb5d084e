"""Gradients of a candidate's margin at the words of its text and at the items of the history."""

import numpy as np
import torch
from torch import Tensor

from ....datasets.arrays import DoubleArray, FloatArray, LongArray
from ....datasets.world import Query
from ...base import Attribution
from ...texts import texts_of
from ..text_encoder.transformer import load_frozen_encoder
from .scorer import TowerScorer
from .tuned_encoder import BODIES, TunedEncoder

STEPS = 16
"""Points on the way from a text of masks to the text, at which gradients are averaged."""
TOKENS_AT_ONCE = 1024
"""Tokens of all points that are in memory with what their gradients need."""


def attribute_margin(
    scorer: TowerScorer, query: Query, item: int, prior_scales: DoubleArray
) -> Attribution:
    """Return what history and text of one candidate add to its margin.

    Parameters
    ----------
    scorer
        The trained model.
    query
        One user and the candidates.
    item
        The candidate's place among them.
    prior_scales
        (1,): as ``TowerScorer.user_factors`` takes them.
    """
    scorer.model.eval()
    texts = texts_of(query.items)
    vectors = torch.tensor(scorer.item_factors(texts), device=scorer.device)
    told = None if query.users.text is None else texts_of(query.users)
    user = torch.tensor(
        scorer.user_factors(query.users.history, told, prior_scales), device=scorer.device
    )
    spans, pieces = _attribute_text(scorer, user, texts[item])
    history = _attribute_history(scorer, query, (vectors, item), prior_scales)
    return Attribution(history, spans, pieces)


def _attribute_text(scorer: TowerScorer, user: Tensor, text: str) -> tuple[LongArray, FloatArray]:
    """Return where the tokens of a text are, and the integrated gradient of each.

    The others' mean score has no part in it: it does not depend on this text.
    """
    encoder = _find_encoder(scorer)
    if encoder is None:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32)
    places = encoder.find_pieces(text)
    words = places[:, 1] > 0
    end, start = encoder.embed(text), encoder.embed(text, hidden=words)
    total = torch.zeros_like(end)
    at = (torch.arange(STEPS, device=end.device) + 0.5) / STEPS
    for share in torch.split(at, max(1, TOKENS_AT_ONCE // len(end))):
        point = start + share[:, None, None] * (end - start)
        with torch.enable_grad():
            point.requires_grad_()
            items = scorer.model.towers.items(encoder.read(point))
            (gradient,) = torch.autograd.grad(_score(scorer, user, items).sum(), point)
        total += gradient.sum(dim=0)
    pieces = ((end - start) * total / STEPS).sum(dim=-1).cpu()
    return places[words].numpy(), pieces[words].numpy()


def _attribute_history(
    scorer: TowerScorer, query: Query, candidate: tuple[Tensor, int], prior_scales: DoubleArray
) -> FloatArray:
    """Return gradient times input of each history entry's item vector."""
    history, (vectors, item) = query.users.history, candidate
    device, towers = scorer.device, scorer.model.towers
    entries = torch.tensor(history.indices.astype(np.int64), device=device)
    if not len(entries):
        return np.zeros(0, dtype=np.float32)
    told = None
    if towers.user_text is not None and query.users.text is not None:
        told = torch.tensor(scorer.sentences.encode(texts_of(query.users)), device=device)
    scales = torch.tensor(prior_scales.astype(np.float32)[:, None], device=device)
    with torch.enable_grad():
        items = torch.tensor(scorer.shown_vectors, device=device, requires_grad=True)
        user = towers.users(items, torch.zeros_like(entries), entries, 1, told, scales)
        scores = _score(scorer, user, vectors)[0]
        others = torch.cat([scores[:item], scores[item + 1 :]])
        margin = scores[item] - (others.mean() if len(others) else 0.0)
        (gradient,) = torch.autograd.grad(margin, items)
    product: FloatArray = (gradient * items).sum(dim=-1)[entries].detach().cpu().numpy()
    return product


def _score(scorer: TowerScorer, users: Tensor, items: Tensor) -> Tensor:
    """Return (users, items) as ``score`` does: the cosines, or what the head makes of a pair."""
    towers = scorer.model.towers
    scores: Tensor = users @ items.T if towers.pairs is None else towers.logits(users, items)
    return scores


def _find_encoder(scorer: TowerScorer) -> TunedEncoder | None:
    """Return the encoder of the texts, also where it stayed frozen; None for one without layers.

    What is not built as BERT is has no embeddings that the layers could begin with.
    """
    if scorer.model.encoder is not None:
        return scorer.model.encoder
    base = scorer.sentences
    loaded = load_frozen_encoder(
        str(base.files.folder), base.files.sha256, True, base.resources.device
    )
    if str(loaded.model.config.model_type) not in BODIES:  # type: ignore[union-attr]
        return None
    return TunedEncoder(loaded, base.max_length, None, prefix=base.prefix)
