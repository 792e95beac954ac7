"""What an entry of the log says, in a few words."""

from __future__ import annotations

from biasgate.gate.ledger.entry import (
    ApprovalBody,
    AttemptBody,
    BreakGlassBody,
    DecisionBody,
    GateBody,
    LogEntry,
    LookBody,
    PromotionBody,
    RollbackBody,
    VoidBody,
)
from biasgate.report.text import shortened


def summary(entry: LogEntry) -> str:
    """What an entry says, in a few words."""
    match entry.body:
        case GateBody(gate=gate, replaces=earlier) as declared:
            replaced = f", replaces entry {earlier}" if earlier else ""
            return f"GATE by {declared.by}{replaced}: test data {shortened(gate.test.digest)}"
        case DecisionBody(decision=decision):
            return f"{decision.verdict}: {decision.reasons[0]}"
        case PromotionBody() as promotion:
            return f"{promotion.status} (entry {promotion.entry}): {promotion.reason}"
        case ApprovalBody() as answer:
            verb = "approved" if answer.granted else "DECLINED"
            return f"{answer.approver} {verb} entry {answer.entry}: {answer.reason}"
        case BreakGlassBody() as glass:
            return f"BREAK-GLASS by {glass.by} until {glass.expires:%Y-%m-%d %H:%M}: {glass.reason}"
        case AttemptBody(source=source, earlier=earlier) as attempt:
            what = "given up after attempt" if attempt.given_up else "attempt"
            before = f"; the one before gave no decision: {earlier}" if earlier else ""
            return f"{what} {attempt.attempt} at {source}{before}"
        case RollbackBody(replaced=left, to=to) as rollback:
            serves = f"version {to.version}" if to else "none"
            return f"ROLLBACK by {rollback.by} from version {left.version} to {serves}: {rollback.reason}"
        case VoidBody() as void:
            return f"VOID {void.said}: {void.reason}"
        case LookBody(data=data):
            return f"look at {shortened(data)}"
