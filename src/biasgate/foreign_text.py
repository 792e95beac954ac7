"""Text that a candidate or a person brings, shown as text: in a terminal, on a page, in a log line.

A name, a tag, a class or a reason may hold signs that a terminal obeys, that turn the order of letters around, or that
nobody sees. Wherever people read such text it has passed one of these functions.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters that look like nothing."""
_CALM = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "'", "*": "∗"})
"""Signs that begin mentions and markup, and what looks like them and begins none."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formats, halves of a sign, and separators of lines: Unicode's categories."""


def visible(value: Any) -> Any:
    """Shows a string's signs that would act or hide as ``�``; line breaks and tabs stay, other values are as they are.

    Example:
        >>> visible("ana" + chr(27) + "[2J")
        'ana�[2J'
    """
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return "".join("�" if _acts(sign) else sign for sign in value)


def one_line(text: str) -> str:
    """The same on one line, its breaks shown as ``⏎``, so that no text makes a line that looks like ours."""
    return str(visible(text)).replace("\n", "⏎").replace("\t", " ")


def inactive(text: str) -> str:
    """The same where a chat or a mail reader would act on it: no sign of it makes a mention, a link or markup.

    Example:
        >>> inactive("<!channel> see [this](https://example.org)")
        '‹!channel› see [this] (https: //example.org)'
    """
    spaced = one_line(text).replace("](", "] (").replace("://", ": //")
    return re.sub(r"\bwww\.", "www .", spaced.translate(_CALM), flags=re.IGNORECASE)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON whose strings hold no sign that acts or hides: such a sign is written as its escape, and reads the same."""
    plain = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(json.dumps(sign)[1:-1] if _acts(sign) else sign for sign in plain)


def _acts(sign: str) -> bool:
    return sign not in "\n\t" and (unicodedata.category(sign) in _UNSEEN or sign in _BLANK_LETTERS)
