"""Identities: two spellings of one name are one person."""

from __future__ import annotations

import unicodedata


def identity(name: str) -> str:
    """A name without what hides one person behind two spellings: case, white space, Unicode's look-alike forms."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
