"""Values that a person would take for one: other blanks, case or letters, or another spelling of a number."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from biasgate import confusables

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def look_alikes(values: Iterable[str]) -> list[list[str]]:
    """Groups of values that look alike, each in the order given; values that look like no other are in none."""
    groups: dict[str, list[str]] = defaultdict(list)
    for value in values:
        groups[skeleton(value)].append(value)
    return [group for group in groups.values() if len(group) > 1]


def skeleton(value: str) -> str:
    """What is left of a text without case, blanks, hyphens and signs that are not seen.

    Letters, digits and signs that look alike are one by Unicode's table; see ``confusables.skeleton``. ``i`` is ``l``,
    which its capital looks like.
    """
    if _NUMBER.fullmatch(value):
        return repr(float(value) + 0)
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", value) if unicodedata.category(letter) != "Cf")
    lower = confusables.skeleton(confusables.skeleton(seen).casefold()).casefold()
    return re.sub(r"[\s_\-]+", " ", lower.replace("i", "l")).strip()
