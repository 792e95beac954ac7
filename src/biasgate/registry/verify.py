"""Verifying a deployed model: may these very bytes serve? Without MLflow when they lie in a folder."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.errors import TrustError
from biasgate.gate.ledger.authority import Authority
from biasgate.gate.ledger.checkpoint import read_checkpoint
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.history import History, Standing, measured_under
from biasgate.gate.ledger.log import read_entry, read_history
from biasgate.gate.ledger.proof import USUAL_AGE, check_proof, read_proof
from biasgate.gate.repeat import repeat
from biasgate.models.package import CARD, MODEL, check_names, content_name, package_digest

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring


class Verified(Document):
    """Why a model may serve.

    Attributes:
        name: The gate-owned model.
        version: Its version.
        digest: Of the package that was looked at.
        allowed_by: ``decision``, or ``break_glass`` for a model that serves without an approval.
        entry: Number of the decision's, or break-glass, entry.
        gate: Number of the declaration that the decision was made under; absent for a broken glass, and where none was
            declared then.
        measured_under: Which gate that is and which is in force, in a sentence.
        persons: Who signed for it, beyond the gate.
        reasons: Why, in words.
        since: When it was promoted.
        expires: Until when it may serve.
        as_of: When the log was read, where that was not now but when a proof was made.
        unseen: What these bytes cannot show, in a sentence: of predictions, whether the model that answers gives them.
        uncovered: Files beside the package that the digest does not cover; MLflow's, and no part of the model.
    """

    schema_: Literal["biasgate/verified/v1"] = Field(default="biasgate/verified/v1", alias="schema")
    name: str
    version: str
    digest: str
    allowed_by: Literal["decision", "break_glass"]
    entry: int
    gate: int | None = None
    measured_under: str | None = None
    persons: tuple[str, ...]
    reasons: tuple[str, ...]
    since: AwareDatetime
    expires: AwareDatetime
    as_of: AwareDatetime | None = None
    unseen: str | None = None
    uncovered: tuple[str, ...]


def verify_model(
    source: str, *, log: str, trusted: Keyring, model: str | None = None, version: str | None = None
) -> Verified:
    """Looks a model up in the log by the digest of its bytes: it must be the champion of its name.

    Args:
        source: A package's folder, or ``models:/…``, ``s3://…``, which is fetched first.
        log: The log, or a copy of it.
        trusted: Keys whose entries are accepted.
        model: Name of the gate-owned model that it must be; any, when none is given.
        version: Version that it must be, though another may be the champion by now.

    Raises:
        TrustError: No entry lets this model serve now: it was never promoted, is another model or version, its time is
            over, its bytes were rejected or rolled back since, a key behind it is revoked, or its policy and evidence
            lead to another decision than the entry says; or the log does not verify.
        CandidateError: The folder is no package.
    """
    history = read_history(log, trusted)
    with _here(source) as (folder, resolved):
        digest = _digest(folder)
        standing = _serving(digest, history, source=resolved, model=model, version=version)
        _decide_again(standing.authority, log, trusted)
        return _verified(standing, history, digest=digest, folder=folder)


def verify_by_proof(
    source: str,
    *,
    proof: str,
    trusted: Keyring,
    model: str,
    checkpoint: str | None = None,
    longest: timedelta = USUAL_AGE,
) -> Verified:
    """Looks at a model without the log, by a proof that a promoter made: for serving pods.

    Args:
        source: A package's folder, or ``models:/…``, ``s3://…``, which is fetched first.
        proof: File or URI of the proof.
        trusted: Keys whose signatures are accepted.
        model: Name of the gate-owned model that it must be.
        checkpoint: File or URI of a checkpoint from elsewhere; the proof must be of exactly that log.
        longest: How old the proof may be: what was withdrawn after it was made, it does not show.

    Raises:
        TrustError: The proof does not show that this model may serve, or is too old.
        CandidateError: The folder is no package.
        InputError: Proof or checkpoint cannot be read.
    """
    kept = read_checkpoint(checkpoint) if checkpoint else None
    with _here(source) as (folder, _):
        found = check_proof(
            read_proof(proof), _digest(folder), trusted=trusted, where=proof, kept=kept, longest=longest
        )
        said, authority = found.standing, found.authority
        if said.name != model:
            raise TrustError(f"the proof is about {said.name}, not {model}", where=proof)
        return Verified(
            name=said.name,
            version=said.version,
            digest=said.digest,
            allowed_by=authority.kind,
            entry=said.authority,
            persons=found.persons,
            reasons=(authority.why,) if authority.glass else authority.reasons,
            since=found.since,
            expires=authority.expires,
            as_of=said.checkpoint.at,
            unseen=_unseen(folder),
            uncovered=_uncovered(folder),
        )


@contextmanager
def _here(source: str) -> Generator[tuple[Path, str]]:
    """The model's folder, fetched where it is not one already, and where it comes from."""
    if Path(source).is_dir():
        yield Path(source), source
        return
    from biasgate.registry.models import fetch

    with TemporaryDirectory() as work:
        yield fetch(source, Path(work))


def _uncovered(folder: Path) -> tuple[str, ...]:
    return tuple(sorted({path.name for path in folder.iterdir()} - {content_name(folder), CARD}))


def _unseen(folder: Path) -> str | None:
    if content_name(folder) == MODEL:
        return None
    return (
        "These are predictions, the ones that were decided about; no model was run. Which model gave them, and whether "
        "the one that answers now gives the same, no digest shows."
    )


def _digest(folder: Path) -> str:
    """That of the package; nothing else may lie in its folder than what an artifact store puts there."""
    check_names(folder, known=(content_name(folder), CARD))
    return package_digest(folder)


def _serving(digest: str, history: History, *, source: str, model: str | None, version: str | None) -> Standing:
    """What lets these bytes serve, as the model and version that is asked for."""
    promoted = [one for one in history.standings.values() if one.champion.digest == digest]
    asked = [one for one in promoted if model in (None, one.name) and version in (None, one.champion.version)]
    standing = _standing(asked or promoted, digest=digest, source=source)
    _check_place(standing, history, source=source, model=model, version=version)
    return standing


def _decide_again(authority: Authority, log: str, trusted: Keyring) -> None:
    """Does not take the promoter's word that the rules were kept."""
    decided = read_entry(log, authority.entry, authority.sealed, trusted).body
    if isinstance(decided, DecisionBody):
        repeat(decided, where=f"{log} entry {authority.entry}")


def _verified(standing: Standing, history: History, *, digest: str, folder: Path) -> Verified:
    authority = standing.authority
    persons, reasons = _why(standing, history)
    return Verified(
        name=standing.name,
        version=standing.champion.version,
        digest=digest,
        allowed_by=authority.kind,
        entry=standing.entry,
        gate=authority.gate,
        measured_under=None if authority.glass else measured_under(authority, history),
        persons=persons,
        reasons=reasons,
        since=standing.since,
        expires=authority.expires,
        unseen=_unseen(folder),
        uncovered=_uncovered(folder),
    )


def _why(standing: Standing, history: History) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who signed for it beyond the gate, and the reasons."""
    authority = standing.authority
    if authority.by:
        return (authority.by,), (authority.why,)
    answer = history.answers.get(standing.entry)
    return ((answer.approver,) if answer else ()), authority.reasons


def _standing(promoted: Sequence[Standing], *, digest: str, source: str) -> Standing:
    """The latest promotion of this digest that holds now."""
    if not promoted:
        fix = "serve what the gate promoted"
        raise TrustError(f"no entry of the log promoted this model ({digest})", where=source, fix=fix)
    now = datetime.now(UTC)
    refusals = [standing.refusal(now) for standing in promoted]
    if None not in refusals:
        latest = promoted[-1]
        what = f"version {latest.champion.version} of {latest.name} may not serve: {refusals[-1]}"
        raise TrustError(what, where=source, fix="serve the champion, or have this model approved again")
    return [one for one, refusal in zip(promoted, refusals, strict=True) if refusal is None][-1]


def _check_place(standing: Standing, history: History, *, source: str, model: str | None, version: str | None) -> None:
    """Refuses another model than the one asked for, and a version that gave way to another."""
    found = f"version {standing.champion.version} of {standing.name}"
    if model not in (None, standing.name):
        raise TrustError(f"these bytes are {found}, not {model}", where=source, fix=f"serve the champion of {model}")
    champion = history.champions.get(standing.name)
    wanted = version or (champion.version if champion else None)
    if wanted == standing.champion.version:
        return
    if version:
        raise TrustError(f"these bytes are {found}, not version {version}", where=source, fix="serve that version")
    now = f"version {champion.version} is the champion" if champion else "no version is the champion"
    fix = f"serve the champion, or accept it by --version {standing.champion.version}"
    raise TrustError(f"these bytes are {found}, but {now}", where=source, fix=fix)
