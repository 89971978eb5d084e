"""The distinct beginnings of the candidates' identifiers, level by level."""

from dataclasses import dataclass

import numpy as np

from ....datasets.arrays import BoolArray, LongArray

END = -1
"""Stands in an identifier after its last token."""


@dataclass(frozen=True)
class Level:
    """The distinct beginnings of one length.

    Attributes
    ----------
    parents
        int64, (nodes,): which of the level before that goes on, as a place among ``going_on``.
    tokens
        int64, (nodes,): the last token of each.
    going_on
        int64, (some,): the nodes after which some identifier has another token.
    choices
        int64, (parents,): how many of the tokens of this place may follow each parent; None: all.
    """

    parents: LongArray
    tokens: LongArray
    going_on: LongArray
    choices: LongArray | None = None


@dataclass(frozen=True)
class Trie:
    """All beginnings of some identifiers.

    Attributes
    ----------
    levels
        Of the beginnings of 1, 2, ... tokens.
    last_level, last_node
        int64, (identifiers,): where each ends; ``END`` for one without any token.
    """

    levels: tuple[Level, ...]
    last_level: LongArray
    last_node: LongArray


def build_trie(tokens: LongArray, choices: LongArray) -> Trie:
    """Return the trie of some identifiers.

    Parameters
    ----------
    tokens
        int64 (identifiers, longest), filled with ``END``.
    choices
        int64, (identifiers,): how many tokens may stand at the last place of each, the same for all
        that have the tokens before it in common.
    """
    sizes = (tokens != END).sum(axis=1)
    levels: list[Level] = []
    node = np.zeros(len(tokens), dtype=np.int64)
    last_node = np.full(len(tokens), END, dtype=np.int64)
    for depth in range(int(sizes.max(initial=0))):
        here = np.flatnonzero(sizes > depth)
        pairs = np.stack([node[here], tokens[here, depth]], axis=1)
        nodes, which = np.unique(pairs, axis=0, return_inverse=True)
        which = which.reshape(-1)
        last_node[here] = which
        longer = sizes[here] > depth + 1
        going_on, after = np.unique(which[longer], return_inverse=True)
        node[here[longer]] = after.reshape(-1)
        possible = None
        if depth == tokens.shape[1] - 1:
            possible = np.zeros(int(nodes[:, 0].max()) + 1, dtype=np.int64)
            possible[nodes[:, 0][which]] = choices[here]
        levels.append(Level(nodes[:, 0], nodes[:, 1], going_on, possible))
    return Trie(tuple(levels), sizes - 1, last_node)


def are_alike(tokens: LongArray) -> BoolArray:
    """Return bool, (identifiers,): whether another one is equal."""
    if not len(tokens):
        return np.zeros(0, dtype=np.bool_)
    _, which, counts = np.unique(tokens, axis=0, return_inverse=True, return_counts=True)
    alike: BoolArray = counts[which.reshape(-1)] > 1
    return alike
