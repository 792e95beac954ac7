from __future__ import annotations

import base64
import json
import stat

import pytest

from biasgate.documents import canonical_json
from biasgate.errors import InputError, TrustError
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import generate_key, signing_key
from biasgate.gate.trust.sign import sign, verify

TYPE, SUBJECT = "urn:test:v1", ("digits", "sha256:" + "a" * 64)


@pytest.fixture
def envelope(key) -> bytes:
    return sign({"verdict": "APPROVED", "bound": 0.1}, predicate_type=TYPE, subject=SUBJECT, key=key)


def test_a_signed_statement_comes_back_with_its_subject(envelope, trusted):
    statement, signers = verify(envelope, trusted.keys, predicate_type=TYPE, where="test")
    assert signers == (trusted.keys[0].keyid,)
    assert statement["predicate"] == {"verdict": "APPROVED", "bound": 0.1}
    assert statement["subject"] == [{"name": "digits", "digest": {"sha256": "a" * 64}}]


def test_a_changed_payload_does_not_verify(envelope, trusted):
    outer = json.loads(envelope)
    payload = base64.b64decode(outer["payload"]).replace(b"APPROVED", b"REJECTED")
    outer["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(TrustError, match="no trusted key"):
        verify(canonical_json(outer), trusted.keys, predicate_type=TYPE, where="test")


def test_a_stranger_is_not_trusted_even_under_a_known_key_id(envelope, tmp_path, monkeypatch):
    monkeypatch.setenv("BIASGATE_SIGNING_KEY", generate_key(tmp_path / "stranger").read_text())
    forged = json.loads(sign({"verdict": "APPROVED"}, predicate_type=TYPE, subject=SUBJECT, key=signing_key()))
    forged["signatures"][0]["keyid"] = json.loads(envelope)["signatures"][0]["keyid"]
    known = trusted_keys(tmp_path / "keys" / "trusted")
    with pytest.raises(TrustError, match="no trusted key"):
        verify(canonical_json(forged), known.keys, predicate_type=TYPE, where="test")


def test_a_statement_of_another_type_is_not_accepted(envelope, trusted):
    with pytest.raises(TrustError, match="another type"):
        verify(envelope, trusted.keys, predicate_type="urn:test:v2", where="test")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{}", b'{"payload": 1}', b'{"payload":"","payloadType":"","signatures":[]}']
)
def test_bytes_that_are_no_envelope_are_a_broken_trust(data, trusted):
    with pytest.raises(TrustError):
        verify(data, trusted.keys, predicate_type=TYPE, where="test")


def test_the_private_key_is_for_its_owner_only_and_never_replaced(tmp_path):
    path = generate_key(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="exists"):
        generate_key(tmp_path)


def test_the_key_comes_from_the_environment_or_a_mounted_file(tmp_path, monkeypatch):
    path = generate_key(tmp_path)
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(path))
    from_file = signing_key()
    monkeypatch.setenv("BIASGATE_SIGNING_KEY", path.read_text())
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    (trusted,) = trusted_keys().keys
    assert from_file.public_key.keyid == signing_key().public_key.keyid == trusted.keyid


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_cannot_be_read_is_an_input_error_without_the_key(monkeypatch, pem):
    monkeypatch.setenv("BIASGATE_SIGNING_KEY", pem)
    with pytest.raises(InputError, match="not a private key") as caught:
        signing_key()
    assert pem not in str(caught.value)


def test_without_keys_nothing_is_signed_or_trusted(monkeypatch, tmp_path):
    for name in ("BIASGATE_SIGNING_KEY", "BIASGATE_SIGNING_KEY_FILE", "BIASGATE_TRUSTED_KEYS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="no signing key"):
        signing_key()
    with pytest.raises(InputError, match="no trusted keys"):
        trusted_keys()
    with pytest.raises(InputError, match="no public key"):
        trusted_keys(tmp_path)
