"""Repeating a decision from the log: whoever trusts a signature should not have to trust its arithmetic."""

from __future__ import annotations

from biasgate.contracts.wording import times
from biasgate.documents import digest
from biasgate.errors import TrustError
from biasgate.gate.decide import decide
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.history import History
from biasgate.gate.ledger.looks import look_number
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


def recount(body: DecisionBody, log_uri: str, history: History, *, number: int, where: str) -> None:
    """Counts the looks at the test split anew: what the evidence says of them is not believed.

    Args:
        body: The decision.
        log_uri: The log.
        history: What its entries add up to.
        number: Of the decision's entry.
        where: The decision's entry, for errors.

    Raises:
        TrustError: No look of this candidate precedes the decision, or more were taken than its policy allows.
    """
    if (measured := body.evidence.evaluation) is None:
        return
    counted = look_number(log_uri, history, data=measured.data, digest=measured.model, before=number)
    if counted is None:
        raise TrustError("no look of this candidate at the test split precedes the decision in the log", where=where)
    if counted > (allowed := Policy.parse(body.policy, where=where).looks):
        found = f"by the log the test split was looked at {times(counted)}; the policy allows {allowed}"
        raise TrustError(found, where=where, fix="measure on new data")
