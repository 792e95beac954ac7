"""Waivers as they are presented to a decision: a file, a URI, or their text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.gate.waiver import Waiver
from biasgate.storage import store

LIMIT = 1_000_000
"""Largest document of waivers that is read, in bytes."""


class Waivers(Document):
    """Waivers that are presented to a decision; which of them are in force, the decision says."""

    schema_: Literal["biasgate/waivers/v1"] = Field(default="biasgate/waivers/v1", alias="schema")
    waivers: tuple[Waiver, ...] = ()


def read_waivers(source: str) -> tuple[Waiver, ...]:
    """The waivers in a text of several lines, a file or a URI; none for an empty text.

    Raises:
        InputError: They cannot be read, or a key or value is not what the schema says.
        ServiceError: S3 is out of reach.
    """
    if not source:
        return ()
    if "\n" in source:
        return Waivers.parse(source, where="waivers").waivers
    try:
        text = store.read_bytes(source, limit=LIMIT).decode()
    except UnicodeDecodeError as error:
        raise InputError("waivers must be UTF-8 text", where=source) from error
    return Waivers.parse(text, where=source).waivers
