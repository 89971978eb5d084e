"""One layer of the Transformer over a sequence, in which a place sees those before it."""

from torch import Tensor, nn
from torch.nn import functional


class Layer(nn.Module):
    """Attention to what came before and a feed-forward net, each added to its input and scaled.

    Source: Kang and McAuley, Self-Attentive Sequential Recommendation, ICDM 2018, section 3.2, as
    UniSRec has it (equations 5 and 6): normalised after the sum, gelu inside.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.probability = heads, dropout
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner, self.outer = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        for one in (self.ask, self.out, self.inner, self.outer):
            nn.init.normal_(one.weight, std=0.02)
            nn.init.zeros_(one.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return (sequences, places, width) from the same."""
        hidden = self.first(hidden + self.dropout(self._attend(hidden)))
        made = self.outer(functional.gelu(self.inner(hidden)))
        scaled: Tensor = self.second(hidden + self.dropout(made))
        return scaled

    def _attend(self, hidden: Tensor) -> Tensor:
        sequences, places, width = hidden.shape
        asked = self.ask(hidden).view(sequences, places, 3, self.heads, width // self.heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4).unbind(0)
        dropout = self.probability if self.training else 0.0
        # What follows a sequence's end stands behind it, so the causal mask hides that, too.
        seen = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, is_causal=True
        )
        attended: Tensor = self.out(seen.transpose(1, 2).reshape(sequences, places, width))
        return attended
