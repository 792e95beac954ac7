"""The check of a policy: which of its rules no candidate could ever pass, since what they ask is not measured."""

from __future__ import annotations

from biasgate.gate.policy import Policy


def faults(policy: Policy) -> list[str]:
    """One sentence for each rule that can never pass; a policy that has any approves nothing."""
    return [f"{rule.id}: {fault}" for rule in policy.rules for fault in rule.faults(policy.evaluation)]
