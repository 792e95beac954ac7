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
from biasgate.gate.entry import DecisionBody, PromotionBody, PromotionStatus
from biasgate.gate.evidence import Champion
from biasgate.gate.history import awaiting, replay
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
    open_decisions = awaiting(read_log(log_uri, trusted))
    _project(log_uri, trusted)
    done: list[PromotionBody] = []
    for number, body in open_decisions:
        repeat(body, where=f"{log_uri} entry {number}")
        outcome = _settle(log_uri, number, body, trusted=trusted)
        if outcome is None:
            continue
        append(log_uri, outcome, key=key)
        done.append(outcome)
        _project(log_uri, trusted)
    return done


def _settle(log_uri: str, number: int, body: DecisionBody, *, trusted: Sequence[PublicKey]) -> PromotionBody | None:
    """What becomes of an approval; a promotion's version is registered, but does not serve yet."""
    history = replay(read_log(log_uri, trusted))
    candidate = body.evidence.candidate
    current = history.champions.get(candidate.name)

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

    if datetime.now(UTC) >= body.decision.expires:
        return outcome("STALE", f"The approval expired on {body.decision.expires:%Y-%m-%d}.")
    if body.evidence.champion != current:
        return outcome(
            "STALE", f"The candidate was compared with {_name(body.evidence.champion)}, but {_name(current)} serves."
        )
    if body.decision.human:
        known = history.statuses.get(number) == "PENDING"
        return None if known else outcome("PENDING", "The policy wants a person to sign first.")
    try:
        with tempfile.TemporaryDirectory() as folder:
            package = _verified(body, Path(folder))
            version = _registered(number, package, candidate.name)
    except InputError as error:
        return outcome("FAILED", str(error))
    return outcome("PROMOTED", "Every rule of the policy passed.", version)


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


def _project(log_uri: str, trusted: Sequence[PublicKey]) -> None:
    """Points every alias at what the log says, and looks again in case another promoter was faster."""
    client = connect()
    while moved := {
        name: champion
        for name, champion in replay(read_log(log_uri, trusted)).champions.items()
        if aliases(client, name).get(CHAMPION) != champion.version
    }:
        for name, champion in moved.items():
            set_alias(name, CHAMPION, champion.version)


def _name(champion: Champion | None) -> str:
    return f"version {champion.version}" if champion else "no version"
