"""A file of waivers, as ``biasgate decide`` reads it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.documents import Document
from biasgate.gate.waiver import Waiver


class Waivers(Document):
    """Waivers that are presented to a decision; which of them are in force, the decision says."""

    schema_: Literal["biasgate/waivers/v1"] = Field(default="biasgate/waivers/v1", alias="schema")
    waivers: tuple[Waiver, ...] = ()
