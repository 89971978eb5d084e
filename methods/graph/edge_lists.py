"""The edges of each node in tensors, for items whose embedding is hidden while training."""

import numpy as np
import torch
from torch import Tensor, nn

from ...datasets.graph import Links


class EdgeLists(nn.Module):
    """Edges sorted by node, as a CSR matrix holds them; buffers that no checkpoint keeps.

    Parameters
    ----------
    links
        The edges.
    n_nodes
        How many nodes there are, those without edges included.
    """

    relations: Tensor
    ends: Tensor
    counts: Tensor
    starts: Tensor

    def __init__(self, links: Links, n_nodes: int) -> None:
        super().__init__()
        order = links.rows.argsort(kind="stable")
        counts = np.bincount(links.rows, minlength=n_nodes)
        parts = {
            "relations": links.relations[order].astype(np.int64),
            "ends": links.nodes[order].astype(np.int64),
            "counts": counts,
            "starts": np.cumsum(counts) - counts,
        }
        for name, part in parts.items():
            self.register_buffer(name, torch.from_numpy(part), persistent=False)

    def forward(self, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the edges of some nodes.

        Parameters
        ----------
        nodes
            int64, (n,).

        Returns
        -------
        rows, relations, ends
            int64, (edges,): position in ``nodes``, relation, and node at the far end.
        """
        counts = self.counts[nodes]
        rows = torch.arange(len(nodes), device=nodes.device).repeat_interleave(counts)
        # The j-th edge of the result is edge j - (edges of earlier rows) of its own node, which
        # begins at ``starts``: no loop over nodes.
        first = self.starts[nodes] - (counts.cumsum(0) - counts)
        edges = torch.arange(len(rows), device=nodes.device) + first[rows]
        return rows, self.relations[edges], self.ends[edges]
