"""What a step of the fine-tuning minimises: a liked item against the other items of the batch."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from .settings import Loss


def compute_loss(
    loss: Loss,
    logits: Tensor,
    target: Tensor,
    blocked: Tensor,
    log_frequency: Tensor,
    hard_negatives: int = 0,
) -> Tensor:
    """Return the loss of one batch, a scalar.

    ``softmax`` is the sampled softmax with the correction by log p(y), p the probability that y is
    among the candidates at all (Yi et al., RecSys 2019, equations 3 and 5): without it a frequent
    item, met in most batches, is pushed down as a negative more often than it is pulled up.
    ``bpr`` is the mean of -log sigmoid(liked - other) over the others (Rendle et al., BPR, UAI
    2009, section 4.1), ``cross_entropy`` the binary one of the liked item plus its mean over the
    others. Neither is corrected: an item is a negative as often as it is a candidate.

    Parameters
    ----------
    logits
        float32 (pairs, candidates).
    target
        int64 (pairs,): column of the liked item.
    blocked
        bool (pairs, candidates): other items that the user likes, which are no negatives.
    log_frequency
        float32 (candidates,).
    hard_negatives
        Only so many others count, those that are scored highest; 0 counts all.
    """
    if loss is Loss.SOFTMAX:
        logits = logits - log_frequency
    logits = logits.masked_fill(blocked, -math.inf)
    if loss is Loss.SOFTMAX and not hard_negatives:
        return functional.cross_entropy(logits, target)
    liked = logits.gather(1, target[:, None])
    others = logits.scatter(1, target[:, None], -math.inf)
    if hard_negatives:
        others = others.topk(min(hard_negatives, others.shape[1]), dim=1).values
    if loss is Loss.SOFTMAX:
        return functional.cross_entropy(torch.cat([liked, others], dim=1), torch.zeros_like(target))
    # What is left out adds softplus(-inf) = 0 to a sum, and nothing to its gradient.
    wrong = others - liked if loss is Loss.BPR else others
    counted = (others > -math.inf).sum(dim=1).clamp(min=1)
    against = functional.softplus(wrong).sum(dim=1) / counted
    if loss is Loss.CROSS_ENTROPY:
        against = against + functional.softplus(-liked[:, 0])
    return against.mean()
