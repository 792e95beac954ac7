"""A person's answer to a decision that waits for one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.ledger.entry import ApprovalBody, LogEntry
from biasgate.gate.ledger.history import refusal_of_answer
from biasgate.gate.ledger.log import append, read_history

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey


def answer(
    log_uri: str, number: int, *, granted: bool, approver: str, reason: str, key: SigningKey, trusted: Keyring
) -> LogEntry:
    """Grants or declines, in the log.

    Args:
        log_uri: The log.
        number: Of the decision's entry.
        granted: False declines, for good.
        approver: The person, who owns the key and did not submit the candidate.
        reason: For whoever asks later.
        key: The person's own.
        trusted: Keys whose entries are accepted.

    Raises:
        InputError: No decision with this number waits for this person.
        TrustError: The key may not say it, or the log does not verify.
    """
    trusted.check(key, "approver", signer=approver)
    history = read_history(log_uri, trusted)
    decision = history.authorities.get(number)
    if decision is None:
        raise InputError("no such decision", where=f"{log_uri} entry {number}", fix="see `biasgate log show`")
    name, digest = decision.subject
    body = ApprovalBody(entry=number, granted=granted, approver=approver, reason=reason, name=name, digest=digest)
    why = refusal_of_answer(body, history)
    if why is None and datetime.now(UTC) >= decision.expires:
        why = f"the decision expired on {decision.expires:%Y-%m-%d}; decide again"
    if why:
        raise InputError(why, where=f"{log_uri} entry {number}")
    written = append(log_uri, body, key=key)
    if read_history(log_uri, trusted).answers.get(number) != body:
        raise InputError(
            "somebody else settled it first", where=f"{log_uri} entry {number}", fix="see `biasgate log show`"
        )
    return written
