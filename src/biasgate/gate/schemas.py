"""The JSON Schemas that biasgate publishes."""

from __future__ import annotations

from typing import Any

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.gate.decision import Decision
from biasgate.gate.declaration import GateFile
from biasgate.gate.evidence import Evidence
from biasgate.gate.ledger.checkpoint import Checkpoint
from biasgate.gate.ledger.entry import LogEntry
from biasgate.gate.policy import Policy
from biasgate.gate.trust.waiver import Waiver
from biasgate.gate.trust.waivers import Waivers

DOCUMENTS: dict[str, type[Document]] = {
    "policy": Policy,
    "gate": GateFile,
    "evidence": Evidence,
    "decision": Decision,
    "waiver": Waiver,
    "waivers": Waivers,
    "log-entry": LogEntry,
    "checkpoint": Checkpoint,
}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a document.

    Raises:
        InputError: No document has this name.
    """
    if name not in DOCUMENTS:
        raise InputError(f"no schema {name!r}", fix=f"choose one of {', '.join(DOCUMENTS)}")
    schema = DOCUMENTS[name].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
