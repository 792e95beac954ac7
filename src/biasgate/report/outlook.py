"""What a candidate or version stands for, in words: a verdict, one sentence, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from biasgate.foreign_text import one_line
from biasgate.gate.decision import Decision, worst_first
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.history import Standing
from biasgate.gate.ledger.state import State
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import Policy
from biasgate.gate.settling import settling
from biasgate.report.suppression import published
from biasgate.report.text import moment

WITHOUT = "WITHOUT_APPROVAL"
"""What stands in the place of a verdict where a broken glass lets bytes serve that nobody decided about."""
LONGEST = 500


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A state in words.

    Attributes:
        verdict: The newest decision's, or ``WITHOUT_APPROVAL``.
        sentence: Why, or what became of it, in one line.
        next: What to do.
        command: By which command, where there is one.
    """

    verdict: str
    sentence: str
    next: str
    command: str | None = None


def outlook(state: State, decided: DecisionBody | None) -> Outlook:
    """What to say of a state; ``decided`` is the whole decision that it extracts, None for a broken glass."""
    words, command = _next(state, decided)
    sentence = one_line(_sentence(state, decided))
    return Outlook(
        verdict=state.authority.verdict or WITHOUT,
        sentence=sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 1] + "…",
        next=words,
        command=command,
    )


def settled_by(decided: DecisionBody) -> list[str]:
    """What would settle each rule that lacks evidence, in sentences."""
    policy = Policy.parse(decided.policy, where="the decision's policy")
    found = Measurements(decided.evidence, policy.evaluation, at=decided.decision.at)
    rules = {rule.id: rule for rule in policy.rules}
    settle = (
        settling(rules[result.rule], result, found, policy.evaluation)
        for result in decided.decision.rules
        if result.rule in rules
    )
    return [one.sentence for one in settle if one]


def _sentence(state: State, decided: DecisionBody | None) -> str:
    authority, standing = state.authority, state.standing
    match state.status:
        case "rejected" | "insufficient":
            why = _why(published(decided.decision)) if decided else "See the report."
            return f"It serves still, and may not: {why}" if state.champion and state.status == "rejected" else why
        case "waits":
            return f"Every rule passed; a person must sign before it serves. {_until(authority.expires)}"
        case "approved":
            why = authority.why if authority.glass else "Every rule passed."
            return f"{why} The promoter carries it out at its next run."
        case "stale" | "failed":
            return f"Approved, and not promoted: {state.refused or 'what allowed it ended before it was carried out.'}"
        case _ if standing:
            return _standing(state, standing)
        case _:
            return authority.why


def _why(decision: Decision) -> str:
    """The finding that decided most, of those that stand in the way of an approval."""
    found = [result.sentence for result in worst_first(decision.rules) if result.outcome != "pass"]
    return next((sentence for sentence in found if sentence in decision.reasons), " ".join(decision.reasons[:1]))


def _standing(state: State, standing: Standing) -> str:
    match state.status:
        case "serves" if standing.glass:
            return f"Serves without an approval: {standing.authority.why} {_until(standing.authority.expires)}"
        case "serves":
            doubt = f" Entry {standing.doubted} had not enough evidence about its bytes." if standing.doubted else ""
            return f"Serves since {moment(standing.since)}. {_until(standing.authority.expires)}{doubt}"
        case "withdrawn":
            return f"Taken out of service: {standing.withdrawn}"
        case "expired":
            still = "It serves still, and may not" if state.champion else "It may serve no more"
            return f"{still}: what allowed it (entry {standing.entry}) ended {moment(standing.authority.expires)}."
        case _:
            return f"Served from {moment(standing.since)} until another version took its place."


def _until(expires: datetime) -> str:
    return f"The approval ends {moment(expires)}."


def _next(state: State, decided: DecisionBody | None) -> tuple[str, str | None]:
    authority = state.authority
    again = f"biasgate gate submit {authority.source} --again"
    match state.status:
        case "rejected" if decided and decided.decision.repairable:
            return "Rejected for bias alone: see whether the run submitted a repaired version, or train another.", None
        case "rejected":
            return "Mend what the rules found, and submit the next version.", None
        case "insufficient":
            settle = settled_by(decided) if decided else []
            return " ".join(settle[:3]) or "See what was missing, and run the gate again.", None if settle else again
        case "waits":
            command = f"biasgate approve --log $BIASGATE_LOG --entry {authority.entry} --as YOU --reason WHY"
            return "An approver who is not the submitter answers.", command
        case "approved":
            return "Nothing: the promoter comes every few minutes.", None
        case "serves" | "replaced":
            return "Nothing.", None
        case "stale" | "expired":
            return "Run the gate again.", again
        case "failed":
            return "Mend what kept it from being promoted, and run the gate again.", again
        case "withdrawn":
            return "A rollback to it, or a new approval, lets it serve again.", None
