"""Signatures: DSSE envelopes over in-toto statements, ECDSA on P-256.

The private key comes from the environment or a mounted file, never from an argument; public keys that are trusted lie
as PEM files in a folder, with rules (``keyring``). A key's id is the digest of its public half (DER), so that nobody
can choose it.
"""

# pyright: reportPrivateImportUsage=false
# (securesystemslib.signer lists its public names without an __all__)

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from biasgate.documents import canonical_json, sha256
from biasgate.errors import InputError, TrustError
from biasgate.gate.keyring import Keyring, read_rules

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from securesystemslib.signer import CryptoSigner, SSlibKey

    SigningKey: TypeAlias = CryptoSigner
    PublicKey: TypeAlias = SSlibKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
KEY_VARIABLE = "BIASGATE_SIGNING_KEY"
KEY_FILE_VARIABLE = "BIASGATE_SIGNING_KEY_FILE"
TRUSTED_VARIABLE = "BIASGATE_TRUSTED_KEYS"


def generate_key(folder: Path, *, trusted: Path | None = None) -> Path:
    """Makes a key pair: ``signing-key.pem`` (only its owner may read it) and ``<id>.pem`` in a folder of public keys.

    Args:
        folder: Gets the private key.
        trusted: Gets the public one; ``trusted`` in ``folder`` by default.

    Returns:
        The private key's file.

    Raises:
        InputError: The folder already has a key.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private = generate_private_key(SECP256R1())
    public = private.public_key()
    path, trusted = folder / "signing-key.pem", trusted or folder / "trusted"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trusted.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        what = error.strerror or "not writable"
        raise InputError(what.lower(), where=str(path), fix="choose a new folder for the key") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    name = _key_id(public).removeprefix("sha256:")[:16]
    (trusted / f"{name}.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def signing_key() -> SigningKey:
    """The private key from the environment.

    Raises:
        InputError: There is none, or it is no ECDSA P-256 key.
    """
    if pem := os.environ.get(KEY_VARIABLE):
        return read_signing_key(pem.encode(), where=KEY_VARIABLE)
    if file := os.environ.get(KEY_FILE_VARIABLE):
        try:
            return read_signing_key(Path(file).read_bytes(), where=file)
        except OSError as error:
            raise InputError("the signing key cannot be read", where=file, fix="mount it readable") from error
    raise InputError("no signing key", fix=f"set {KEY_VARIABLE} (PEM) or {KEY_FILE_VARIABLE} (a path)")


def read_signing_key(pem: bytes, *, where: str) -> SigningKey:
    """A private key in PEM (PKCS #8), as a signer.

    Raises:
        InputError: It is no ECDSA P-256 key without a password.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InputError("not a private key in PEM", where=where, fix="make one with `biasgate keys`") from error
    if not isinstance(private, EllipticCurvePrivateKey):
        raise InputError("not an ECDSA P-256 key", where=where, fix="make one with `biasgate keys`")
    return CryptoSigner(private, _public(private.public_key(), where=where))


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
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    named = trusted_folder(folder)
    keys: dict[Path, PublicKey] = {}
    for path in sorted(named.glob("*.pem")):
        try:
            keys[path] = _public(load_pem_public_key(path.read_bytes()), where=str(path))
        except (OSError, ValueError) as error:
            raise InputError("not a public key in PEM", where=str(path), fix="remove the file") from error
    if not keys:
        raise InputError("no public key (*.pem) to trust", where=str(named), fix="put the gate's public key there")
    rules = read_rules(named, {key.keyid: path for path, key in keys.items()})
    return Keyring(keys=tuple(keys.values()), rules=rules)


def sign(predicate: Mapping[str, Any], *, predicate_type: str, subject: tuple[str, str], key: SigningKey) -> bytes:
    """A signed statement about a subject, as the bytes of its envelope.

    Args:
        predicate: What is said.
        predicate_type: URI of the predicate's schema.
        subject: Name and digest (``sha256:…``) of what it is said about.
        key: Who says it.
    """
    from google.protobuf.json_format import MessageToDict
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope

    name, digest = subject
    about = ResourceDescriptor(name=name, digest={"sha256": digest.removeprefix("sha256:")})
    statement = Statement([about.pb], predicate_type, dict(predicate))
    statement.validate()
    envelope = Envelope(canonical_json(MessageToDict(statement.pb)), PAYLOAD_TYPE, {})
    envelope.sign(key)
    return canonical_json(envelope.to_dict())


def verify(
    data: bytes, trusted: Sequence[PublicKey], *, predicate_type: str, where: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The statement in an envelope, once a trusted key's signature over it holds, and the ids of the keys that signed.

    Raises:
        TrustError: It is no envelope, no trusted key signed it, or it is a statement of another type.
    """
    from in_toto_attestation.v1.statement import STATEMENT_TYPE_URI
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError, VerificationError

    try:
        envelope = Envelope.from_dict(json.loads(data))
        signers = tuple(envelope.verify(list(trusted), threshold=1))
        statement = json.loads(envelope.payload)
        kinds = (envelope.payload_type, statement.get("_type"), statement.get("predicateType"))
    except VerificationError as error:
        fix = "find out who wrote it, or add the writer's public key to the trusted ones"
        raise TrustError("no trusted key signed this", where=where, fix=fix) from error
    except (FormatError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TrustError("not a signed statement", where=where, fix="restore it from a backup") from error
    if kinds != (PAYLOAD_TYPE, STATEMENT_TYPE_URI, predicate_type):
        raise TrustError("a signed statement of another type", where=where, fix="restore it from a backup")
    return cast("dict[str, Any]", statement), signers


def _public(public: PublicKeyTypes, *, where: str) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from securesystemslib.signer import SSlibKey

    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
        raise InputError("not an ECDSA P-256 key", where=where, fix="make one with `biasgate keys`")
    return SSlibKey.from_crypto(public, keyid=_key_id(public))


def _key_id(public: PublicKeyTypes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
