"""AdaLoRA's budget: while it trains, ranks are taken from the products that matter least."""

from typing import Any, Self

import torch
from torch import Tensor, nn

ADAPTER = "default"
FIRST = 1.5
"""Ranks of a product at first, over those that it keeps on average."""
ORTHOGONAL = 0.1
"""Weight of the distance of singular vectors from orthogonal ones."""


class RankBudget(nn.Module):
    """Importance of every singular value, and the schedule by which the least ones become 0.

    The importance of a weight is |w dL/dw|, smoothed, times its smoothed deviation; of a singular
    value with its two vectors the sum of their mean importances. All ranks are kept in the first
    tenth of the steps, then fewer by a cubic schedule, and in the last half as many as the budget
    has: two thirds of the first ones.

    Source: Zhang et al., Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning, ICLR 2023,
    equations 3, 4 and 7 to 12, by peft's ``RankAllocator``.

    Parameters
    ----------
    body
        A transformer into whose layers peft has put AdaLoRA's updates.
    steps
        The most that the training takes.
    """

    def __init__(self, body: nn.Module, steps: int) -> None:
        from peft import AdaLoraConfig
        from peft.tuners.adalora.layer import RankAllocator

        super().__init__()
        (rank,) = {module.r[ADAPTER] for module in _list_updated(body)}
        config = AdaLoraConfig(
            init_r=rank,
            target_r=round(rank / FIRST),
            tinit=steps // 10,
            tfinal=steps // 2,
            deltaT=max(1, steps // 100),
            total_step=steps,
        )
        self._body = [body]  # in a list: its weights are not of this module
        self._allocator: Any = RankAllocator(body, config, ADAPTER)  # type: ignore[no-untyped-call]
        # Buffers, so that a training that was interrupted goes on with them.
        for at, (_, weight) in enumerate(self._weights()):
            for name in ("importance", "deviation"):
                self.register_buffer(f"{name}_{at}", torch.zeros_like(weight), persistent=False)

    @classmethod
    def of(cls, body: nn.Module, steps: int) -> Self | None:
        """Return the budget of a transformer; None where it has no such updates."""
        return cls(body, steps) if _list_updated(body) else None

    def allocate(self, step: int) -> None:
        """Update the importances from the gradients of a step, counted from 1, and prune."""
        own = self._allocator
        named = [name for name, _ in self._weights()]
        for kept, place in ((own.exp_avg_ipt, "importance"), (own.exp_avg_unc, "deviation")):
            kept.update((name, getattr(self, f"{place}_{at}")) for at, name in enumerate(named))
        own.ipt = dict.fromkeys(named)
        own.update_and_allocate(self._body[0], step)
        for at, name in enumerate(named):
            getattr(self, f"importance_{at}").copy_(own.exp_avg_ipt[name])
            getattr(self, f"deviation_{at}").copy_(own.exp_avg_unc[name])

    def penalty(self) -> Tensor:
        """Return the mean distance of the singular vectors of a product from orthogonal ones."""
        found = []
        for module in _list_updated(self._body[0]):
            right, left = module.lora_A[ADAPTER], module.lora_B[ADAPTER]
            one = torch.eye(len(right), device=right.device)
            found += [torch.linalg.norm(m - one) for m in (right @ right.T, left.T @ left)]
        return ORTHOGONAL * torch.stack(found).mean()

    def _weights(self) -> list[tuple[str, Tensor]]:
        named = self._body[0].named_parameters()
        return [(name, weight) for name, weight in named if "lora_" in name and ADAPTER in name]


def list_ranks(body: nn.Module) -> list[int]:
    """Return how many singular values of each updated product are not 0; [] without AdaLoRA."""
    return [int((one.lora_E[ADAPTER] != 0).sum()) for one in _list_updated(body)]


def _list_updated(body: nn.Module) -> list[Any]:
    return [module for module in body.modules() if hasattr(module, "lora_E")]
