"""Repeating a decision from the log: whoever trusts a signature should not have to trust its arithmetic."""

from __future__ import annotations

from biasgate.documents import digest
from biasgate.errors import TrustError
from biasgate.gate.decide import decide
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.policy import Policy


def repeat(body: DecisionBody, *, where: str) -> None:
    """Decides again, from the policy and evidence in the entry.

    Raises:
        TrustError: The digests, the verdict or its conditions are not what the entry says.
    """
    policy = Policy.parse(body.policy, where=where)
    claimed = body.decision
    if (claimed.policy, claimed.evidence) != (digest(policy), digest(body.evidence)):
        raise TrustError("the decision names another policy or other evidence than its entry holds", where=where)
    again = decide(policy, body.evidence, body.granted, claimed.at)
    if (again.verdict, again.human, again.expires) != (claimed.verdict, claimed.human, claimed.expires):
        raise TrustError(f"the decision says {claimed.verdict}, but deciding again gives {again.verdict}", where=where)
