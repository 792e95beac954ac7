from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from biasgate.errors import CandidateError, TrustError
from biasgate.gate.ledger.entry import PromotionBody
from biasgate.gate.ledger.log import append
from biasgate.gate.trust.keyring import trusted_keys, write_rules
from biasgate.gate.trust.rotation import revoke_key
from biasgate.registry import verify as room
from biasgate.registry.models import fetch, submit_candidate
from biasgate.registry.verify import verify_model

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


@pytest.fixture
def deployed(served_twice, registry, tmp_path) -> Path:
    """The champion's files, as a serving pod gets them."""
    return fetch(f"models:/{registry.name}@champion", tmp_path / "deployed")[0]


def test_the_champion_may_serve_and_says_why(deployed, gate, registry):
    found = verify_model(str(deployed), log=gate.log, trusted=gate.trusted)
    assert (found.name, found.version, found.allowed_by, found.entry) == (registry.name, "2", "decision", 6)
    assert found.uncovered == ("MLmodel",)
    assert found.reasons
    assert verify_model(f"models:/{registry.name}@champion", log=gate.log, trusted=gate.trusted) == found


@pytest.mark.parametrize("file", ["model.onnx", "card.json"])
def test_one_changed_byte_may_not_serve(deployed, gate, file):
    data = bytearray((deployed / file).read_bytes())
    data[len(data) // 2] ^= 1
    (deployed / file).write_bytes(data)
    with pytest.raises(TrustError, match="no entry of the log promoted"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)


@pytest.mark.parametrize("name", ["model.onnx.data", "handler.py", "weights.pkl"])
def test_a_file_that_is_no_part_of_a_package_may_not_serve_beside_it(deployed, gate, name):
    (deployed / name).write_bytes(b"x")
    with pytest.raises(CandidateError, match="no part of a candidate"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)


def test_bytes_behind_a_link_may_not_serve(deployed, gate, tmp_path):
    shutil.move(deployed / "model.onnx", tmp_path / "elsewhere.onnx")
    (deployed / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(CandidateError, match="not a regular file"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)


def test_an_approved_candidate_that_was_not_promoted_may_not_serve(submit, gate):
    submitted, _ = submit()
    with pytest.raises(TrustError, match="no entry of the log promoted"):
        verify_model(str(submitted.path), log=gate.log, trusted=gate.trusted)


def test_a_version_that_gave_way_may_serve_only_where_it_is_asked_for(served_twice, gate, registry):
    older = str(served_twice[0].path)
    with pytest.raises(TrustError, match=r"are version 1 of .*, but version 2 is the champion.*--version 1"):
        verify_model(older, log=gate.log, trusted=gate.trusted)
    assert verify_model(older, log=gate.log, trusted=gate.trusted, version="1").version == "1"
    with pytest.raises(TrustError, match="not version 2"):
        verify_model(older, log=gate.log, trusted=gate.trusted, version="2")


def test_bytes_that_were_promoted_twice_are_the_version_that_is_asked_for(submit, gate):
    submitted, source = submit()
    gate.promote()
    submit(2.0)
    gate.promote()
    gate.decide(submitted, source)
    gate.promote()
    for version, found in ((None, "3"), ("1", "1"), ("3", "3")):
        asked = verify_model(str(submitted.path), log=gate.log, trusted=gate.trusted, version=version)
        assert asked.version == found


def test_another_models_champion_may_not_serve_in_its_place(deployed, gate, registry):
    assert verify_model(str(deployed), log=gate.log, trusted=gate.trusted, model=registry.name)
    with pytest.raises(TrustError, match=f"version 2 of {registry.name}, not loans.*serve the champion of loans"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted, model="loans")


def test_a_champion_that_a_newer_decision_rejects_may_not_serve_and_is_rolled_back(
    deployed, served_twice, gate, registry, capsys
):
    gate.decide(served_twice[1], f"models:/{registry.name}-candidates/2", accuracy=0.3)
    with pytest.raises(TrustError, match="entry 8 rejects the same bytes"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)
    assert [alert.kind for alert in gate.reconcile(registry.name).alerts] == ["rejected"]
    gate.reconcile(registry.name, fix=True, revert=True)
    assert registry.champion == "1"


def test_the_word_of_a_promoter_that_checks_nothing_is_not_taken(package, gate, registry):
    """Whoever holds a promoter's key may write down what the evidence does not bear."""
    wrong = package(3.0)
    written = gate.decide(wrong, submit_candidate(wrong, name=registry.name), accuracy=0.5, verdict="APPROVED")
    promoted_by_hand(gate, wrong, written.number)
    assert gate.history().champions[registry.name].digest == wrong.digest
    with pytest.raises(TrustError, match="says APPROVED, but deciding again gives REJECTED"):
        verify_model(str(wrong.path), log=gate.log, trusted=gate.trusted)


def test_no_promotion_counts_of_a_decision_that_no_look_precedes(package, gate, registry):
    unseen = package(3.0)
    written = gate.decide(unseen, submit_candidate(unseen, name=registry.name), looked=False)
    gate.look(unseen)
    promoted_by_hand(gate, unseen, written.number)
    with pytest.raises(TrustError, match="no entry of the log promoted"):
        verify_model(str(unseen.path), log=gate.log, trusted=gate.trusted)


def promoted_by_hand(gate, package, entry: int) -> None:
    said = PromotionBody(
        entry=entry, status="PROMOTED", reason="-", name=package.card.name, digest=package.digest, version="1"
    )
    append(gate.log, said, key=gate.keys["promoter"])


def test_what_was_rolled_back_may_not_serve_and_what_it_gave_way_to_may(deployed, served_twice, gate, registry):
    gate.roll_back(registry.name, "1")
    with pytest.raises(TrustError, match="taken out of service: complaints"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)
    assert verify_model(str(served_twice[0].path), log=gate.log, trusted=gate.trusted).version == "1"


def test_an_expired_approval_may_not_serve(deployed, gate, monkeypatch):
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=31)

    monkeypatch.setattr(room, "datetime", Later)
    with pytest.raises(TrustError, match="expired on"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)


@pytest.mark.parametrize("owner", ["gate", "promoter"])
@pytest.mark.parametrize(("last_entry", "serves"), [(None, True), (7, True), (3, False)])
def test_a_retired_key_leaves_what_it_signed_and_a_compromised_one_takes_it_along(
    deployed, gate, tmp_path, owner, last_entry, serves
):
    revoke_key(tmp_path / "trusted", gate.keys[owner].public_key.keyid, reason="test", last_entry=last_entry)
    trusted = trusted_keys(tmp_path / "trusted")
    if serves:
        assert verify_model(str(deployed), log=gate.log, trusted=trusted).version == "2"
    else:
        with pytest.raises(TrustError, match="no entry of the log promoted"):
            verify_model(str(deployed), log=gate.log, trusted=trusted)


def test_a_key_that_lost_its_role_takes_along_what_it_signed(deployed, gate, tmp_path):
    rules = dict(gate.trusted.rules)
    promoter = gate.keys["promoter"].public_key.keyid
    rules[promoter] = rules[promoter].model_copy(update={"roles": ("gate",)})
    write_rules(tmp_path / "trusted", rules)
    with pytest.raises(TrustError, match="no entry of the log promoted"):
        verify_model(str(deployed), log=gate.log, trusted=trusted_keys(tmp_path / "trusted"))


def test_a_stranger_log_may_not_speak(deployed, gate, tmp_path):
    entry = Path(gate.log, "entries", "000000000003.json")
    entry.write_bytes(entry.read_bytes().replace(b'"sig":"ME', b'"sig":"MF'))
    with pytest.raises(TrustError, match="000000000003"):
        verify_model(str(deployed), log=gate.log, trusted=gate.trusted)


def run(*arguments: str, trusted: Path) -> subprocess.CompletedProcess[str]:
    """The command in a pod that has neither MLflow nor a network to ask."""
    code = (
        "import sys; sys.modules['mlflow'] = None; sys.modules['onnx'] = None; sys.argv[0] = 'biasgate'; "
        "from biasgate.cli import main; main()"
    )
    environment = {**os.environ, "BIASGATE_TRUSTED_KEYS": str(trusted)}
    return subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True)


def test_the_command_needs_no_mlflow_for_a_folder_and_ends_with_0_or_7(deployed, gate, registry, tmp_path):
    fine = run("verify", str(deployed), "--log", gate.log, trusted=tmp_path / "trusted")
    assert (fine.returncode, fine.stderr) == (0, "")
    assert f"{registry.name} version 2 may serve until" in fine.stdout
    gate.roll_back(registry.name, None)
    refused = run("verify", str(deployed), "--log", gate.log, trusted=tmp_path / "trusted")
    assert (refused.returncode, refused.stdout) == (7, "")
    assert "complaints" in refused.stderr


def test_a_pod_verifies_by_a_proof_without_the_log(deployed, gate, registry, biasgate, tmp_path, monkeypatch):
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(tmp_path / "promoter" / "signing-key.pem"))
    proof, head = tmp_path / "proof.json", tmp_path / "head.json"
    assert biasgate("log", "prove", gate.log, "--model", registry.name, "--into", proof).code == 0
    biasgate("log", "checkpoint", gate.log, "--keep", head, "--first")
    shutil.move(gate.log, tmp_path / "out of reach")
    verified = biasgate("verify", deployed, "--proof", proof, "--model", registry.name, "--checkpoint", head, "--json")
    found = json.loads(verified.out)
    assert (verified.code, found["version"], found["allowed_by"]) == (0, "2", "decision")
    assert "as of" in biasgate("verify", deployed, "--proof", proof, "--model", registry.name).out
    assert biasgate("verify", deployed, "--proof", proof, "--model", "another").code == 7
    assert biasgate("verify", deployed, "--proof", proof).code == 2
    (deployed / "card.json").write_bytes((deployed / "card.json").read_bytes() + b" ")
    assert biasgate("verify", deployed, "--proof", proof, "--model", registry.name).code == 7
