"""The log probabilities of all candidates' identifiers, with each distinct beginning run once."""

import torch
from torch import Tensor

from .network import CodeNetwork
from .trie import Level, Trie

_LOGITS = 1 << 22
"""Most logits at a time."""


@torch.no_grad()
def score_trie(net: CodeNetwork, memory: tuple[Tensor, Tensor], trie: Trie) -> Tensor:
    """Return float32 (users, identifiers): log probability given each user; 0 for no token.

    Parameters
    ----------
    memory
        What ``net.encode`` returned for some users.
    trie
        Of the candidates' identifiers.
    """
    users, device = len(memory[0]), memory[0].device
    found = torch.zeros(users, len(trie.last_node), device=device)
    crossed = [block.cross.read(memory[0]) for block in net.decoding()]
    paths: list[list[tuple[Tensor, Tensor]]] = [[] for _ in net.decoding()]
    given = net.start.expand(users, 1, -1)
    so_far = torch.zeros(users, 1, device=device)
    for place, level in enumerate(trie.levels):
        states = _decode(net, given, paths, crossed, memory[1])
        parents = torch.from_numpy(level.parents).to(device)
        tokens = torch.from_numpy(level.tokens).to(device)
        logs = so_far[:, parents] + _read_tokens(net, states, level, place)
        ends = torch.from_numpy((trie.last_level == place).nonzero()[0])
        nodes = torch.from_numpy(trie.last_node)[ends].to(device)
        found[:, ends.to(device)] = logs[:, nodes]
        if not len(level.going_on):
            break
        on = torch.from_numpy(level.going_on).to(device)
        so_far, parents, tokens = logs[:, on], parents[on], tokens[on]
        paths = [[(keys[:, parents], values[:, parents]) for keys, values in p] for p in paths]
        given = (net.embed(tokens) + net.token_place.weight[place]).expand(users, -1, -1)
    return found


def _decode(
    net: CodeNetwork,
    hidden: Tensor,
    paths: list[list[tuple[Tensor, Tensor]]],
    crossed: list[tuple[Tensor, Tensor]],
    real: Tensor,
) -> Tensor:
    """Return the states after some nodes; keys and values of the nodes join their paths."""
    for block, path, memory in zip(net.decoding(), paths, crossed, strict=True):
        normed = block.own_norm(hidden)
        path.append(block.own.read(normed))
        hidden = hidden + block.own.attend_path(normed, path)
        hidden = hidden + block.cross.attend(block.cross_norm(hidden), memory, real)
        hidden = block.finish(hidden)
    states: Tensor = net.decoded_norm(hidden)
    return states


def _read_tokens(net: CodeNetwork, states: Tensor, level: Level, place: int) -> Tensor:
    """Return float32 (users, nodes): log probability of a token after its parent."""
    parents, tokens = (torch.from_numpy(a).to(states.device) for a in (level.parents, level.tokens))
    choices = None
    if level.choices is not None:
        choices = torch.from_numpy(level.choices).to(states.device)
    first, stop = net.ranges[place]
    found = torch.empty(len(states), len(tokens), device=states.device)
    step = max(1, _LOGITS // (len(states) * (stop - first)))
    for begin in range(0, states.shape[1], step):
        some = None if choices is None else choices[begin : begin + step]
        logs = net.log_softmax(states[:, begin : begin + step], place, some)
        here = ((parents >= begin) & (parents < begin + step)).nonzero()[:, 0]
        found[:, here] = logs[:, parents[here] - begin, tokens[here] - first]
    return found
