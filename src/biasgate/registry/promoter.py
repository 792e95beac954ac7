"""The promoter: carries approved decisions from the log into the registry.

Only what was decided under the gate in force is carried out. For each approval: register the version, write the
PROMOTED entry, point the alias at it, in this order. The entry is what counts. A crash before it leaves a version
without an alias, which the next run finds by its tags and takes; a crash after it leaves an alias behind the log, which
the next run sets before anything else. So the promoter can be killed anywhere and run again, and two of them can race:
the log orders them, and ``replay`` gives the one outcome. An approval of the bytes that serve registers nothing: its
PROMOTED entry renews the version that holds them.

An approval that cannot be carried out is FAILED with its reason, and alerts; it does not hold up the others. Its
submission is imported in a process of its own, so that one that takes too much memory or time fails alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import CandidateError, InputError, ServiceError, TrustError, told_of
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.authority import Authority
from biasgate.gate.ledger.entry import DecisionBody, PromotionBody, PromotionStatus
from biasgate.gate.ledger.history import History, awaits_person, premature, refusal_of_decision, superseded
from biasgate.gate.ledger.log import append, read_entry
from biasgate.gate.repeat import recount, repeat
from biasgate.models.predictions import Candidate
from biasgate.registry.alerts import Alarm, Alert
from biasgate.registry.client import connect, explained
from biasgate.registry.importing import import_apart
from biasgate.registry.models import DIGEST_TAG, ENTRY_TAG, fetch, gated_name, is_name, register_package
from biasgate.registry.ownership import FOREIGN, claim, is_foreign
from biasgate.registry.projection import project
from biasgate.registry.showing import misshown, models_of, show
from biasgate.registry.tracking import PROMOTIONS

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey


def promote(
    log_uri: str,
    *,
    trusted: Keyring,
    key: SigningKey,
    policies: Collection[str] | None = None,
    alarm: Alarm | None = None,
) -> list[PromotionBody]:
    """Brings the registry up to the log, and the pages in it.

    Args:
        log_uri: The log.
        trusted: Keys whose entries are accepted.
        key: Signs what this run adds.
        policies: Digests of the policies whose decisions are carried out; all by default.
        alarm: Told what a person must hear of.

    Returns:
        What became of each approval that was open, in the order of the log; nothing for one that still waits for a
        person and is known to.

    Raises:
        TrustError: The log does not verify, or the key may not promote; nothing is promoted.
        ServiceError, InputError: MLflow, the store or this machine's disk failed: at once for the log, after the other
            approvals for one of them. Nothing is lost; run it again.
    """
    alarm = alarm or Alarm()
    trusted.check(key, "promoter")
    history = project(log_uri, trusted=trusted, alarm=alarm)
    done: list[PromotionBody] = []
    fault: ServiceError | InputError | None = None
    for number, authority in list(history.waiting.items()):
        try:
            name = authority.subject[0]
            known = any(name == one for one, _ in history.standings)
            if obstacle := _obstacle(authority, trusted if is_name(name) and not known else None):
                alarm(obstacle)
                continue
            own = None if known else partial(claim, name, key=key, trusted=trusted)
            register = partial(_registered, number, name, own)
            check = partial(_check, log_uri, authority, trusted, policies)
            while outcome := _settle(authority, history, check, register):
                append(log_uri, outcome, key=key)
                history = project(log_uri, trusted=trusted, alarm=alarm)
                if history.statuses.get(number) == outcome.status:
                    done.append(outcome)
                    _tell(outcome, authority, alarm)
        except (ServiceError, InputError) as error:
            fault = fault or error
    if fault:
        raise fault
    show(misshown(log_uri, history, trusted=trusted, models=models_of(history), thorough=False), alarm=alarm)
    return done


def _settle(
    authority: Authority,
    history: History,
    check: Callable[[History], None],
    register: Callable[[Candidate], str],
) -> PromotionBody | None:
    """What becomes of an approval; None when it is settled, or waits for a person and is known to.

    A promotion's version is registered here, but does not serve yet.
    """
    number, (name, digest) = authority.entry, authority.subject
    current = history.champions.get(name)

    def outcome(status: PromotionStatus, reason: str, version: str | None = None) -> PromotionBody:
        return PromotionBody(
            entry=number,
            status=status,
            reason=reason,
            name=name,
            digest=digest,
            version=version,
            replaced=current if status == "PROMOTED" else None,
        )

    if not history.open(number):
        return None
    if not is_name(name):
        return outcome("FAILED", f"No card can have the name {name!r}.")
    if datetime.now(UTC) >= authority.expires:
        return outcome("STALE", f"What allowed it expired on {authority.expires:%Y-%m-%d}.")
    if authority.champion != current:
        compared = _name(authority.champion)
        return outcome("STALE", f"The candidate was compared with {compared}, but {_name(current)} serves.")
    if not authority.glass and (why := refusal_of_decision(authority, history)):
        return outcome("STALE" if superseded(authority, history) else "FAILED", why)
    if (answer := history.answers.get(number)) and not answer.granted:
        return outcome("FAILED", f"{answer.approver} declined: {answer.reason}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(history)
            if awaits_person(number, history):
                return None if number in history.statuses else outcome("PENDING", _waits(digest, history))
            package = _verified(authority, Path(folder))
        except (InputError, TrustError) as error:
            if isinstance(error.__cause__, OSError):
                raise  # this machine's disk, not the candidate
            return outcome("FAILED", str(error))
        version = _renewed(authority, current) or register(package)
        return outcome("PROMOTED", _reason(authority, history), version)


def _obstacle(authority: Authority, owners: Keyring | None) -> Alert | None:
    """What keeps an approval open until a person has seen to it: a clock that is wrong, a model that is not ours.

    ``owners`` may make registered models; None for a model that the log promoted into before, and where none can be.
    """
    name, digest = authority.subject
    if why := premature(authority, datetime.now(UTC)):
        return Alert(kind="clock", message=why, name=name, candidate=digest, entry=authority.entry)
    if owners and is_foreign(name, trusted=owners):
        return Alert(
            kind="foreign_model", message=f"{name}: {FOREIGN}", name=name, candidate=digest, entry=authority.entry
        )
    return None


def _check(
    log_uri: str, authority: Authority, trusted: Keyring, policies: Collection[str] | None, history: History
) -> None:
    """Sees that the keys behind an approval are valid still, makes it again, and counts its looks again."""
    number, now = authority.entry, datetime.now(UTC)
    decided = read_entry(log_uri, number, authority.sealed, trusted, at=now).body
    if number in history.answered:
        read_entry(log_uri, *history.answered[number], trusted, at=now)
    if not isinstance(decided, DecisionBody):
        return
    where = f"entry {number}"
    repeat(decided, where=where)
    recount(decided, log_uri, history, number=number, where=where)
    if policies is not None and decided.decision.policy not in policies:
        fix = "decide by an allowed policy, or allow this one"
        raise TrustError("the policy is not one of those allowed here", where=decided.decision.policy, fix=fix)


def _reason(authority: Authority, history: History) -> str:
    if authority.glass:
        until = f"{authority.expires:%Y-%m-%d %H:%M} UTC"
        return f"WITHOUT APPROVAL, until {until}: {authority.why}"
    if answer := history.answers.get(authority.entry):
        return f"Every rule of the policy passed, and {answer.approver} approved: {answer.reason}"
    return "Every rule of the policy passed."


def _waits(digest: str, history: History) -> str:
    recalled = history.recalled.get(digest)
    why = f": its bytes were taken out of service ({recalled})" if recalled is not None else ""
    return f"A person must sign first{why}."


def _tell(outcome: PromotionBody, authority: Authority, alarm: Alarm) -> None:
    """Alerts of an approval that failed, and of a version that serves without one."""
    glass = outcome.status == "PROMOTED" and authority.glass
    if glass or outcome.status == "FAILED":
        alarm(
            Alert(
                kind="break_glass" if glass else "not_promoted",
                message=outcome.reason,
                name=outcome.name,
                version=outcome.version,
                candidate=outcome.digest,
                entry=outcome.entry,
            )
        )


def _verified(authority: Authority, folder: Path) -> Candidate:
    """A clean package, rebuilt from the submission's bytes, whose digest is the decided one."""
    name, digest = authority.subject
    submitted, source = fetch(authority.source, folder / "submitted")
    with told_of(source, copy=submitted):
        package = import_apart(submitted, folder / "package")
    if package.digest != digest:
        raise CandidateError("the submission changed after it was decided", where=source, fix="submit it again")
    if name != gated_name(source, package.card.name):
        raise CandidateError(f"decided for {name!r}, but its card says {package.card.name!r}", where=source)
    return package


def _renewed(authority: Authority, current: Champion | None) -> str | None:
    """The version that serves, where it holds the approved bytes already and is still in the registry."""
    if current is None or authority.glass or current.digest != authority.digest:
        return None
    try:
        with explained(authority.name):
            return str(connect().get_model_version(authority.name, current.version).version)
    except InputError:
        return None


def _registered(number: int, name: str, own: Callable[[], None] | None, package: Candidate) -> str:
    """The version made for this decision, by this run or by one that was killed; ``own`` makes a new model first."""
    client = connect()
    with explained(name):
        for version in client.search_model_versions(f"name = '{name}'"):
            if (version.tags.get(ENTRY_TAG), version.tags.get(DIGEST_TAG)) == (str(number), package.digest):
                return str(version.version)
    if own:
        own()
    tags = {ENTRY_TAG: str(number)}
    return register_package(package, model=name, experiment=PROMOTIONS, tags=tags).rsplit("/", 1)[-1]


def _name(champion: Champion | None) -> str:
    return f"version {champion.version}" if champion else "no version"
