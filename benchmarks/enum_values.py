"""Choices are typed by their values: ``scenario.side_information=transductive``.

OmegaConf knows an ``Enum`` only by the names of its members, which Python writes in capitals.
Importing this module lets it read the values too, on the command line and in YAML.
"""

from enum import Enum
from typing import Any

from omegaconf import EnumNode
from omegaconf.errors import ValidationError

_by_name = EnumNode.validate_and_convert_to_enum


def _by_value_or_name(enum_type: type[Enum], value: Any) -> Enum:
    """Return the member with this value, or else with this name."""
    for member in enum_type:
        if type(value) is str and member.value == value:
            return member
    try:
        return _by_name(enum_type, value)
    except ValidationError as error:
        values = ", ".join(str(member.value) for member in enum_type)
        raise ValidationError(f"{value!r} is none of: {values}") from error


EnumNode.validate_and_convert_to_enum = staticmethod(  # type: ignore[method-assign,assignment]
    _by_value_or_name
)
