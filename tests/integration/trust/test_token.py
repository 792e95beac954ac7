"""Keys in a hardware token, with SoftHSM in its place."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from biasgate.errors import InputError, ServiceError
from biasgate.gate.ledger.entry import LookBody
from biasgate.gate.ledger.log import append, read_log
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import generate_key, signing_key

LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
LOOK = LookBody(data="sha256:gate", name="digits", digest="sha256:1")
PIN = "4711"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token with a key on P-256; gives the public key's file."""
    library = next((one for one in LIBRARIES if Path(one).exists()), None)
    if library is None or not shutil.which("softhsm2-util"):
        pytest.fail("SoftHSM is not installed: on Debian, `apt-get install softhsm2`", pytrace=False)
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    os.environ["PYKCS11LIB"] = library
    slot = ["--init-token", "--free", "--label", "gate", "--so-pin", "0815", "--pin", PIN]
    subprocess.run(["softhsm2-util", *slot], check=True, capture_output=True)
    (folder / "public.pem").write_bytes(_make_key(library))
    return folder / "public.pem"


def _make_key(library: str) -> bytes:
    """Makes a key in the token; gives its public half in PEM."""
    import pkcs11
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

    curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    with pkcs11.lib(library).get_token(token_label="gate").open(user_pin=PIN, rw=True) as session:
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        public, _ = parameters.generate_keypair(store=True, id=b"\x02", label="gate")
        return load_der_public_key(encode_ec_public_key(public)).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )


@pytest.fixture
def environment(token, monkeypatch):
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_URI", "hsm:2?label=gate")
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_PUBLIC", str(token))
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_PIN", PIN)
    return monkeypatch


def test_a_key_in_a_token_signs_the_log_as_any_other(environment, token, biasgate, tmp_path):
    trusted = tmp_path / "trusted"
    options = ("--owner", "gate", "--role", "gate", "--trusted", trusted)
    assert biasgate("keys", "trust", token, *options).code == 0
    key = signing_key()
    trusted_keys(trusted).check(key, "gate")
    for _ in range(3):
        append(str(tmp_path / "log"), LOOK, key=key)
    assert [entry.body.kind for entry in read_log(str(tmp_path / "log"), trusted_keys(trusted))] == ["look"] * 3
    assert biasgate("keys", "trust", token, *options).code == 3


def test_a_wrong_pin_signs_nothing(environment, tmp_path):
    environment.setenv("BIASGATE_SIGNING_KEY_PIN", "1234")
    with pytest.raises(ServiceError, match="did not sign"):
        append(str(tmp_path / "log"), LOOK, key=signing_key())
    environment.delenv("BIASGATE_SIGNING_KEY_PIN")
    with pytest.raises(InputError, match="asks for its pin"):
        append(str(tmp_path / "log"), LOOK, key=signing_key())
    assert not (tmp_path / "log").exists()


def test_a_signature_by_another_key_than_the_public_one_counts_for_nothing(environment, tmp_path):
    generate_key(tmp_path / "other")
    (other,) = (tmp_path / "other" / "trusted").iterdir()
    environment.setenv("BIASGATE_SIGNING_KEY_PUBLIC", str(other))
    with pytest.raises(ServiceError, match="did not sign"):
        append(str(tmp_path / "log"), LOOK, key=signing_key())


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("pgp:1", "no signer for 'pgp'"),
        ("hsm:x?label=gate", "no key there"),
        ("file2:/etc/key", "no signer for 'file2'"),
    ],
)
def test_what_is_no_key_is_said_in_a_sentence(environment, uri, why):
    environment.setenv("BIASGATE_SIGNING_KEY_URI", uri)
    with pytest.raises(InputError, match=why):
        signing_key()
