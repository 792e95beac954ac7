"""Reconciling: where registry and log do not agree, what ended, and what still waits to be judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from biasgate.documents import Document
from biasgate.gate.ledger.history import History, Standing, measured_under
from biasgate.gate.ledger.log import read_history
from biasgate.registry import inventory
from biasgate.registry.alerts import Alarm, Alert, Kind
from biasgate.registry.attempts import model_of, unjudged
from biasgate.registry.client import connect
from biasgate.registry.models import CHAMPION, remove_alias
from biasgate.registry.projection import displaced, foreign, project
from biasgate.registry.rollback import roll_back
from biasgate.registry.showing import misshown, show

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey

BY = "reconcile"
"""Who asks for a rollback that no person did."""


class Findings(Document):
    """What was found, as it was before anything was mended.

    Attributes:
        alerts: What a person must hear of.
        displaced: Models whose alias is not on the log's champion, with what should be there; empty for nothing.
        queue: ``models:/`` URIs of submissions without a decision, for the sweep to judge.
        reevaluate: Sources of candidates that serve though what allowed them ended.
        superseded: Champions that were measured under another gate than the one in force: the sentence that says so, by
            the model's name.
        orphans: ``models:/`` URIs of versions that a promoter made and the log did not take.
        misshown: ``models:/`` URIs of candidates and versions whose page in MLflow is not what the log says.
        sent: How many messages were sent.
        unsent: Why messages were not: they are tried again the next time.
    """

    alerts: tuple[Alert, ...]
    displaced: dict[str, str]
    queue: tuple[str, ...]
    reevaluate: tuple[str, ...]
    superseded: dict[str, str] = {}
    orphans: tuple[str, ...]
    misshown: tuple[str, ...] = ()
    sent: int = 0
    unsent: tuple[str, ...] = ()


def reconcile(
    log_uri: str,
    *,
    trusted: Keyring,
    alarm: Alarm,
    models: Collection[str] = (),
    pages: bool = False,
    fix: bool = False,
    revert: SigningKey | None = None,
) -> Findings:
    """Compares the registry with the log.

    Args:
        log_uri: The log.
        trusted: Keys whose entries are accepted.
        models: Names of gate-owned models to look at; by default all. Where logs share a registry each has its own.
        alarm: Told what a person must hear of.
        pages: Writes anew the pages that are not what the log says, and nothing else.
        fix: Points aliases at what the log says, writes pages anew, and deletes orphans.
        revert: A promoter's key. With it no champion keeps serving without a valid entry: one whose time is over,
            or whose bytes were rejected since, is rolled back to the last version that may serve, or to none, and one
            that the log knows nothing of loses the alias.

    Raises:
        TrustError: The log does not verify, or the key may not promote.
        ServiceError: MLflow or the store is out of reach.
    """
    if revert:
        trusted.check(revert, "promoter")
    history, now = read_history(log_uri, trusted), datetime.now(UTC)
    alarm.address(history)
    names = sorted(models) if models else inventory.gated_names(history, alarm)
    moved = {name: at for name, at in displaced(connect(), history).items() if name in names}
    unmanaged_champions = inventory.unmanaged_champions(names, history)
    serving = [standing for name in names if (standing := history.standing(name))]
    over = [standing for standing in serving if standing.refusal(now)]
    left = inventory.orphans(names, history)
    wrong = misshown(log_uri, history, trusted=trusted, models=names)
    for alert in (
        *_voids(history),
        *(foreign(name, at) for name, at in moved.items() if at and (name, at) not in history.standings),
        *(foreign(name, at) for name, at in unmanaged_champions.items()),
        *_standing_alerts(serving, now),
        *(unjudged(source, why) for source, why in history.given_up.items() if model_of(source) in names),
        *inventory.unmanaged_versions(names, history),
    ):
        alarm(alert)
    findings = Findings(
        alerts=tuple(alarm.raised),
        displaced={name: champion.version if (champion := history.champions.get(name)) else "" for name in moved},
        queue=tuple(inventory.undecided(names, history)),
        reevaluate=tuple(standing.authority.source for standing in over),
        superseded=_superseded(serving, history),
        orphans=tuple(map(inventory.uri, left)),
        misshown=tuple(page.uri for page in wrong),
    )
    if pages or fix:
        show(wrong, alarm=alarm)
    if fix:
        project(log_uri, trusted=trusted, alarm=alarm)
        for version in left:
            inventory.delete(version)
    if revert:
        for name in unmanaged_champions:
            remove_alias(name, CHAMPION)
        for standing in over:
            to, why = _last_valid(standing, history, now), standing.refusal(now) or ""
            roll_back(log_uri, standing.name, to=to, by=BY, reason=why, key=revert, trusted=trusted, alarm=alarm)
    return findings


def _last_valid(standing: Standing, history: History, now: datetime) -> str | None:
    """The version that served last before, and still may."""
    others = [one for one in history.standings.values() if one.name == standing.name and not one.refusal(now)]
    return max(others, key=lambda one: one.since).champion.version if others else None


def _superseded(serving: Sequence[Standing], history: History) -> dict[str, str]:
    return {
        standing.name: measured_under(standing.authority, history)
        for standing in serving
        if not standing.glass and standing.authority.gate != history.in_force.get(standing.name)
    }


def _voids(history: History) -> Iterator[Alert]:
    """Entries that count for nothing; those of a revoked key are expected."""
    for number, body in history.voids.items():
        if not body.revoked:
            message = f"the {body.said} in entry {number} counts for nothing: {body.reason}"
            yield Alert(kind="void_entry", message=message, name=body.name, candidate=body.digest, entry=number)


def _standing_alerts(serving: Sequence[Standing], now: datetime) -> Iterator[Alert]:
    """Champions that may not serve any more, that a newer decision doubts, and that serve without an approval."""
    for standing in serving:
        kind: Kind = "rejected" if standing.rejected is not None else "expired"
        if why := standing.refusal(now):
            why = f"serves, but {why}"
        elif standing.doubted is not None:
            kind, why = "insufficient", f"serves, but entry {standing.doubted} had not enough evidence about its bytes"
        elif standing.glass:
            kind, why = (
                "break_glass",
                f"serves without an approval: {standing.authority.why}",
            )
        else:
            continue
        yield Alert(
            kind=kind,
            message=f"version {standing.champion.version} of {standing.name} {why}",
            name=standing.name,
            version=standing.champion.version,
            candidate=standing.champion.digest,
            entry=standing.entry,
        )
