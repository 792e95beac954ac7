"""Attempts: what a sweep takes up is written down first, so that what cannot be judged holds up nothing for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from biasgate.gate.ledger.entry import AttemptBody
from biasgate.gate.ledger.history import History
from biasgate.gate.ledger.log import append
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.models import SCHEME, SUBMISSIONS
from biasgate.registry.tracking import last_failure

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import SigningKey

MOST_ATTEMPTS = 3
"""How often a submission is taken up before it is given up; one that is submitted again is another."""


def take_up(
    log_uri: str, name: str, undecided: Sequence[str], history: History, *, most: int, key: SigningKey
) -> list[str]:
    """Chooses what a sweep judges, and writes each attempt into the log.

    Those that were attempted least come first, so that failing ones hide no fresh one. Whatever ended an attempt
    without a decision, a kill included, has counted; one that was attempted ``MOST_ATTEMPTS`` times is given up, in the
    log, with the reason of the last and an alert.

    Args:
        log_uri: The log.
        name: The gate-owned model.
        undecided: Submissions without a decision, oldest first.
        history: What the log adds up to.
        most: The most to choose.
        key: A gate's.
    """
    chosen: list[str] = []
    for source in sorted(undecided, key=lambda source: history.attempts.get(source, 0)):
        if len(chosen) == most:
            break
        tried = history.attempts.get(source, 0)
        earlier = last_failure(source) if tried else None
        given_up = tried >= MOST_ATTEMPTS
        attempt = tried if given_up else tried + 1
        body = AttemptBody(name=name, source=source, attempt=attempt, earlier=earlier, given_up=given_up)
        append(log_uri, body, key=key)
        if given_up:
            Alarm()(unjudged(source, earlier or ""))
        else:
            chosen.append(source)
    return chosen


def model_of(source: str) -> str:
    """The gate-owned model that a submission is for, by its place."""
    return source.removeprefix(SCHEME).rpartition("/")[0].removesuffix(SUBMISSIONS)


def unjudged(source: str, why: str) -> Alert:
    """The alert about a submission that was given up."""
    message = f"{source} was given up after {MOST_ATTEMPTS} attempts: {why}"
    return Alert(kind="unjudged", message=message, name=model_of(source))
