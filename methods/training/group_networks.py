"""A network with the weights of one training's several best moments, one for each group of tasks.

``fit_module`` and ``fit_lightning`` leave the weights that are best by the mean of all validation
tasks in the network itself. Where those of a group differ, a copy of the network holds them; the
copies share whatever training does not change.
"""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ...datasets.errors import ColdbenchError
from .weights import to_arrays

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAME = "group_networks"
Network = TypeVar("Network", bound="nn.Module")


def network_of_group(network: Network, group: str) -> Network:
    """Return the network with the weights of a group; itself where they are the same."""
    found: Network = vars(network).get(_NAME, {}).get(group, network)
    return found


def keep_group_weights(
    network: "nn.Module", groups: Mapping[str, int], weights: Mapping[int, Mapping[str, "Tensor"]]
) -> None:
    """Give a trained network a copy of itself for each of several moments.

    Parameters
    ----------
    network
        Trained, in evaluation mode, with the weights that answer all other groups.
    groups
        Of each group with weights of its own, its moment; groups may share one.
    weights
        Of each moment, what training has changed, by name.

    Raises
    ------
    ColdbenchError
        When the network cannot be copied.
    """
    vars(network).pop(_NAME, None)
    copies: dict[int, nn.Module] = {}
    for moment in sorted(set(groups.values())):
        copies[moment] = _copy(network, weights[moment])
    if copies:
        vars(network)[_NAME] = {group: copies[moment] for group, moment in groups.items()}


def state_of_groups(network: "nn.Module") -> dict[str, Any]:
    """Return which copy answers each group, and the trained weights of each copy, as arrays."""
    found: dict[str, nn.Module] = vars(network).get(_NAME, {})
    distinct = list({id(one): one for one in found.values()}.values())
    places = {id(one): place for place, one in enumerate(distinct)}
    return {
        "groups": {group: places[id(one)] for group, one in found.items()},
        "weights": [to_arrays(one, trainable_only=True) for one in distinct],
    }


def restore_groups(network: "nn.Module", state: Mapping[str, Any]) -> None:
    """Set what ``state_of_groups`` returned."""
    import torch

    copies = {}
    for moment, arrays in enumerate(state["weights"]):
        copies[moment] = {name: torch.from_numpy(array) for name, array in arrays.items()}
    keep_group_weights(network, state["groups"], copies)


def _copy(network: "nn.Module", weights: Mapping[str, "Tensor"]) -> "nn.Module":
    """Return a copy that shares every tensor but those of ``weights``."""
    named = [*network.named_parameters(), *network.named_buffers()]
    shared = {id(tensor): tensor for name, tensor in named if name not in weights}
    try:
        made: nn.Module = copy.deepcopy(network, shared)
    except Exception as error:
        told = " ".join(str(error).split())
        raise ColdbenchError(
            f"{type(network).__name__} cannot be copied ({told}), and the weights that are best "
            "for each group of tasks are kept in copies: keep nothing in attributes of the module "
            "that copy.deepcopy refuses"
        ) from error
    made.load_state_dict(dict(weights), strict=False)
    return made.eval()
