"""What happened that somebody waits to hear of, each event known by the entry of the log that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from biasgate.gate.ledger.authority import Authority
from biasgate.gate.ledger.history import History, Standing, awaits_person
from biasgate.gate.ledger.state import State

SOON = timedelta(days=7)
"""How long before its end an approval is said to expire."""

EventKind = Literal["approved", "rejected", "insufficient", "waits", "promoted", "stale", "failed", "expiring"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened.

    Attributes:
        id: The same whoever reads the log, and whenever: ``decision-12``.
        kind: ``approved``, ``rejected``, ``insufficient``, ``waits`` for a person: what a decision says. ``promoted``,
            ``stale``, ``failed``: what became of an approval. ``expiring``: what serves may do so for a week at most.
        state: What is to be said of it.
    """

    id: str
    kind: EventKind
    state: State


def events(history: History, at: datetime) -> Iterator[Event]:
    """All that a history tells of, in the order of the entries; what expires soon comes last."""
    for entry, authority in history.authorities.items():
        if not authority.glass:
            yield _decided(authority, history)
        if not history.open(entry):
            yield from _settled(authority, history)
    for name in history.champions:
        standing = history.standing(name)
        if standing and not standing.glass and not standing.refusal(at) and standing.authority.expires - at <= SOON:
            yield Event(id=f"expiring-{standing.entry}", kind="expiring", state=_serving(standing))


def _decided(authority: Authority, history: History) -> Event:
    if authority.verdict == "REJECTED":
        kind = "rejected"
    elif authority.verdict == "INSUFFICIENT_EVIDENCE":
        kind = "insufficient"
    else:
        open_still = history.open(authority.entry) and awaits_person(authority.entry, history)
        kind = "waits" if open_still else "approved"
    return Event(id=f"decision-{authority.entry}", kind=kind, state=State(status=kind, authority=authority))


def _settled(authority: Authority, history: History) -> Iterator[Event]:
    """What became of an approval; nothing where a newer one lets the same version serve by now."""
    entry = authority.entry
    if history.statuses[entry] == "PROMOTED":
        places = history.holders.get(authority.digest, ())
        for standing in (history.standings[place] for place in places):
            if standing.entry == entry:
                yield Event(id=f"promoted-{entry}", kind="promoted", state=_serving(standing))
        return
    kind = "stale" if history.statuses[entry] == "STALE" else "failed"
    state = State(status=kind, authority=authority, refused=history.refusals.get(entry))
    yield Event(id=f"{kind}-{entry}", kind=kind, state=state)


def _serving(standing: Standing) -> State:
    return State(status="serves", authority=standing.authority, standing=standing, allowed_by=standing.entry)
