"""A report never joins papers that do not belong together."""

from __future__ import annotations

from biasgate.contracts.evaluation import Evaluation
from biasgate.documents import digest
from biasgate.errors import TrustError
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy


def belong_together(
    decision: Decision, evidence: Evidence, policy: Policy, *, before: Evaluation | None = None
) -> None:
    """Returns when the decision names this evidence and policy, and the evaluation compares with ``before``.

    Raises:
        TrustError: One of them is another document.
    """
    if decision.evidence != digest(evidence):
        raise TrustError("the decision was made on other evidence", where=decision.evidence, fix=_FIX)
    if decision.policy != digest(policy):
        raise TrustError("the decision was made by another policy", where=decision.policy, fix=_FIX)
    now = evidence.evaluation
    if before is not None and (now is None or (now.before, now.data) != (before.model, before.data)):
        raise TrustError("the evidence was not compared with this earlier evaluation", where=before.model, fix=_FIX)


_FIX = "report the documents that the log entry names"
