"""The keyring: which public keys are trusted, for what, from when until when.

A folder of PEM files, with ``keys.yaml`` beside them saying what each key may sign. Without that file every key may do
the services' work, deciding and promoting, and none may speak for a person: to approve, to break the glass or to
declare a gate takes a key with an owner.

An entry signed by a known key that may not say it is void: it keeps its place in the chain and counts for nothing. So
a key that is stolen can neither decide nor stop the log. The end of a key is told in one of two ways:

- **retired**, or past its ``valid_until``: its owner destroyed it. Entries dated before the end stay what they are, but
  nothing new is carried out by them: a date before the end is easily written after it.
- **compromised**: a thief can date an entry as they like, but cannot put it into the chain's past. So the revocation
  names the last entry that is still believed, and what the key signed after it is void whatever its date.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import AwareDatetime, Field, model_validator

from biasgate.documents import Document
from biasgate.errors import InputError, TrustError
from biasgate.gate.trust.identity import account
from biasgate.gate.trust.keys import read_public_key
from biasgate.storage import store

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import PublicKey, SigningKey

Role = Literal["gate", "promoter", "approver", "breakglass", "owner"]
PERSONAL: frozenset[Role] = frozenset({"approver", "breakglass", "owner"})
FILE = "keys.yaml"
TRUSTED_VARIABLE = "BIASGATE_TRUSTED_KEYS"


class Revocation(Document):
    """The end of a key before its time.

    Attributes:
        at: When it ended.
        reason: Why.
        last_entry: Set when the key was compromised: number of the last entry in the log that is believed of it.
            Absent when the key was retired.
    """

    at: AwareDatetime
    reason: str = Field(min_length=1)
    last_entry: int | None = Field(default=None, ge=0)


class KeyRules(Document):
    """What one key may sign.

    Attributes:
        owner: The person or service that holds it; ``approver``, ``breakglass`` and ``owner`` sign as it alone.
        roles: ``gate`` decides, ``promoter`` promotes and rolls back, ``approver`` answers for a policy's person,
            ``breakglass`` lets a candidate serve without an approval, ``owner`` declares a model's gate.
        valid_from: Entries dated before are void.
        valid_until: Entries dated then or later are void.
        revoked: Its end, if it has one.
    """

    owner: str = Field(min_length=1)
    roles: tuple[Role, ...] = Field(min_length=1)
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    revoked: Revocation | None = None

    @model_validator(mode="after")
    def _services_are_no_persons(self) -> KeyRules:
        if 0 < len(PERSONAL & set(self.roles)) < len(set(self.roles)):
            raise ValueError("a person's key (approver, breakglass, owner) cannot be a service's (gate, promoter) too")
        return self

    def refusal(self, role: Role, *, signer: str | None, at: datetime, number: int | None) -> str | None:
        """Why an entry by this key is void; None when it counts.

        Args:
            role: What it takes to say it.
            signer: The person who says it, where it takes a person.
            at: The entry's date.
            number: The entry's number; None for one that is not in the log yet.
        """
        ended = self.revoked
        if ended and ended.last_entry is not None and (number is None or number > ended.last_entry):
            return f"the key of {self.owner} was compromised: {ended.reason}"
        if ended and ended.last_entry is None and at >= ended.at:
            return f"the key of {self.owner} was retired on {ended.at:%Y-%m-%d}: {ended.reason}"
        if role not in self.roles:
            return f"the key of {self.owner} has no role {role}"
        if signer is not None and account(signer) != account(self.owner):
            return f"the key of {self.owner} signed in the name of {signer}"
        if (self.valid_from and at < self.valid_from) or (self.valid_until and at >= self.valid_until):
            return f"the key of {self.owner} is not valid on {at:%Y-%m-%d}"
        return None


class Keys(Document):
    """The file ``keys.yaml``: rules by key id, the digest of the public key (DER)."""

    schema_: Literal["biasgate/keys/v1"] = Field(default="biasgate/keys/v1", alias="schema")
    keys: dict[str, KeyRules]


@dataclass(frozen=True)
class Keyring:
    """Trusted keys with their rules.

    Attributes:
        keys: The public keys.
        rules: By key id; every key has them.
    """

    keys: tuple[PublicKey, ...]
    rules: Mapping[str, KeyRules]

    def check(self, key: SigningKey, role: Role, *, signer: str | None = None) -> None:
        """Sees that what a key signs now would count, before anything is done in its name.

        Raises:
            TrustError: It would not.
        """
        rules = self.rules.get(key.public_key.keyid)
        if rules is None:
            fix = "put its public key into the folder of trusted keys"
            raise TrustError("the signing key is not trusted", where=key.public_key.keyid, fix=fix)
        if why := rules.refusal(role, signer=signer, at=datetime.now(UTC), number=None):
            raise TrustError(why, where=key.public_key.keyid, fix=f"sign with a valid {role} key")


def trusted_folder(folder: Path | None = None) -> Path:
    """The folder of public keys, by default the one that the environment names.

    Raises:
        InputError: None is named.
    """
    named = folder or os.environ.get(TRUSTED_VARIABLE)
    if not named:
        raise InputError("no trusted keys", fix=f"set {TRUSTED_VARIABLE} to a folder of public keys in PEM")
    return Path(named)


def trusted_keys(folder: Path | None = None) -> Keyring:
    """The public keys in a folder of PEM files, with their rules.

    Raises:
        InputError: There is no such folder, no key in it, a file that is no ECDSA P-256 public key, or ``keys.yaml``
            does not fit the keys.
    """
    named = trusted_folder(folder)
    keys: dict[Path, PublicKey] = {}
    for path in sorted(named.glob("*.pem")):
        try:
            keys[path] = read_public_key(path.read_bytes(), where=str(path))
        except OSError as error:
            raise InputError("not a public key in PEM", where=str(path), fix="remove the file") from error
    if not keys:
        raise InputError("no public key (*.pem) to trust", where=str(named), fix="put the gate's public key there")
    rules = read_rules(named, {key.keyid: path for path, key in keys.items()})
    return Keyring(keys=tuple(key for key in keys.values() if key.keyid in rules), rules=rules)


@contextmanager
def writing(folder: Path) -> Generator[None]:
    """One writer of a folder's rules at a time: who reads, changes and writes them holds the folder meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_rules(folder: Path, ids: Mapping[str, Path]) -> dict[str, KeyRules]:
    """The rules of every key in a folder; a key that ``keys.yaml`` does not name has none, and is not trusted.

    Args:
        folder: Holds the PEM files and, maybe, ``keys.yaml``.
        ids: The file of each key.

    Raises:
        InputError: ``keys.yaml`` is not valid, or names a key that is not there.
    """
    path = folder / FILE
    if not path.exists():
        return {one: KeyRules(owner=file.stem, roles=("gate", "promoter")) for one, file in ids.items()}
    rules = Keys.read(path).keys
    if lost := set(rules) - set(ids):
        fix = "put it back: entries that it signed cannot be read without it"
        raise InputError(f"no PEM file of the key {min(lost)}", where=str(path), fix=fix)
    return rules


def write_rules(folder: Path, rules: Mapping[str, KeyRules]) -> None:
    """Replaces ``keys.yaml`` in one step."""
    value = Keys(keys=dict(rules)).model_dump(mode="json", by_alias=True, exclude_none=True)
    store.write_bytes(str(folder / FILE), yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode())
