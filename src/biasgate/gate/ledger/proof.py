"""A proof that a model may serve, for who cannot read the log: a few entries, the paths to a checkpoint, one signature.

Whoever holds a promoter's key reads the whole log and signs what stands at its head: this package is the champion of
that model, by these entries. A serving pod checks that signature, the entries' own signatures, and that each entry is
in the Merkle tree whose root the checkpoint names. So a promoter's key can prove no model that a gate did not approve,
nor by entries that are not in the log of a checkpoint that somebody else keeps.

What came after the checkpoint, such as a rollback, a proof does not show: it ends at a stated age, and is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document
from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger import merkle
from biasgate.gate.ledger.authority import Authority, of_decision, of_glass
from biasgate.gate.ledger.chain import Head, onward
from biasgate.gate.ledger.checkpoint import Checkpoint, text_of
from biasgate.gate.ledger.entry import (
    SKEW,
    ApprovalBody,
    BreakGlassBody,
    DecisionBody,
    LogEntry,
    PromotionBody,
)
from biasgate.gate.ledger.envelope import unseal
from biasgate.gate.ledger.history import History, Standing, premature, take
from biasgate.gate.ledger.log import envelope
from biasgate.gate.trust.sign import sign, verify
from biasgate.gate.trust.waivers import Envelope
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey

PREDICATE_TYPE = "urn:biasgate:standing:v1"
LIMIT = 64_000_000
"""Largest proof that is read, in bytes."""
USUAL_AGE = timedelta(hours=24)
"""How old a proof may be by default."""


class Standings(Document):
    """What a promoter says of the head of a log: this package is a model's champion.

    Attributes:
        name: The gate-owned model.
        version: The version that serves.
        digest: Digest of its package.
        authority: Number of the decision's, or broken glass's, entry.
        answer: Number of the entry in which a person granted it, where one had to.
        promotion: Number of the entry that made it the champion.
        checkpoint: Up to where the log was read.
    """

    schema_: Literal["biasgate/standing/v1"] = Field(default="biasgate/standing/v1", alias="schema")
    name: str
    version: str
    digest: str
    authority: int
    answer: int | None = None
    promotion: int
    checkpoint: Checkpoint


class ProvenEntry(Document):
    """An entry of the log with its way to the checkpoint's root.

    Attributes:
        number: Its number.
        envelope: Its signed bytes, as text.
        path: Nodes of the Merkle tree from the entry's neighbour up.
    """

    number: int = Field(gt=0)
    envelope: str
    path: tuple[str, ...]


class Proof(Document):
    """All that it takes to see that a model may serve.

    Attributes:
        standing: The signed statement about it.
        entries: The entries that it names.
    """

    schema_: Literal["biasgate/proof/v1"] = Field(default="biasgate/proof/v1", alias="schema")
    standing: Envelope
    entries: tuple[ProvenEntry, ...] = Field(min_length=2, max_length=3)


@dataclass(frozen=True)
class Proven:
    """What a proof shows.

    Attributes:
        standing: What the promoter said.
        authority: What let the package serve.
        persons: Who signed for it, beyond the gate.
        since: When it was promoted.
    """

    standing: Standings
    authority: Authority
    persons: tuple[str, ...]
    since: AwareDatetime


def prove(log_uri: str, name: str, *, key: SigningKey, trusted: Keyring) -> Proof:
    """A proof that the champion of a model may serve, as of now.

    Args:
        log_uri: The log; it is read as a whole, and nothing that was remembered of it counts.
        name: The gate-owned model.
        key: A promoter's.
        trusted: Keys whose entries are accepted.

    Raises:
        TrustError: The log does not verify, the key is no promoter's, or the champion may not serve.
        InputError: No version of this model serves.
    """
    trusted.check(key, "promoter")
    history, leaves, places, head = History(), list[bytes](), dict[tuple[str, int], int](), Head()
    for entry, data, head in onward(log_uri, trusted, Head()):
        take(entry, history, sealed=head.digest)
        leaves.append(merkle.leaf(data))
        match entry.body:
            case ApprovalBody() as answer if history.answers.get(answer.entry) is answer:
                places["approval", answer.entry] = entry.number
            case PromotionBody(status="PROMOTED", version=str(version)) as made if (
                promoted := history.standings.get((made.name, version))
            ) and promoted.entry == made.entry:
                places.setdefault(("promotion", made.entry), entry.number)
            case _:
                pass
    standing, now = history.standing(name), datetime.now(UTC)
    if standing is None or head.digest is None:
        raise InputError("no version of this model serves", where=name, fix="see `biasgate log show`")
    if why := standing.refusal(now):
        raise TrustError(f"version {standing.champion.version} may not serve: {why}", where=name)
    root = text_of(merkle.root(leaves))
    said = _standings(standing, places, Checkpoint(entries=len(leaves), digest=head.digest, root=root, at=now))
    predicate = said.model_dump(mode="json", by_alias=True, exclude_none=True)
    signed = sign(predicate, predicate_type=PREDICATE_TYPE, subject=(said.name, said.digest), key=key)
    numbers = filter(None, (said.authority, said.answer, said.promotion))
    return Proof(
        standing=Envelope.parse(signed, where=log_uri),
        entries=tuple(_proven(log_uri, leaves, number) for number in numbers),
    )


def read_proof(uri: str) -> Proof:
    """A proof from a file or S3.

    Raises:
        InputError: It is not there, or is none.
    """
    return Proof.parse(store.read_bytes(uri, limit=LIMIT), where=uri)


def check_proof(
    proof: Proof,
    digest: str,
    *,
    trusted: Keyring,
    where: str,
    kept: Checkpoint | None = None,
    longest: timedelta = USUAL_AGE,
) -> Proven:
    """Sees that a package may serve, by a proof alone.

    Args:
        proof: The proof.
        digest: Of the package's bytes, as they lie here.
        trusted: Keys whose entries are accepted.
        where: Where the proof comes from, for errors.
        kept: A checkpoint from elsewhere: the proof must be of exactly that log.
        longest: How old the proof may be.

    Raises:
        TrustError: The proof shows nothing of the kind, is of another log, or is too old.
    """
    now, said = datetime.now(UTC), _said(proof, trusted, where=where)
    if said.digest != digest:
        raise TrustError(f"the proof is about {said.digest}, but the package is {digest}", where=where)
    _check_age(said.checkpoint, now, longest, where=where)
    if kept and (kept.entries, kept.digest) != (said.checkpoint.entries, said.checkpoint.digest):
        fix = "take the checkpoint and the proof at the same entry, or find out which log the proof is of"
        raise TrustError("the proof is of another log, or entry, than the kept checkpoint", where=where, fix=fix)
    authority, persons = _authority(said, proof, trusted, where=where)
    promotion = _entry(said.promotion, said, proof, trusted, where=where)
    _check_promotion(promotion, said, authority, where=where)
    if why := premature(authority, now):
        raise TrustError(why, where=where)
    if now >= authority.expires:
        raise TrustError(f"what allowed it expired on {authority.expires:%Y-%m-%d %H:%M} UTC", where=where)
    return Proven(standing=said, authority=authority, persons=persons, since=promotion.at)


def _standings(standing: Standing, places: dict[tuple[str, int], int], checkpoint: Checkpoint) -> Standings:
    return Standings(
        name=standing.name,
        version=standing.champion.version,
        digest=standing.champion.digest,
        authority=standing.entry,
        answer=places.get(("approval", standing.entry)) if standing.authority.human else None,
        promotion=places["promotion", standing.entry],
        checkpoint=checkpoint,
    )


def _proven(log_uri: str, leaves: list[bytes], number: int) -> ProvenEntry:
    nodes = merkle.path(leaves, number - 1)
    return ProvenEntry(
        number=number, envelope=envelope(log_uri, number).decode(), path=tuple(text_of(node) for node in nodes)
    )


def _said(proof: Proof, trusted: Keyring, *, where: str) -> Standings:
    """What a promoter signed."""
    statement, signers = verify(proof.standing.to_json(), trusted.keys, predicate_type=PREDICATE_TYPE, where=where)
    try:
        said = Standings.build(statement["predicate"], where=where)
    except (InputError, KeyError) as error:
        raise TrustError("signed, but not about what serves", where=where) from error
    at, number = said.checkpoint.at, said.checkpoint.entries
    refusals = [trusted.rules[one].refusal("promoter", signer=None, at=at, number=number) for one in signers]
    if None not in refusals:
        raise TrustError("; ".join(filter(None, refusals)), where=where)
    return said


def _check_age(checkpoint: Checkpoint, now: datetime, longest: timedelta, *, where: str) -> None:
    """Refuses a proof whose checkpoint is too old, or from the future."""
    age = now - checkpoint.at
    if age < -SKEW:
        what = f"the proof is dated {checkpoint.at:%Y-%m-%d %H:%M} UTC: one of the clocks is wrong"
        raise TrustError(what, where=where)
    if age > longest:
        hours, most = age / timedelta(hours=1), longest / timedelta(hours=1)
        what = f"the proof is {hours:.1f} hours old, more than {most:g}: what was withdrawn since, it does not show"
        raise TrustError(what, where=where, fix="make a new one with `biasgate log prove`")


def _entry(number: int, said: Standings, proof: Proof, trusted: Keyring, *, where: str) -> LogEntry:
    """One of the proof's entries, verified, and found in the tree of the checkpoint."""
    found = next((one for one in proof.entries if one.number == number), None)
    if found is None:
        raise TrustError(f"entry {number} is not in the proof", where=where)
    data, size = found.envelope.encode(), said.checkpoint.entries
    try:
        nodes = [bytes.fromhex(node.removeprefix("sha256:")) for node in found.path]
    except ValueError as error:
        raise TrustError(f"the path of entry {number} is no list of digests", where=where) from error
    root = merkle.root_by(nodes, data, index=number - 1, size=size)
    if root is None or text_of(root) != said.checkpoint.root:
        raise TrustError(f"entry {number} is not in the log of the checkpoint", where=where)
    entry = unseal(data, trusted, where=f"{where}, entry {number}")
    if entry.number != number:
        raise TrustError(f"entry {number} has another number", where=where)
    return entry


def _authority(said: Standings, proof: Proof, trusted: Keyring, *, where: str) -> tuple[Authority, tuple[str, ...]]:
    """What let the package serve, and the persons who signed for it."""
    entry = _entry(said.authority, said, proof, trusted, where=where)
    match entry.body:
        case DecisionBody() as decision:
            authority = of_decision(decision, entry=entry.number, sealed=None, departs=None)
        case BreakGlassBody() as glass:
            authority = of_glass(glass, entry=entry.number, sealed=None, at=entry.at)
        case _:
            raise TrustError(f"entry {entry.number} lets nothing serve", where=where)
    if not authority.may_serve or authority.subject != (said.name, said.digest):
        raise TrustError(f"entry {entry.number} does not let this package serve", where=where)
    if not authority.human:
        return authority, (authority.by,) if authority.by else ()
    answer = _entry(said.answer or 0, said, proof, trusted, where=where).body
    if not isinstance(answer, ApprovalBody) or answer.entry != entry.number or not answer.granted:
        raise TrustError(f"no person granted entry {entry.number}", where=where)
    return authority, (answer.approver,)


def _check_promotion(entry: LogEntry, said: Standings, authority: Authority, *, where: str) -> None:
    body = entry.body
    if not isinstance(body, PromotionBody) or body.status != "PROMOTED":
        raise TrustError(f"entry {entry.number} promotes nothing", where=where)
    if (body.entry, body.name, body.digest, body.version) != (
        authority.entry, said.name, said.digest, said.version,
    ):  # fmt: skip
        raise TrustError(f"entry {entry.number} promotes another version", where=where)
