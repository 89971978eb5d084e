"""An instance of an offered class with other settings, checked as those of a command line are."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ...datasets.errors import ColdbenchError
from ...datasets.parameters import check_parameters
from ..plugins.registry import describe_unknown_field
from . import enum_values as enum_values  # OmegaConf reads enum values from here on


def configured(chosen: Any, settings: Mapping[str, Any], group: str) -> Any:
    """Return an instance with these settings.

    Parameters
    ----------
    chosen
        A class, or an instance whose other settings stay.
    settings
        Values by field; of an ``Enum``, the member or its value.
    group
        What the path of a field begins with, ``method``.

    Raises
    ------
    ColdbenchError
        For a field that there is not, a value that does not fit it or is out of its bounds.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if not is_dataclass(chosen):
        if settings:
            raise ColdbenchError(f"{group} has no fields, and {', '.join(settings)} is given")
        return chosen() if isinstance(chosen, type) else chosen
    known = [one.name for one in fields(chosen)]
    owner = chosen if isinstance(chosen, type) else type(chosen)
    for name in settings:
        if name not in known:
            raise ColdbenchError(describe_unknown_field(owner.__name__, f"{group}.", name, known))
    made: Any = chosen
    if settings or isinstance(chosen, type):
        try:
            node = OmegaConf.structured(chosen)
            OmegaConf.set_readonly(node, None)
            made = OmegaConf.to_object(OmegaConf.merge(node, dict(settings)))
        except (OmegaConfBaseException, ValueError) as error:
            message = str(error).strip().splitlines()[0].rstrip(".")
            given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
            raise ColdbenchError(f"cannot use {given} for {group}: {message}") from error
    check_parameters(made, group)
    return made
