"""JSON of which there is one reading: no key twice, no NaN, no infinity."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""What may be half of a character: one of the two that write a character beyond the first plane."""


def read_json(text: str | bytes) -> Any:
    """The value of JSON text.

    Raises:
        ValueError: It is no JSON, a key stands twice in an object, a number is NaN, infinite or has thousands of
            digits, a character is half of a surrogate pair, or it is nested too deeply.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if _HALF.search(text):
        _refuse_halves(found)
    return found


def _refuse_halves(value: Any) -> None:
    """Refuses text that cannot be written down again."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a character is half of a surrogate pair") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object no key of which stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {max(names, key=names.count)!r} stands twice")
    return found


def _finite(digits: str) -> float:
    """A decimal number; one beyond the largest would be read as infinite."""
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits[:20]} is no number that can be held")
    return number


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")
