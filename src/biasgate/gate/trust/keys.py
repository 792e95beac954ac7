"""Keys: ECDSA on P-256, private ones from the environment or a mounted file, never from an argument.

A key's id is the digest of its public half (DER), so that nobody can choose it.
"""

# pyright: reportPrivateImportUsage=false
# (securesystemslib.signer lists its public names without an __all__)

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, TypeAlias

from biasgate.documents import sha256
from biasgate.errors import InputError
from biasgate.gate.trust.external_key import KEY_URI_VARIABLE, external_key
from biasgate.storage import store
from biasgate.storage.local import PARTIAL

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from securesystemslib.signer import Signer

    SigningKey: TypeAlias = Signer

KEY_VARIABLE = "BIASGATE_SIGNING_KEY"
KEY_FILE_VARIABLE = "BIASGATE_SIGNING_KEY_FILE"
KEY_PUBLIC_VARIABLE = "BIASGATE_SIGNING_KEY_PUBLIC"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, ready to check signatures.

    Attributes:
        keyid: Digest of its DER form.
        ecdsa: The key on P-256.
    """

    keyid: str
    ecdsa: EllipticCurvePublicKey

    def made(self, signature: bytes, data: bytes) -> bool:
        """Whether this key's private half made a signature over data."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self.ecdsa.verify(signature, data, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


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
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = generate_private_key(SECP256R1())
    public = private.public_key()
    path, trusted = folder / "signing-key.pem", trusted or folder / "trusted"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trusted.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix=PARTIAL) as draft:  # only its owner may read it
            draft.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            draft.flush()
            os.fsync(draft.fileno())
            os.link(draft.name, path)
    except OSError as error:
        what = error.strerror or "not writable"
        raise InputError(what.lower(), where=str(path), fix="choose a new folder for the key") from error
    publish_key(PublicKey(keyid=_key_id(public), ecdsa=public), trusted)
    return path


def publish_key(key: PublicKey, trusted: Path) -> None:
    """Puts a public key into a folder of them, as ``<id>.pem``."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    name = key.keyid.removeprefix("sha256:")[:16]
    pem = key.ecdsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    store.write_bytes(str(trusted / f"{name}.pem"), pem)


def has_signing_key() -> bool:
    """Whether the environment names a private key."""
    return any(os.environ.get(name) for name in (KEY_URI_VARIABLE, KEY_VARIABLE, KEY_FILE_VARIABLE))


def signing_key() -> SigningKey:
    """The private key from the environment: itself, in a file, or one that stays in a token or key service.

    Raises:
        InputError: There is none, or it is no ECDSA P-256 key.
    """
    if uri := os.environ.get(KEY_URI_VARIABLE):
        return _external_key(uri)
    if pem := os.environ.get(KEY_VARIABLE):
        return read_signing_key(pem.encode(), where=KEY_VARIABLE)
    if file := os.environ.get(KEY_FILE_VARIABLE):
        try:
            return read_signing_key(Path(file).read_bytes(), where=file)
        except OSError as error:
            raise InputError("the signing key cannot be read", where=file, fix="mount it readable") from error
    fix = f"set {KEY_VARIABLE} (PEM), {KEY_FILE_VARIABLE} (a path) or {KEY_URI_VARIABLE} (a token or key service)"
    raise InputError("no signing key", fix=fix)


def _external_key(uri: str) -> SigningKey:
    """A key that stays in a token or key service; its public half comes from a file."""
    file = os.environ.get(KEY_PUBLIC_VARIABLE)
    if not file:
        fix = f"set {KEY_PUBLIC_VARIABLE} to a PEM file"
        raise InputError("no public key to the signer", where=KEY_URI_VARIABLE, fix=fix)
    try:
        public = read_public_key(Path(file).read_bytes(), where=file)
    except OSError as error:
        raise InputError("the public key cannot be read", where=file, fix="mount it readable") from error
    return external_key(uri, public.ecdsa, keyid=public.keyid)


def read_signing_key(pem: bytes, *, where: str) -> SigningKey:
    """A private key in PEM (PKCS #8), as a signer.

    Raises:
        InputError: It is no ECDSA P-256 key without a password.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner, SSlibKey

    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InputError("not a private key in PEM", where=where, fix="make one with `biasgate keys`") from error
    if not isinstance(private, EllipticCurvePrivateKey):
        raise InputError("not an ECDSA P-256 key", where=where, fix="make one with `biasgate keys`")
    keyid = _public(private.public_key(), where=where).keyid
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), keyid=keyid))


def read_public_key(pem: bytes, *, where: str) -> PublicKey:
    """A public key in PEM.

    Raises:
        InputError: It is no ECDSA P-256 key.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        return _public(load_pem_public_key(pem), where=where)
    except ValueError as error:
        raise InputError("not a public key in PEM", where=where, fix="remove the file") from error


def _public(public: PublicKeyTypes, *, where: str) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
        raise InputError("not an ECDSA P-256 key", where=where, fix="make one with `biasgate keys`")
    return PublicKey(keyid=_key_id(public), ecdsa=public)


def _key_id(public: PublicKeyTypes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
