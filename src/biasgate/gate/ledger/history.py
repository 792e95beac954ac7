"""What the log adds up to: each model's gate and champion, what may serve, and what became of each approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainSerializer

from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.authority import Authority, of_decision, of_glass
from biasgate.gate.ledger.conformity import departures
from biasgate.gate.ledger.entry import (
    LONGEST_GLASS,
    SKEW,
    ApprovalBody,
    AttemptBody,
    BreakGlassBody,
    DecisionBody,
    GateBody,
    LogEntry,
    LookBody,
    PromotionBody,
    PromotionStatus,
    RollbackBody,
    VoidBody,
)
from biasgate.gate.trust.identity import same_person


@dataclass(frozen=True)
class Standing:
    """Why a version may serve, and until when.

    Attributes:
        name: The gate-owned model.
        champion: The version, with the digest of its package.
        entry: Number of the decision's entry, or of the break-glass entry.
        authority: What it says.
        since: When it was promoted, or renewed last.
        withdrawn: Why it may serve no more, if something that the log says took it out of service.
        rejected: Number of a later entry that rejects the same bytes, if there is one.
        doubted: Number of the newest entry about the same bytes, where it is later and lacked evidence.
    """

    name: str
    champion: Champion
    entry: int
    authority: Authority
    since: datetime
    withdrawn: str | None = None
    rejected: int | None = None
    doubted: int | None = None

    @property
    def glass(self) -> bool:
        """Whether it serves without an approval."""
        return self.authority.glass

    def refusal(self, at: datetime) -> str | None:
        """Why it may not serve at a moment; None when it may."""
        if self.withdrawn is not None:
            return f"it was taken out of service: {self.withdrawn}"
        if self.rejected is not None:
            return f"entry {self.rejected} rejects the same bytes, and is newer than what allowed it"
        if at >= self.authority.expires:
            return f"what allowed it (entry {self.entry}) expired on {self.authority.expires:%Y-%m-%d %H:%M} UTC"
        return premature(self.authority, at)


Place: TypeAlias = tuple[str, str]
"""Name of a model, and one of its versions."""


def _by_place(listed: Sequence[dict[str, Any]] | dict[Place, Standing]) -> dict[Place, Any]:
    return listed if isinstance(listed, dict) else {(one["name"], one["champion"]["version"]): one for one in listed}


_AS_LIST = (BeforeValidator(_by_place), PlainSerializer(lambda placed: list(placed.values())))
"""JSON has no pairs as keys, and each standing knows its own."""


@dataclass(frozen=True)
class History:
    """The state after the last entry. It grows by small records, so that a long log can be remembered instead of read.

    Attributes:
        champions: By the name of the gate-owned model; no champion serves for a name that is in ``standings`` only.
        statuses: By the number of the decision's or break-glass entry; those without one are not in it. What was open
            when its bytes were rejected, or taken out of service, is STALE.
        answers: What persons said, by the number of the decision's entry.
        answered: Number of each answer's entry and digest of its bytes, by the number of the decision's entry.
        refusals: Why an approval was not carried out, by the number of its entry.
        standings: Every version that was ever promoted, by name and version.
        authorities: Every decision and break-glass entry, by its number.
        gates: Every declaration of a gate that counted, by its number.
        in_force: Number of the declaration that is in force, by the name of the gate-owned model.
        waiting: Approved decisions and broken glasses without a final status, by their numbers, oldest first.
        holders: The versions that hold the same bytes, by their digest.
        glasses: The versions that serve, or served, by a broken glass that no approved champion ended yet, by model.
        recalled: Why bytes that might have served were taken out of service, by their digest, until a person lets them
            serve again.
        looks: Number of the first look at a test split, by the split's digest and then the candidate's.
        rows: Digest of the sample of rows of a test split, by the split's; none where no look named one.
        attempts: How often a sweep took a submission up, by its place.
        given_up: Why a submission is taken up no more, by its place.
        voids: Entries that count for nothing, by their numbers.
    """

    champions: dict[str, Champion] = field(default_factory=dict)
    statuses: dict[int, PromotionStatus] = field(default_factory=dict)
    answers: dict[int, ApprovalBody] = field(default_factory=dict)
    answered: dict[int, tuple[int, str | None]] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)
    standings: Annotated[dict[Place, Standing], *_AS_LIST] = field(default_factory=dict)
    authorities: dict[int, Authority] = field(default_factory=dict)
    gates: dict[int, GateBody] = field(default_factory=dict)
    in_force: dict[str, int] = field(default_factory=dict)
    waiting: dict[int, Authority] = field(default_factory=dict)
    holders: dict[str, list[Place]] = field(default_factory=dict)
    glasses: dict[str, list[str]] = field(default_factory=dict)
    recalled: dict[str, str] = field(default_factory=dict)
    looks: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    voids: dict[int, VoidBody] = field(default_factory=dict)

    def open(self, number: int) -> bool:
        """Whether an entry still has no final status."""
        return self.statuses.get(number, "PENDING") == "PENDING"

    def gate(self, name: str) -> tuple[int, GateBody] | None:
        """The declaration that is in force for a model, with its number."""
        number = self.in_force.get(name)
        return (number, self.gates[number]) if number else None

    def standing(self, name: str) -> Standing | None:
        """That of the champion of a model."""
        champion = self.champions.get(name)
        return self.standings[name, champion.version] if champion else None


def replay(entries: Sequence[LogEntry]) -> History:
    """Reads the log from its start.

    Writers may race, and a key may be misused, so an entry counts only when it makes sense at its place in the log: the
    decision has no final status yet, a person who must answer has, and a promotion or rollback replaces exactly the
    champion of that moment. Others have no effect, which makes the outcome the same for every reader.

    A declaration counts when it replaces the one in force; a promotion, when its decision was made under the gate in
    force. Promotions from before a model's first declaration count as they did. A promotion of the champion's own bytes
    as the version that serves renews it: from then on the newer decision lets it serve.

    The newest decision about a package is the one that counts: a rejection ends what allowed the same bytes before, and
    a rollback withdraws the bytes under every version that holds them. Where they might have served, a person judged
    them otherwise than the gate did: they serve again only by a person's word, whatever the gate decides.
    """
    history = History()
    for entry in entries:
        take(entry, history)
    return history


def take(entry: LogEntry, history: History, *, sealed: str | None = None) -> None:
    """Brings a history up to its next entry.

    Args:
        entry: The next entry.
        history: What the entries before it add up to; it is changed.
        sealed: Digest of the entry's bytes.
    """
    number = entry.number
    match entry.body:
        case GateBody() as declared if declared.replaces == history.in_force.get(declared.gate.model):
            history.gates[number] = declared
            history.in_force[declared.gate.model] = number
        case DecisionBody() as decision:
            _judge(decision, history, number)
            gate = history.gates.get(decision.gate or 0)
            departs = next(departures(decision, gate.gate), None) or _unseen(decision, history) if gate else None
            made = of_decision(decision, entry=number, sealed=sealed, departs=departs)
            _allow(replace(made, human=made.human or made.digest in history.recalled), history)
        case BreakGlassBody() as glass if entry.at < glass.expires <= entry.at + LONGEST_GLASS:
            _allow(of_glass(glass, entry=number, sealed=sealed, at=entry.at), history)
        case ApprovalBody() as answer if refusal_of_answer(answer, history) is None:
            history.answers[answer.entry] = answer
            history.answered[answer.entry] = number, sealed
        case PromotionBody() as promotion if _counts(promotion, history, entry.at):
            _promote(promotion, history, entry.at)
        case RollbackBody() as rollback if refusal_of_rollback(rollback, history, entry.at) is None:
            _roll_back(rollback, history, entry.at)
        case LookBody() as look:
            history.looks.setdefault(look.data, {}).setdefault(look.digest, number)
            if look.rows:
                history.rows[look.data] = look.rows
        case AttemptBody(source=source) as attempt:
            history.attempts[source] = max(attempt.attempt, history.attempts.get(source, 0))
            if attempt.given_up:
                history.given_up[source] = attempt.earlier or ""
        case VoidBody() as nothing:
            history.voids[number] = nothing
        case _:
            pass


def awaits_person(number: int, history: History) -> bool:
    """Whether a decision waits for a person, who has not granted it."""
    if not history.authorities[number].human:
        return False
    answer = history.answers.get(number)
    return answer is None or not answer.granted


def premature(authority: Authority, at: datetime) -> str | None:
    """Why an authority does not count yet at a moment; None when it does.

    A date in the future would prolong what ends so long after it, so that nothing is carried out, or serves, by a
    decision or broken glass that is from later than now by more than ``SKEW``.
    """
    since = authority.expires - LONGEST_GLASS if authority.glass else authority.at
    if since <= at + SKEW:
        return None
    what = "the broken glass lasts too long" if authority.glass else f"the decision is dated {since:%Y-%m-%d %H:%M} UTC"
    return f"{what}, but it is {at:%Y-%m-%d %H:%M} UTC here: one of the two clocks is wrong"


def superseded(decision: DecisionBody | Authority, history: History) -> bool:
    """Whether a decision was made under an earlier gate of its model than the one in force."""
    name, made_under = decision.subject[0], decision.gate
    earlier = history.gates.get(made_under) if made_under else None
    return earlier is not None and earlier.gate.model == name and made_under != history.in_force[name]


def measured_under(decision: DecisionBody | Authority, history: History) -> str:
    """Which gate a decision was made under, and which is in force, in a sentence."""
    made = f"Measured under gate {decision.gate}" if decision.gate else "Measured before a gate was declared"
    now = history.in_force.get(decision.subject[0])
    return f"{made}." if now == decision.gate else f"{made}; {f'gate {now}' if now else 'no gate'} is in force."


def refusal_of_decision(decision: Authority, history: History) -> str | None:
    """Why nothing is promoted by a decision, in a sentence; None when it was made under the gate in force."""
    declared = history.gate(decision.name)
    if declared is None:
        return f"No gate is declared for {decision.name}: declare one with `biasgate gate declare gate.yaml`."
    if decision.gate != declared[0] or decision.entry < declared[0]:
        return f"{measured_under(decision, history)} Run the gate again."
    return f"Gate {declared[0]} cannot have led to it: {decision.departs}." if decision.departs else None


def refusal_of_answer(answer: ApprovalBody, history: History) -> str | None:
    """Why a person's answer counts for nothing; None when it counts. A declined approval stays declined."""
    decision = history.authorities.get(answer.entry)
    if decision is None or decision.glass or answer.subject != decision.subject:
        return f"entry {answer.entry} is no decision about this candidate"
    if not decision.may_serve or not decision.human:
        return f"entry {answer.entry} does not wait for a person: its verdict is {decision.verdict}"
    if not history.open(answer.entry):
        return f"what became of entry {answer.entry} is final: {history.statuses[answer.entry]}"
    if (declared := history.gates.get(decision.gate or 0)) and not declared.gate.allows_approver(answer.approver):
        return f"{answer.approver} is no approver of gate {decision.gate}"
    if same_person(answer.approver, decision.submitter or ""):
        return "the approver is the candidate's submitter; a second person must sign"
    if (earlier := history.answers.get(answer.entry)) and not earlier.granted:
        return f"{earlier.approver} declined entry {answer.entry}: {earlier.reason}"
    return None


def refusal_of_rollback(rollback: RollbackBody, history: History, at: datetime) -> str | None:
    """Why a rollback counts for nothing; None when it counts."""
    if rollback.replaced != history.champions.get(rollback.name):
        return "another version serves than the one that the rollback replaces"
    if rollback.to is None:
        return None
    if rollback.to.digest == rollback.replaced.digest:
        return f"version {rollback.to.version} holds the bytes that serve already"
    target = history.standings.get((rollback.name, rollback.to.version))
    if target is None or target.champion != rollback.to:
        return f"version {rollback.to.version} never served"
    if target.glass and target.withdrawn is not None:
        return f"the broken glass that let version {rollback.to.version} serve has ended: {target.withdrawn}"
    return replace(target, withdrawn=None).refusal(at)


def _unseen(decision: DecisionBody, history: History) -> str | None:
    """What a decision lacks whose evaluation no look precedes; None when one does."""
    measured = decision.evidence.evaluation
    if measured is None or measured.model in history.looks.get(measured.data, {}):
        return None
    return "no look of this candidate at the test split precedes it"


def _allow(authority: Authority, history: History) -> None:
    history.authorities[authority.entry] = authority
    if authority.may_serve:
        history.waiting[authority.entry] = authority


def _counts(promotion: PromotionBody, history: History, at: datetime) -> bool:
    authority = history.authorities.get(promotion.entry)
    if authority is None or not authority.may_serve or promotion.subject != authority.subject:
        return False
    if not history.open(promotion.entry):
        return False
    return promotion.status != "PROMOTED" or (
        promotion.version is not None
        and ((promotion.name, promotion.version) not in history.standings or _renews(promotion, authority, history))
        and not awaits_person(promotion.entry, history)
        and _under_gate(authority, history)
        and at < authority.expires
        and premature(authority, at) is None
        and promotion.replaced == authority.champion == history.champions.get(promotion.name)
    )


def _renews(promotion: PromotionBody, authority: Authority, history: History) -> bool:
    """Whether it lets the version that serves go on serving, by a newer decision about the same bytes."""
    version = history.champions.get(promotion.name)
    return not authority.glass and version == Champion(version=promotion.version or "", digest=promotion.digest)


def _under_gate(authority: Authority, history: History) -> bool:
    """Whether the gate in force let it serve; where none was ever declared, decisions name none."""
    if authority.glass:
        return True
    undeclared = authority.gate is None and authority.name not in history.in_force
    return undeclared or refusal_of_decision(authority, history) is None


def _promote(promotion: PromotionBody, history: History, at: datetime) -> None:
    _settle(promotion.entry, promotion.status, history)
    if promotion.status in ("STALE", "FAILED"):
        history.refusals[promotion.entry] = promotion.reason
    if promotion.status != "PROMOTED" or promotion.version is None:
        return
    champion = Champion(version=promotion.version, digest=promotion.digest)
    place, authority = (promotion.name, promotion.version), history.authorities[promotion.entry]
    if authority.glass:
        history.glasses.setdefault(promotion.name, []).append(promotion.version)
    else:
        _end_glasses(promotion, history)
    history.recalled.pop(champion.digest, None)
    history.champions[promotion.name] = champion
    history.standings[place] = Standing(
        name=promotion.name, champion=champion, entry=promotion.entry, authority=authority, since=at
    )
    if place not in (holding := history.holders.setdefault(champion.digest, [])):
        holding.append(place)


def _settle(number: int, status: PromotionStatus, history: History) -> None:
    history.statuses[number] = status
    if not history.open(number):
        del history.waiting[number]


def _end_glasses(promotion: PromotionBody, history: History) -> None:
    """An approved champion ends what served without an approval before it."""
    for version in history.glasses.pop(promotion.name, []):
        place = promotion.name, version
        if (standing := history.standings[place]).withdrawn is None:
            reason = f"version {promotion.version}, which was approved, took its place"
            history.standings[place] = replace(standing, withdrawn=reason)


def _judge(decision: DecisionBody, history: History, number: int) -> None:
    """What a decision does to older ones about the same bytes."""
    verdict, digest = decision.decision.verdict, decision.subject[1]
    if verdict == "REJECTED":
        _end_open(digest, history)
    for place, standing in _holding(digest, history):
        history.standings[place] = replace(
            standing,
            rejected=number if verdict == "REJECTED" else standing.rejected,
            doubted=number if verdict == "INSUFFICIENT_EVIDENCE" else None,
        )


def _roll_back(rollback: RollbackBody, history: History, at: datetime) -> None:
    leaving = history.standings[rollback.name, rollback.replaced.version]
    if leaving.refusal(at) is None:
        history.recalled[rollback.replaced.digest] = rollback.reason
    _end_open(rollback.replaced.digest, history)
    for place, standing in _holding(rollback.replaced.digest, history):
        history.standings[place] = replace(standing, withdrawn=rollback.reason)
    if rollback.to is None:
        del history.champions[rollback.name]
        return
    history.champions[rollback.name] = rollback.to
    history.recalled.pop(rollback.to.digest, None)
    back = rollback.name, rollback.to.version
    history.standings[back] = replace(history.standings[back], withdrawn=None)


def _end_open(digest: str, history: History) -> None:
    """What would let these bytes serve, and is still open, is STALE."""
    for number in [number for number, authority in history.waiting.items() if authority.digest == digest]:
        _settle(number, "STALE", history)


def _holding(digest: str, history: History) -> list[tuple[Place, Standing]]:
    """The versions that hold these bytes."""
    return [(place, history.standings[place]) for place in history.holders.get(digest, [])]
