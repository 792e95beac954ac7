"""Skeletons of text: what two texts that look alike have in common (Unicode Technical Standard 39, section 4)."""

from __future__ import annotations

import unicodedata
from functools import cache

MARK = "\u200e"
"""Left-to-right mark, which the table of ``confusable_homoglyphs`` puts around letters that are written to the left."""


def skeleton(text: str) -> str:
    """The text with each character replaced by the prototype of all that look like it, without combining marks.

    Source: https://www.unicode.org/reports/tr39/#Confusable_Detection; the table is Unicode's ``confusables.txt``.
    Marks go because they are easily overlooked, so that ``Zoë`` and ``Zoe`` have one skeleton.
    """
    prototypes = _prototypes()
    replaced = "".join(prototypes.get(character, character) for character in unicodedata.normalize("NFD", text))
    parts = unicodedata.normalize("NFD", replaced)
    return "".join(character for character in parts if not unicodedata.combining(character))


@cache
def _prototypes() -> dict[str, str]:
    """The prototype of each character that has one.

    The package keeps Unicode's pairs of source and prototype in both directions. A source is one character and has one
    prototype, so that of two that look alike the prototype is the longer, or else the one with more that look like it.
    """
    from confusable_homoglyphs.confusables import confusables_data

    alike = {one.strip(MARK): [other["c"].strip(MARK) for other in others] for one, others in confusables_data.items()}
    found: dict[str, str] = {}
    for one, others in alike.items():
        best = max([one, *others], key=lambda text: (len(text), len(alike.get(text, ())), text))
        if len(one) == 1 and best != one:
            found[one] = best
    return found
