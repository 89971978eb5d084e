"""Choices are typed and shown by their values: ``scenario.side_information=transductive``.

OmegaConf knows an ``Enum`` only by the names of its members, which Python writes in capitals.
Importing this module lets it read the values too, on the command line and in YAML, and write them
where it writes YAML: ``--cfg job`` and the configuration that is kept of a run.
"""

from enum import Enum
from typing import Any

from omegaconf import Container, EnumNode, SCMode
from omegaconf.basecontainer import BaseContainer
from omegaconf.errors import ValidationError

_by_name = EnumNode.validate_and_convert_to_enum
_content = BaseContainer._to_content


def to_typed_form(value: Any) -> Any:
    """Return a value with every ``Enum`` in it, also inside lists and dicts, as it is typed."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {to_typed_form(key): to_typed_form(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_typed_form(one) for one in value]
    return value


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


def _content_as_typed(
    conf: Container,
    resolve: bool,
    throw_on_missing: bool,
    enum_to_str: bool = False,
    structured_config_mode: SCMode = SCMode.DICT,
) -> Any:
    """Return a configuration as plain values; as text, an ``Enum`` is its value."""
    content = _content(conf, resolve, throw_on_missing, False, structured_config_mode)
    return to_typed_form(content) if enum_to_str else content


EnumNode.validate_and_convert_to_enum = staticmethod(  # type: ignore[method-assign,assignment]
    _by_value_or_name
)
BaseContainer._to_content = staticmethod(_content_as_typed)  # type: ignore[method-assign]
