"""What the log adds up to: the champion of each model, and what became of each approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from biasgate.gate.entry import DecisionBody, LogEntry, PromotionBody, PromotionStatus
from biasgate.gate.evidence import Champion


@dataclass(frozen=True)
class History:
    """The state after the last entry.

    Attributes:
        champions: By the name of the gate-owned model.
        statuses: By the number of the decision's entry; decisions without one are not in it.
    """

    champions: dict[str, Champion]
    statuses: dict[int, PromotionStatus]


def replay(entries: Sequence[LogEntry]) -> History:
    """Reads the log from its start.

    Two promoters may race, so an entry counts only when it still made sense at its place in the log: the decision
    has no final status yet, and a promotion replaces exactly the champion of that moment. Others have no effect,
    which makes the outcome the same for every reader.
    """
    history = History(champions={}, statuses={})
    decisions: dict[int, DecisionBody] = {}
    for entry in entries:
        match entry.body:
            case DecisionBody():
                decisions[entry.number] = entry.body
            case PromotionBody() as promotion:
                decision = decisions.get(promotion.entry)
                if decision and _counts(promotion, decision, history):
                    _apply(promotion, history)
            case _:
                pass
    return history


def awaiting(entries: Sequence[LogEntry]) -> list[tuple[int, DecisionBody]]:
    """Approved decisions without a final status, oldest first, each with its number."""
    statuses = replay(entries).statuses
    return [
        (entry.number, entry.body)
        for entry in entries
        if isinstance(entry.body, DecisionBody)
        and entry.body.decision.verdict == "APPROVED"
        and statuses.get(entry.number, "PENDING") == "PENDING"
    ]


def _counts(promotion: PromotionBody, decision: DecisionBody, history: History) -> bool:
    candidate = decision.evidence.candidate
    if decision.decision.verdict != "APPROVED" or promotion.subject != (candidate.name, candidate.digest):
        return False
    if history.statuses.get(promotion.entry, "PENDING") != "PENDING":
        return False
    return promotion.status != "PROMOTED" or (
        promotion.version is not None and promotion.replaced == history.champions.get(promotion.name)
    )


def _apply(promotion: PromotionBody, history: History) -> None:
    history.statuses[promotion.entry] = promotion.status
    if promotion.status == "PROMOTED" and promotion.version is not None:
        history.champions[promotion.name] = Champion(version=promotion.version, digest=promotion.digest)
