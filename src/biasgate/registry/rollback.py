"""Rolling back: an earlier champion serves again, or none, and the log says who wanted it and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.entry import LogEntry, RollbackBody
from biasgate.gate.ledger.history import History, refusal_of_rollback
from biasgate.gate.ledger.log import append
from biasgate.gate.trust.identity import check_name
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.client import connect, explained
from biasgate.registry.projection import project

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey


def roll_back(
    log_uri: str, name: str, *, to: str | None, by: str, reason: str, key: SigningKey, trusted: Keyring, alarm: Alarm
) -> LogEntry:
    """Takes the champion out of service: writes the entry, then moves the alias.

    Args:
        log_uri: The log.
        name: The gate-owned model.
        to: A version that served before and still may; None for no version at all.
        by: Who asks for it.
        reason: Why.
        key: A promoter's.
        trusted: Keys whose entries are accepted.
        alarm: Told of it.

    Raises:
        InputError: Nothing serves, or the version never served, expired, or is gone from the registry.
        TrustError: The key may not say it, or the log does not verify.
        ServiceError: MLflow or the store is out of reach; run the promoter, which moves the alias if the entry was
            written.
    """
    check_name(by, where="who asks for the rollback")
    trusted.check(key, "promoter")
    history = project(log_uri, trusted=trusted, alarm=alarm)
    replaced = history.champions.get(name)
    if replaced is None:
        raise InputError("no version serves", where=name, fix="see `biasgate log show`")
    target = _target(name, to, history) if to else None
    body = RollbackBody(name=name, replaced=replaced, to=target, by=by, reason=reason)
    if why := refusal_of_rollback(body, history, datetime.now(UTC)):
        raise InputError(why, where=f"{name} {to}", fix="choose another version, or have it approved again")
    entry = append(log_uri, body, key=key)
    if project(log_uri, trusted=trusted, alarm=alarm).champions.get(name) != target:
        raise InputError("another change came in between", where=name, fix="see `biasgate log show` and try again")
    alarm(rolled_back(body, entry.number))
    return entry


def rolled_back(body: RollbackBody, entry: int) -> Alert:
    """The alert about a rollback."""
    instead = f"version {body.to.version} serves" if body.to else "no version serves"
    message = f"{body.by} took version {body.replaced.version} out of service, {instead}: {body.reason}"
    left = body.replaced
    return Alert(
        kind="rollback", message=message, name=body.name, version=left.version, candidate=left.digest, entry=entry
    )


def _target(name: str, version: str, history: History) -> Champion:
    """A version that served, and is still in the registry."""
    standing = history.standings.get((name, version))
    if standing is None:
        raise InputError(f"version {version} never served", where=name, fix="see `biasgate log show`")
    with explained(f"{name}/{version}"):
        connect().get_model_version(name, version)
    return standing.champion
