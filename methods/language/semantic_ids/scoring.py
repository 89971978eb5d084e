"""The log probabilities of all candidates' identifiers, with each distinct beginning run once."""

import torch
from torch import Tensor

from .network import CodeNetwork
from .trie import END, Trie

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
        logs = so_far[:, parents] + _read_tokens(net, states, parents, tokens, place)
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


def _read_tokens(
    net: CodeNetwork, states: Tensor, parents: Tensor, tokens: Tensor, place: int
) -> Tensor:
    """Return float32 (users, nodes): log probability of a token after its parent."""
    first, stop = net.ranges[place]
    found = torch.empty(len(states), len(tokens), device=states.device)
    step = max(1, _LOGITS // (len(states) * (stop - first)))
    for begin in range(0, states.shape[1], step):
        logs = net.logits(states[:, begin : begin + step], place).log_softmax(-1)
        here = ((parents >= begin) & (parents < begin + step)).nonzero()[:, 0]
        found[:, here] = logs[:, parents[here] - begin, tokens[here] - first]
    return found


@torch.no_grad()
def search_beam(
    net: CodeNetwork, memory: tuple[Tensor, Tensor], trie: Trie, beam: int
) -> list[list[tuple[tuple[int, ...], float]]]:
    """Return, per user, the best identifiers that a beam finds within a trie, and their scores.

    Source: Rajput et al., NeurIPS 2023, section 3.2 (beam search; here no code is generated that
    no candidate has).

    Parameters
    ----------
    beam
        Beginnings of each length that are followed.
    """
    children = [_group_children(trie, place) for place in range(len(trie.levels))]
    ends = {
        (int(level), int(node))
        for level, node in zip(trie.last_level, trie.last_node, strict=True)
        if node != END
    }
    longest, found = len(net.ranges), []
    for user in range(len(memory[0])):
        own = (memory[0][user : user + 1], memory[1][user : user + 1])
        done: list[tuple[tuple[int, ...], float]] = []
        alive: list[tuple[tuple[int, ...], float, int]] = [((), 0.0, 0)]
        for place in range(len(trie.levels)):
            grown = []
            for tokens, score, node in alive:
                given = torch.full((1, 1, longest), END, device=memory[0].device)
                given[0, 0, : len(tokens)] = torch.tensor(tokens, dtype=torch.long)
                state = net.decode(own, given)[0, 0, place]
                logs = net.logits(state, place).log_softmax(-1)
                for token, child, after in children[place].get(node, []):
                    more = score + float(logs[token - net.ranges[place][0]])
                    if (place, child) in ends:
                        done.append(((*tokens, token), more))
                    if after >= 0:
                        grown.append(((*tokens, token), more, after))
            alive = sorted(grown, key=lambda one: -one[1])[:beam]
        found.append(sorted(done, key=lambda one: -one[1])[:beam])
    return found


def _group_children(trie: Trie, place: int) -> dict[int, list[tuple[int, int, int]]]:
    """Return of each parent the token, node and place among ``going_on`` of each child."""
    level = trie.levels[place]
    after = {int(node): at for at, node in enumerate(level.going_on)}
    found: dict[int, list[tuple[int, int, int]]] = {}
    for node, (parent, token) in enumerate(zip(level.parents, level.tokens, strict=True)):
        found.setdefault(int(parent), []).append((int(token), node, after.get(node, -1)))
    return found
