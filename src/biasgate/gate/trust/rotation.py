"""Keys come and go: a new one with its rules, the end of an old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from biasgate.errors import InputError
from biasgate.gate.trust.identity import check_name
from biasgate.gate.trust.keyring import FILE, KeyRules, Revocation, Role, trusted_keys, write_rules, writing
from biasgate.gate.trust.keys import generate_key, publish_key, read_public_key, read_signing_key


def new_key(folder: Path, *, trusted: Path, owner: str, roles: Sequence[Role], days: int | None = None) -> str:
    """Makes a key pair and says in ``keys.yaml`` what it may sign; the rules of other keys stay as they are.

    Args:
        folder: Gets the private key, ``signing-key.pem``.
        trusted: Gets the public key and its rules.
        owner: The person or service that holds it.
        roles: What it may sign.
        days: How long it is valid; without an end by default.

    Returns:
        The key's id.

    Raises:
        InputError: The folder has a key, the rules do not go together, or the owner's name can be mistaken for another.
    """
    rules = _rules(owner, roles, days)
    with writing(trusted):
        known = _known(trusted)
        file = generate_key(folder, trusted=trusted)
        new = read_signing_key(file.read_bytes(), where=str(file)).public_key.keyid
        write_rules(trusted, {**known, new: rules})
    return new


def admit_key(pem: bytes, *, trusted: Path, owner: str, roles: Sequence[Role], days: int | None = None) -> str:
    """Trusts a key whose private half lies elsewhere, as in a token or key service; see ``new_key``.

    Args:
        pem: The public key.
        trusted: Gets the public key and its rules.
        owner: The person or service that holds it.
        roles: What it may sign.
        days: How long it is valid; without an end by default.

    Returns:
        The key's id.

    Raises:
        InputError: It is no ECDSA P-256 key, it is trusted already, the rules do not go together, or the owner's name
            can be mistaken for another.
    """
    rules, key = _rules(owner, roles, days), read_public_key(pem, where="the public key")
    with writing(trusted):
        known = _known(trusted)
        if key.keyid in known:
            raise InputError("the key is trusted already", where=key.keyid, fix="see `biasgate keys list`")
        publish_key(key, trusted)
        write_rules(trusted, {**known, key.keyid: rules})
    return key.keyid


def _rules(owner: str, roles: Sequence[Role], days: int | None) -> KeyRules:
    check_name(owner, where="the key's owner")
    ends = datetime.now(UTC) + timedelta(days=days) if days else None
    return KeyRules.build({"owner": owner, "roles": tuple(roles), "valid_until": ends}, where=owner)


def _known(trusted: Path) -> Mapping[str, KeyRules]:
    """The rules that stand; written down, so that a new key is not trusted without rules should this end halfway."""
    known: Mapping[str, KeyRules] = trusted_keys(trusted).rules if any(trusted.glob("*.pem")) else {}
    if not (trusted / FILE).exists():
        write_rules(trusted, known)
    return known


def revoke_key(trusted: Path, start: str, *, reason: str, last_entry: int | None = None) -> str:
    """Ends a key now; its PEM file stays, since what it signed before must still be read.

    Args:
        trusted: The folder of public keys.
        start: The first characters of its id, enough to know it.
        reason: Why.
        last_entry: For a compromised key: number of the last entry that is believed of it. Without it the key is
            retired.

    Returns:
        The key's id.

    Raises:
        InputError: No key, or more than one, starts like this; or it ended already, and is not found compromised now.
    """
    with writing(trusted):
        rules = dict(trusted_keys(trusted).rules)
        key = _only(start, rules)
        if rules[key].revoked and last_entry is None:
            raise InputError("the key is revoked already", where=key)
        end = Revocation(at=datetime.now(UTC), reason=reason, last_entry=last_entry)
        write_rules(trusted, {**rules, key: rules[key].model_copy(update={"revoked": end})})
    return key


def _only(start: str, rules: Mapping[str, KeyRules]) -> str:
    """The one key whose id starts like this."""
    found = [one for one in rules if one.removeprefix("sha256:").startswith(start.removeprefix("sha256:"))]
    if len(found) != 1:
        raise InputError(f"{len(found)} keys start like this", where=start, fix="see `biasgate keys list`")
    return found[0]
