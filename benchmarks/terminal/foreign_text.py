"""Texts of plugins (labels, errors, names), escaped where they are shown or written."""

import re
import unicodedata

WHITE = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
FORMULA = ("=", "+", "-", "@")
_MARKDOWN = re.compile(r"([\\|`\[\]*])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_HIDDEN = {"Cc", "Cf", "Cs"}
"""Unicode categories of control, format (also direction) and surrogate characters."""
REPLACED = "\N{REPLACEMENT CHARACTER}"


def strip_control(text: str, *, lines: bool = False) -> str:
    """Return a text without control characters and marks of writing direction.

    White space becomes a space, anything else of them a replacement character, so that one sees
    that something was there.

    Parameters
    ----------
    lines
        Leave line breaks where they are.
    """
    if lines:
        return "\n".join(strip_control(line) for line in text.split("\n"))
    if text.isascii() and text.isprintable():
        return text
    one_line = WHITE.sub(" ", text)
    return "".join(REPLACED if unicodedata.category(one) in _HIDDEN else one for one in one_line)


def escape_markdown(text: str) -> str:
    """Return a text that stands in Markdown as it is: one line, no markup, no HTML."""
    message = _ENTITY.sub("&amp;", strip_control(text))
    return _MARKDOWN.sub(r"\\\1", _TAG.sub("&lt;", message))


def escape_csv(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; what is not a text stays as it is.

    A text that begins like a formula gets an apostrophe before it.
    """
    if not isinstance(value, str):
        return value
    starts = value.lstrip().startswith(FORMULA) or value.startswith(("\t", "\r"))
    message = strip_control(value)
    return f"'{message}" if starts else message
