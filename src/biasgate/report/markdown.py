"""Foreign text in Markdown, which shows it as it is."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from biasgate.foreign_text import visible


def inert(value: Any) -> Any:
    """Escapes a string so that Markdown shows it on one line as it is: no markup, no HTML, no link, no table cell.

    What ``code`` and ``link`` made stays as it is, like other values.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    line = _line(value).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"(https?|ftp|www)([:.])", r"\1\\\2", re.sub(r"([\\`*_{}\[\]#|~!>])", r"\\\1", line), flags=re.I)


def code(text: str) -> Markup:
    """A command or a name in the type of code."""
    return Markup("`" + _line(text).replace("`", "'").replace("|", "¦") + "`")


def link(words: str, url: str) -> Markup:
    """A link to an address of ours: signs that would end it are encoded."""
    return Markup(f"[{inert(words)}](" + re.sub(r"[^!#-;=?-Z_a-z~]|[()]", _encoded, url) + ")")


def _encoded(sign: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in sign[0].encode())


def _line(text: str) -> str:
    return " ".join(re.findall(r"[\S\u00a0]+", str(visible(text))))
