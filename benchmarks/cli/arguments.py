"""Mistyped options are reported in one sentence with the nearest existing ones."""

import argparse
import re
from collections.abc import Iterable
from typing import NoReturn

from ...datasets.errors import ColdbenchError
from ..plugins.registry import describe_unknown, describe_unknown_option

_STRANGE = re.compile(r"unrecognized arguments: (.*)")
_CHOICE = re.compile(r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.*)\)")
_LACKING = re.compile(r"argument (\S+): expected (.*)")


class Arguments(argparse.ArgumentParser):
    """A parser that raises ``ColdbenchError`` with one sentence instead of printing the usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse what was typed."""
        raise ColdbenchError(explain_refusal(self.prog, message, list_option_names(self)))


def list_option_names(parser: argparse.ArgumentParser) -> list[str]:
    """Return the long options of a parser and of its actions."""
    names = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            names |= {name for one in action.choices.values() for name in list_option_names(one)}
    return sorted(name for name in names if name.startswith("--"))


def explain_refusal(command: str, message: str, names: Iterable[str]) -> str:
    """Return argparse's error as a sentence that ends with what to type.

    Parameters
    ----------
    command
        ``coldbench leaderboard``.
    message
        As argparse says it.
    names
        The existing options.
    """
    unexpected = _STRANGE.match(message)
    if unexpected:
        return describe_unknown_option(command, unexpected[1].split()[0], names)
    chosen = _CHOICE.match(message)
    if chosen:
        choices = [one.strip("' ") for one in chosen[3].split(",")]
        return describe_unknown(f"{_longest(chosen[1])} of {command}", chosen[2], choices)
    lacking = _LACKING.match(message)
    if lacking:
        option = _longest(lacking[1])
        return f"{command}: {option} expects {lacking[2]}, as in {option} X"
    return f"{command}: {message}; `{command} --help` shows what it takes"


def _longest(names: str) -> str:
    """Return the spelled-out name of an option, ``--config-name/-cn``."""
    return max(names.split("/"), key=len)
