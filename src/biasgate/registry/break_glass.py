"""Breaking the glass: a person lets a candidate serve for a while without an approval, in the open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from biasgate.gate.ledger.entry import BreakGlassBody, LogEntry
from biasgate.gate.ledger.log import append, read_history
from biasgate.gate.trust.identity import check_name
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.models import fetch_package, gated_name

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey


def break_glass(
    log_uri: str, source: str, *, by: str, reason: str, hours: int, key: SigningKey, trusted: Keyring, alarm: Alarm
) -> LogEntry:
    """Writes into the log that a candidate may serve; the promoter carries it out as it does an approval.

    Args:
        log_uri: The log.
        source: The candidate.
        by: The person, who owns the key.
        reason: Why it cannot wait.
        hours: How long it may serve.
        key: The person's own.
        trusted: Keys whose entries are accepted.
        alarm: Told at once.

    Raises:
        TrustError: The key may not say it, or the log does not verify.
        CandidateError: The candidate cannot be read: even now only whole packages serve.
    """
    check_name(by, where="who breaks the glass")
    trusted.check(key, "breakglass", signer=by)
    with TemporaryDirectory() as folder:
        package, resolved = fetch_package(source, Path(folder, "package"))
    name = gated_name(resolved, package.card.name)
    history = read_history(log_uri, trusted)
    alarm.address(history)
    body = BreakGlassBody(
        name=name,
        digest=package.digest,
        source=resolved,
        by=by,
        reason=reason,
        expires=datetime.now(UTC) + timedelta(hours=hours),
        champion=history.champions.get(name),
    )
    entry = append(log_uri, body, key=key)
    message = f"{by} broke the glass until {body.expires:%Y-%m-%d %H:%M} UTC: {reason}"
    alarm(Alert(kind="break_glass", message=message, name=name, candidate=package.digest, entry=entry.number))
    return entry
