"""Declaring a gate: an owner signs it into the log, where it replaces the model's earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.declaration import Gate
from biasgate.gate.ledger.entry import GateBody
from biasgate.gate.ledger.log import append, read_history

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey


@dataclass(frozen=True)
class Declared:
    """A gate that is in force.

    Attributes:
        entry: Number of its declaration.
        body: What was declared.
        new: False when the same gate was in force already, and nothing was written.
    """

    entry: int
    body: GateBody
    new: bool


def declare(log_uri: str, gate: Gate, *, key: SigningKey, trusted: Keyring) -> Declared:
    """Puts a gate in force for its model; the same gate twice is one declaration.

    Args:
        log_uri: The log.
        gate: What is declared.
        key: The owner's own.
        trusted: Keys whose entries are accepted.

    Raises:
        TrustError: The key may not declare gates, or the log does not verify.
        InputError: Another declaration came in between; it is the one in force.
    """
    trusted.check(key, "owner")
    history = read_history(log_uri, trusted)
    replaced = history.gate(gate.model)
    if replaced and replaced[1].gate == gate:
        return Declared(entry=replaced[0], body=replaced[1], new=False)
    owner = trusted.rules[key.public_key.keyid].owner
    body = GateBody(gate=gate, by=owner, replaces=replaced[0] if replaced else None)
    written = append(log_uri, body, key=key)
    if read_history(log_uri, trusted).in_force.get(gate.model) != written.number:
        fix = "see `biasgate gate show`, then declare again"
        raise InputError("another declaration came in between, and is in force", where=gate.model, fix=fix)
    return Declared(entry=written.number, body=body, new=True)
