"""Values that a person would take for one: other blanks, case or letters, or another spelling of a number."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

_CYRILLIC = str.maketrans("АВЕКМНОРСТУХІЈЅаеорсухіјѕ", "ABEKMHOPCTYXIJSaeopcyxijs")
_GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def look_alikes(values: Iterable[str]) -> list[list[str]]:
    """Groups of values that look alike, each in the order given; values that look like no other are in none."""
    groups: dict[str, list[str]] = defaultdict(list)
    for value in values:
        groups[skeleton(value)].append(value)
    return [group for group in groups.values() if len(group) > 1]


def skeleton(value: str) -> str:
    """What is left of a text without case, blanks, hyphens, signs that are not seen and letters of other alphabets.

    Compatible characters are one by NFKC; of the letters that look alike (Unicode Technical Standard 39) those of the
    Greek and Cyrillic alphabets that look like Latin ones are.
    """
    if _NUMBER.fullmatch(value):
        return repr(float(value) + 0)
    latin = unicodedata.normalize("NFKC", value).translate(_CYRILLIC).translate(_GREEK)
    seen = "".join(letter for letter in latin if unicodedata.category(letter) != "Cf")
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", seen.casefold())).strip()
