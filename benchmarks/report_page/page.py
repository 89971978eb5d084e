"""The page: template, style, script and data in one file that loads nothing."""

import json
from base64 import b64decode, b64encode
from functools import cache
from gzip import compress, decompress
from hashlib import sha256
from importlib.resources import files
from typing import Any

from ..terminal.foreign_text import strip_control

STYLE = "page.css"
SCRIPTS = (
    "elements.js", "state.js", "matrix.js", "charts.js", "overview.js", "plots.js", "pairs.js",
    "details.js", "page.js",
)  # fmt: skip
"""In the order in which they are read: each uses those before it alone."""
_IN_HTML = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def render_page(content: dict[str, Any]) -> str:
    """Return the page as HTML.

    The content stands in it as JSON, packed by gzip and in base64, in which no character ends a
    script or begins a tag; the script of the page unpacks it and puts it into text nodes alone. The
    page's own policy lets no other script run and nothing be fetched.

    Parameters
    ----------
    content
        From ``collect_report``.
    """
    style = read_asset(STYLE)
    script = "\n".join(read_asset(name) for name in SCRIPTS)
    script = f'"use strict";\n{script}'
    parts = {
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "data": pack_data(content),
    }
    page = read_asset("page.html")
    for name, text in parts.items():
        head, mark, tail = page.partition(f"<!--{name}-->" if name == "data" else f"{{{{{name}}}}}")
        assert mark, f"page.html has no place for {name}"
        page = head + text + tail
    return page


@cache
def read_asset(name: str) -> str:
    """Return the text of a file of the page."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def pack_data(content: Any) -> str:
    """Return the content as base64 of gzip of its JSON; the same bytes for the same content."""
    return b64encode(compress(to_safe_json(content).encode(), 9, mtime=0)).decode()


def unpack_data(page: str) -> Any:
    """Return the content of a page."""
    packed = page.split(' id="data">', 1)[1].split("</script>", 1)[0]
    return json.loads(decompress(b64decode(packed)))


def to_safe_json(content: Any) -> str:
    """Return JSON that can stand in HTML; texts are without control characters.

    Raises
    ------
    ValueError
        For a number that JSON does not know.
    """
    text = json.dumps(_strip(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escaped in _IN_HTML.items():
        text = text.replace(character, escaped)
    return text


def _strip(value: Any) -> Any:
    """Return texts without control characters, line breaks kept."""
    if isinstance(value, str):
        return strip_control(value, lines=True)
    if isinstance(value, dict):
        return {strip_control(str(name)): _strip(one) for name, one in value.items()}
    return [_strip(one) for one in value] if isinstance(value, list | tuple) else value


def _hash(text: str) -> str:
    """Return the source expression of an inline text in a content security policy."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
