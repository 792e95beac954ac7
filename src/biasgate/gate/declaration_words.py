"""A gate in words, and what differs between two: for the owner who signs one, and whoever reads it later."""

from __future__ import annotations

from collections.abc import Iterator

from biasgate.documents import Document, canonical_json
from biasgate.gate.declaration import Gate
from biasgate.gate.policy import Policy

ABSENT = "—"


class Difference(Document):
    """One thing that two gates say differently.

    Attributes:
        what: What it is about, such as ``rule gap`` or ``test data``.
        before: What the older says; ``—`` where it says nothing.
        after: What the newer says, likewise.
    """

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}"


def words(gate: Gate) -> dict[str, str]:
    """All that a gate fixes, one line each: what it is about, and what is said of it."""
    return {**dict(_of_policy(gate.rules)), "policy digest": gate.policy_digest, **dict(_of_surroundings(gate))}


def differences(before: Gate, after: Gate) -> tuple[Difference, ...]:
    """What two gates say differently, in the order in which a gate is read."""
    old, new = words(before), words(after)
    return tuple(
        Difference(what=what, before=old.get(what, ABSENT), after=new.get(what, ABSENT))
        for what in dict.fromkeys((*old, *new))
        if old.get(what) != new.get(what)
    )


def _of_policy(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "policy", policy.name
    for key, value in policy.evaluation.model_dump(mode="json", exclude_none=True).items():
        yield f"measured: {key.replace('_', ' ')}", _plain(value)
    yield "weight scan", policy.weight_scan.words()
    for rule in policy.rules:
        yield f"rule {rule.id}", rule.explained()
    yield "looks at the test data", str(policy.looks)
    yield "days that an approval holds", str(policy.valid_days)
    yield "repair methods of the policy", _plain(policy.repair.methods)
    yield "seconds for a repair", str(policy.repair.seconds)
    yield "memory for a repair", policy.repair.memory or ABSENT
    yield "attribute that a repair is about", policy.repair.attribute or ABSENT


def _of_surroundings(gate: Gate) -> Iterator[tuple[str, str]]:
    yield "test data", gate.test.digest
    yield "test data, described", _one_line(gate.test.source)
    if gate.repair:
        yield "repair data", gate.repair.digest
        yield "repair data, described", _one_line(gate.repair.source)
        yield "repair methods", _plain(gate.repair.methods)
    yield "reader of weights", gate.scan
    limits = gate.inference
    for key, value in (("seconds", limits.seconds), ("memory", limits.memory), ("threads", limits.threads)):
        yield f"inference: {key}", str(value)
    yield "inference: device", limits.device
    yield "inference: batch", str(limits.batch)
    yield "approvers", _plain(gate.approvers) if gate.approvers else "whoever holds an approver's key"
    yield "alerts go to", _plain(gate.notify)
    yield "waivers", gate.waivers or ABSENT


def _plain(value: object) -> str:
    """A list of names as people write it, anything else as JSON."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or ABSENT
    return value if isinstance(value, str) else canonical_json(value).decode()


def _one_line(source: str) -> str:
    return "; ".join(line.strip() for line in source.splitlines() if line.strip())
