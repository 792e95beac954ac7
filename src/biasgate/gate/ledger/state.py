"""What a history says of each candidate and each version at a moment: the newest decision, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from biasgate.gate.ledger.authority import Authority
from biasgate.gate.ledger.history import History, Place, Standing, awaits_person

Status = Literal[
    "serves", "replaced", "withdrawn", "expired", "waits", "approved", "stale", "failed", "rejected", "insufficient"
]


@dataclass(frozen=True, kw_only=True)
class State:
    """What is to be said of one candidate, or of one version of a gate-owned model.

    Attributes:
        status: ``serves``; ``replaced`` by a newer version; ``withdrawn`` by a person; ``expired``; ``waits`` for a
            person; ``approved``, and the promoter has not come yet; ``stale`` or ``failed``: approved, but not
            promoted; ``rejected``; ``insufficient``: not enough evidence.
        authority: The newest decision about its bytes; the broken glass where none was made.
        standing: Why it may, or might, serve; None for what was never promoted.
        allowed_by: Of a version, the number of the entry that let it serve; None for a candidate.
        champion: Whether the log wants it to serve, whatever its status.
        refused: Why an approval was not carried out.
    """

    status: Status
    authority: Authority
    standing: Standing | None = None
    allowed_by: int | None = None
    champion: bool = False
    refused: str | None = None


def candidate_states(history: History, at: datetime) -> dict[str, State]:
    """The state of every submission that was decided about, by its place; the bytes decided last count."""
    newest = _newest(history)
    last = {one.source: newest.get(one.subject, one) for one in history.authorities.values()}
    return {source: _of_candidate(authority, history, at) for source, authority in last.items()}


def version_states(history: History, at: datetime) -> dict[Place, State]:
    """The state of every version that was ever promoted."""
    newest = _newest(history)
    return {
        place: State(
            status=_of_standing(standing, history, at),
            authority=newest.get(standing.authority.subject, standing.authority),
            standing=standing,
            allowed_by=standing.entry,
            champion=history.champions.get(standing.name) == standing.champion,
        )
        for place, standing in history.standings.items()
    }


def _newest(history: History) -> dict[tuple[str, str], Authority]:
    """The newest decision about each package of each model."""
    return {one.subject: one for one in history.authorities.values() if not one.glass}


def _of_candidate(authority: Authority, history: History, at: datetime) -> State:
    places = [place for place in history.holders.get(authority.digest, ()) if place[0] == authority.name]
    standing = history.standings[places[-1]] if places else None
    champion = standing is not None and history.champions.get(authority.name) == standing.champion
    refused = history.refusals.get(authority.entry)
    status = _of_decision(authority, standing if champion else None, history, at)
    if status == "approved" and standing and history.statuses.get(authority.entry) == "PROMOTED":
        status = _of_standing(standing, history, at)
    return State(status=status, authority=authority, standing=standing, champion=champion, refused=refused)


def _of_decision(authority: Authority, serving: Standing | None, history: History, at: datetime) -> Status:
    """What became of a decision or broken glass; ``approved`` also when it was promoted."""
    if authority.verdict == "REJECTED":
        return "rejected"
    if authority.verdict == "INSUFFICIENT_EVIDENCE":
        return "insufficient"
    final = history.statuses.get(authority.entry, "PENDING")
    if final == "PENDING":
        return "waits" if awaits_person(authority.entry, history) else "approved"
    if final == "PROMOTED":
        return "approved"
    if serving:
        return _of_standing(serving, history, at)
    return "stale" if final == "STALE" else "failed"


def _of_standing(standing: Standing, history: History, at: datetime) -> Status:
    if standing.withdrawn is not None:
        return "withdrawn"
    if standing.rejected is not None:
        return "rejected"
    if standing.refusal(at):
        return "expired"
    return "serves" if history.champions.get(standing.name) == standing.champion else "replaced"
