"""The promoter: carries approved decisions from the log into the registry.

For each approval: register the version, write the PROMOTED entry, point the alias at it, in this order. The entry is
what counts. A crash before it leaves a version without an alias, which the next run finds by its tags and takes; a
crash after it leaves an alias behind the log, which the next run sets before anything else. So the promoter can be
killed anywhere and run again, and two of them can race: the log orders them, and ``replay`` gives the one outcome.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import CandidateError, InputError
from biasgate.gate.entry import DecisionBody, LogEntry, PromotionBody, PromotionStatus
from biasgate.gate.evidence import Champion
from biasgate.gate.history import History, awaiting, replay
from biasgate.gate.log import append, read_log
from biasgate.gate.repeat import repeat
from biasgate.models.package import CandidatePackage, import_candidate
from biasgate.registry.client import connect, explained
from biasgate.registry.models import CHAMPION, DIGEST_TAG, aliases, fetch, gated_name, register_package, set_alias

if TYPE_CHECKING:
    from biasgate.gate.sign import PublicKey, SigningKey

ENTRY_TAG = "biasgate.entry"


def promote(log_uri: str, *, trusted: Sequence[PublicKey], key: SigningKey) -> list[PromotionBody]:
    """Brings the registry up to the log.

    Args:
        log_uri: The log.
        trusted: Whose entries count.
        key: Signs what this run adds.

    Returns:
        What became of each approval that was open, in the order of the log; nothing for one that still waits for a
        person and is known to.

    Raises:
        TrustError: An entry does not verify; nothing is promoted.
        ServiceError: MLflow or the store is out of reach; run it again.
    """
    entries = _projected(log_uri, trusted)
    done: list[PromotionBody] = []
    for number, body in awaiting(entries):
        repeat(body, where=f"{log_uri} entry {number}")
        while outcome := _settle(number, body, replay(entries)):
            append(log_uri, outcome, key=key)
            entries = _projected(log_uri, trusted)
            if replay(entries).statuses.get(number) == outcome.status:
                done.append(outcome)
    return done


def _settle(number: int, body: DecisionBody, history: History) -> PromotionBody | None:
    """What becomes of an approval; None when it is settled, or waits for a person and is known to.

    A promotion's version is registered here, but does not serve yet.
    """
    candidate = body.evidence.candidate
    current = history.champions.get(candidate.name)
    status = history.statuses.get(number)

    def outcome(status: PromotionStatus, reason: str, version: str | None = None) -> PromotionBody:
        return PromotionBody(
            entry=number,
            status=status,
            reason=reason,
            name=candidate.name,
            digest=candidate.digest,
            version=version,
            replaced=current if status == "PROMOTED" else None,
        )

    if status not in (None, "PENDING"):
        return None
    if datetime.now(UTC) >= body.decision.expires:
        return outcome("STALE", f"The approval expired on {body.decision.expires:%Y-%m-%d}.")
    if body.evidence.champion != current:
        compared = _name(body.evidence.champion)
        return outcome("STALE", f"The candidate was compared with {compared}, but {_name(current)} serves.")
    if body.decision.human:
        return None if status else outcome("PENDING", "The policy wants a person to sign first.")
    with tempfile.TemporaryDirectory() as folder:
        try:
            package = _verified(body, Path(folder))
        except InputError as error:
            return outcome("FAILED", str(error))
        return outcome("PROMOTED", "Every rule of the policy passed.", _registered(number, package, candidate.name))


def _verified(body: DecisionBody, folder: Path) -> CandidatePackage:
    """A clean package, rebuilt from the submission's bytes, whose digest is the decided one."""
    candidate = body.evidence.candidate
    submitted, source = fetch(candidate.source, folder / "submitted")
    package = import_candidate(submitted, folder / "package")
    if package.digest != candidate.digest:
        raise CandidateError("the submission changed after it was decided", where=source, fix="submit it again")
    if candidate.name != gated_name(source, package.card):
        raise CandidateError(f"decided for {candidate.name!r}, but its card says {package.card.name!r}", where=source)
    return package


def _registered(number: int, package: CandidatePackage, name: str) -> str:
    """The version made for this decision, by this run or by one that was killed."""
    client = connect()
    with explained(name):
        for version in client.search_model_versions(f"name = '{name}'"):
            if (version.tags.get(ENTRY_TAG), version.tags.get(DIGEST_TAG)) == (str(number), package.digest):
                return str(version.version)
    return register_package(package, model=name, tags={ENTRY_TAG: str(number)}).rsplit("/", 1)[-1]


def _projected(log_uri: str, trusted: Sequence[PublicKey]) -> tuple[LogEntry, ...]:
    """Points every alias at what the log says, and gives the log.

    Looks again after each move: another promoter may have been faster.
    """
    client = connect()
    while True:
        entries = read_log(log_uri, trusted)
        moved = {
            name: champion.version
            for name, champion in replay(entries).champions.items()
            if aliases(client, name).get(CHAMPION) != champion.version
        }
        if not moved:
            return entries
        for name, version in moved.items():
            set_alias(name, CHAMPION, version)


def _name(champion: Champion | None) -> str:
    return f"version {champion.version}" if champion else "no version"
