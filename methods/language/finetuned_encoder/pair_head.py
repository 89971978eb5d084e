"""The head that scores a user and an item together, added to the cosine of their vectors."""

from torch import Tensor, nn
from torch.nn import functional


class PairHead(nn.Module):
    """A network of one hidden layer on both vectors and their product; at first 0.

    Source: He et al., Neural Collaborative Filtering, WWW 2017, section 3.4 (vectors side by side
    and their product under one layer).
    Differs: it is added to the cosine, so that before training the score is the frozen encoder's.

    Parameters
    ----------
    width
        Columns of the vectors of users and items.
    inner
        Columns of their projections, and of the hidden layer.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.user, self.item = nn.Linear(width, inner), nn.Linear(width, inner, bias=False)
        self.joint = nn.Linear(inner, inner, bias=False)
        self.outer = nn.Linear(inner, 1, bias=False)
        nn.init.zeros_(self.outer.weight)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Return (users, items) from vectors (users, width) and (items, width)."""
        one, other = self.user(users)[:, None], self.item(items)[None]
        # What each vector adds alone is computed once for it, the product alone for every pair.
        hidden = functional.gelu(one + other + self.joint(one * other))
        scores: Tensor = self.outer(hidden)[..., 0]
        return scores
