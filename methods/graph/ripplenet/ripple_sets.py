"""Ripple sets: at most so many triples around a history, hop after hop, chosen by a hash.

The choice depends on nothing but the seed, the graph and the history, so that a user gets the same
sets in whatever order and company it is queried.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ....datasets.arrays import CSR, IntArray, LongArray
from ....datasets.graph import Graph, Links
from ..graph_links import link_both_ways
from ..receptive_fields import choose_receptive_fields

_USERS = 256  # histories that are followed at once


@dataclass
class RippleSampler:
    """The triples of a graph from both of their ends, and how to draw ripple sets from them.

    Attributes
    ----------
    heads, relations, tails
        int64, (triples,): each triple of the graph, then each entered from its tail with the
        inverse relation.
    near
        CSR (nodes, triples): the triples that start at a node, ``memory`` of them at most.
    hops, memory, seed
        How far, how many triples a hop, and what decides the choice.
    """

    heads: LongArray
    relations: LongArray
    tails: LongArray
    near: CSR
    hops: int
    memory: int
    seed: int

    def sets(self, history: CSR) -> IntArray:
        """Return int32, (users, hops, memory): positions of triples, -1 where there are fewer.

        Parameters
        ----------
        history
            CSR (users, training items).
        """
        sets = np.full((history.shape[0], self.hops, self.memory), -1, dtype=np.int32)
        for at in range(0, history.shape[0], _USERS):
            part = sets[at : at + _USERS]
            self._follow(history[at : at + _USERS], part)
        return sets

    def _follow(self, history: CSR, into: IntArray) -> None:
        rows, items = history.nonzero()
        nodes = _ones(rows, items, (len(into), self.near.shape[0]))
        for hop in range(self.hops):
            # (users, nodes reached) x (nodes, triples that start there): the triples of the hop.
            rows, triples = (nodes @ self.near).nonzero()
            chosen = _choose(rows, triples, len(into), self.memory, self.seed + hop)
            into[:, hop] = chosen
            users, place = np.nonzero(chosen >= 0)
            nodes = _ones(users, self.tails[chosen[users, place]], nodes.shape)


def build_ripple_sampler(graph: Graph, hops: int, memory: int, seed: int) -> RippleSampler:
    """Return what ripple sets are drawn from."""
    links = link_both_ways(graph)
    heads, relations, tails = (p.astype(np.int64) for p in vars(links).values())
    near = _choose(heads, np.arange(len(heads)), graph.n_nodes, memory, seed)
    nodes, place = np.nonzero(near >= 0)
    triples = near[nodes, place].astype(np.int64)
    kept = _ones(nodes, triples, (graph.n_nodes, len(heads)))
    return RippleSampler(heads, relations, tails, kept, hops, memory, seed)


def _choose(rows: LongArray, triples: LongArray, n_rows: int, size: int, seed: int) -> IntArray:
    """Return int32, (n_rows, size): at most ``size`` triples of each row, -1 beyond."""
    # The same choice as of a receptive field, with triples in the place of nodes.
    links = Links(rows.astype(np.int32), np.zeros(len(rows), np.int32), triples.astype(np.int32))
    field = choose_receptive_fields(links, n_rows, size, seed)
    return np.where(field.present, field.nodes, -1).astype(np.int32)


def _ones(rows: LongArray, columns: LongArray, shape: tuple[int, int]) -> CSR:
    """Return CSR int32 of ones; a pair named twice counts once."""
    matrix = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape)
    matrix.data[:] = 1
    return matrix
