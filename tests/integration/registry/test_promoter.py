from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biasgate.errors import ServiceError, TrustError
from biasgate.gate.ledger.log import read_log
from biasgate.models.submission import import_candidate
from biasgate.registry.client import connect
from biasgate.registry.models import aliases, fetch, register_folder, set_alias, submit_candidate
from biasgate.registry.verify import verify_model

ON_SQLITE = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


def versions(name: str) -> list[str]:
    return sorted(str(version.version) for version in connect().search_model_versions(f"name = '{name}'"))


def serving(name: str) -> str | None:
    return aliases(connect(), name).get("champion")


def test_an_approval_serves_as_a_clean_version_with_the_decided_digest(submit, gate, name, tmp_path):
    submitted, _ = submit()
    (outcome,) = gate.promote()
    assert (outcome.status, outcome.version) == ("PROMOTED", "1")
    folder, _ = fetch(f"models:/{name}@champion", tmp_path / "served")
    assert import_candidate(folder, tmp_path / "opened").digest == submitted.digest
    assert connect().get_model_version(name, "1").tags["biasgate.entry"] == "3"


def test_promoted_files_lie_in_an_experiment_apart_from_submissions(submit, gate, name):
    _, source = submit()
    gate.promote()
    client = connect()

    def experiment(model: str, number: str) -> str:
        version = client.get_model_version(model, number)
        assert version.run_id is not None
        run = client.get_run(version.run_id)
        return client.get_experiment(run.info.experiment_id).name

    assert experiment(name, "1") == "biasgate-promotions"
    assert experiment(f"{name}-candidates", source.rsplit("/", 1)[-1]) == "biasgate"


def test_promoting_twice_makes_one_version(submit, gate, name):
    submit()
    gate.promote()
    assert gate.promote() == []
    assert (versions(name), serving(name)) == (["1"], "1")


def test_an_approval_of_the_bytes_that_serve_renews_their_version_and_registers_nothing(submit, gate, name):
    submitted, source = submit(at=datetime.now(UTC) - timedelta(days=10))
    gate.promote()
    newer = gate.decide(submitted, source)
    (outcome,) = gate.promote()
    assert (outcome.status, outcome.version, versions(name), serving(name)) == ("PROMOTED", "1", ["1"], "1")
    verified = verify_model(str(submitted.path), log=gate.log, trusted=gate.trusted, model=name)
    assert (verified.entry, verified.expires) == (newer.number, newer.body.expires)
    assert gate.promote() == []


def test_bytes_whose_version_is_gone_from_the_registry_are_registered_again(submit, gate, name, capsys):
    submitted, source = submit()
    gate.promote()
    gate.decide(submitted, source)
    connect().delete_registered_model_alias(name, "champion")
    connect().delete_model_version(name, "1")
    (outcome,) = gate.promote()
    assert (outcome.status, outcome.version, serving(name)) == ("PROMOTED", "2", "2")


def test_a_rejection_is_never_promoted(submit, gate, name):
    submit(accuracy=0.5)
    assert gate.promote() == []
    assert versions(name) == []


def test_a_tampered_log_promotes_nothing(submit, gate, name):
    submit(1.0)
    submit(2.0)
    entry = Path(gate.log, "entries", "000000000003.json")
    entry.write_bytes(entry.read_bytes().replace(b'"sig":"ME', b'"sig":"MF'))
    with pytest.raises(TrustError, match="000000000003"):
        gate.promote()
    assert (versions(name), serving(name)) == ([], None)


def test_a_signed_lie_about_the_verdict_fails_loudly_and_holds_up_nobody(submit, gate, name, capsys):
    submit(1.0, accuracy=0.5, verdict="APPROVED")
    submit(2.0)
    lie, honest = gate.promote()
    assert (lie.status, honest.status) == ("FAILED", "PROMOTED")
    assert "deciding again gives REJECTED" in lie.reason
    assert versions(name) == ["1"]
    (alert,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert (alert["kind"], alert["entry"], alert["candidate"]) == ("not_promoted", 3, lie.digest)


def test_of_two_approvals_against_the_same_champion_one_wins_and_one_is_stale(submit, gate, name):
    submit(1.0)
    submit(2.0)
    won, stale = gate.promote()
    assert (won.status, stale.status) == ("PROMOTED", "STALE")
    assert "but version 1 serves" in stale.reason
    assert (versions(name), serving(name)) == (["1"], "1")


def test_the_next_candidate_replaces_the_champion_that_it_was_compared_with(submit, gate, name):
    submit(1.0)
    gate.promote()
    submit(2.0)
    (outcome,) = gate.promote()
    assert outcome.replaced.version == "1"
    assert (versions(name), serving(name)) == (["1", "2"], "2")


def test_an_approval_that_a_person_must_sign_waits_and_says_so_once(submit, gate, name):
    submit(flagged=True)
    (outcome,) = gate.promote()
    assert outcome.status == "PENDING"
    assert gate.promote() == []
    assert versions(name) == []


def test_an_expired_approval_is_stale(submit, gate, name):
    submit(at=datetime.now(UTC) - timedelta(days=31))
    (outcome,) = gate.promote()
    assert (outcome.status, serving(name)) == ("STALE", None)
    assert "expired" in outcome.reason


def test_a_submission_that_changed_after_its_decision_fails(tracking, package, name, gate):
    submit_candidate(package(2.0), name=name)
    gate.decide(package(1.0), f"models:/{name}-candidates/1")
    (outcome,) = gate.promote()
    assert (outcome.status, versions(name)) == ("FAILED", [])
    assert "changed after it was decided" in outcome.reason


def test_a_candidate_is_not_promoted_into_another_model(tracking, package, name, gate):
    intruder = package(card_name=f"{name}-other")
    source = submit_candidate(intruder, name=name)
    gate.decide(intruder, source)
    (outcome,) = gate.promote()
    assert (outcome.status, versions(f"{name}-other")) == ("FAILED", [])


def test_an_alias_that_somebody_moved_goes_back_to_what_the_log_says(submit, gate, name, tmp_path):
    submit()
    gate.promote()
    (tmp_path / "evil").mkdir()
    register_folder(tmp_path / "evil", name=name, flavour="unknown")
    set_alias(name, "champion", "2")
    gate.promote()
    assert serving(name) == "1"


def test_promoters_that_race_agree_on_one_champion(submit, gate, name):
    submit(1.0)
    submit(2.0)
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(gate.promote) for _ in range(3)]:
            future.result()
    history = gate.history()
    assert sorted(history.statuses.values()) == ["PROMOTED", "STALE"]
    assert serving(name) == history.champions[name].version


def test_an_unreachable_registry_writes_nothing_and_can_be_tried_again(submit, gate, name, unused_port):
    submit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{unused_port}")
        with pytest.raises(ServiceError):
            gate.promote()
    assert len(read_log(gate.log, gate.trusted)) == 3
    gate.promote()
    assert serving(name) == "1"


def test_a_log_in_s3_promotes_the_same(s3, tracking, package, name, gate):
    remote = replace(gate, log=f"s3://{s3.bucket}/logs/{name}")
    submitted = package()
    remote.decide(submitted, submit_candidate(submitted, name=name))
    assert [outcome.status for outcome in remote.promote()] == ["PROMOTED"]
    assert serving(name) == "1"


@ON_SQLITE
def test_looks_are_counted_from_the_log_whatever_the_evidence_says(submit, package, gate, registry, capsys):
    gate.declare(registry.name, policy=gate.rules.replace("looks: 99", "looks: 2"))
    submit()
    for weight in (2.0, 3.0):
        gate.look(package(weight))
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]  # its look was the first of three
    late = package(4.0)
    entry = gate.decide(late, submit_candidate(late, name=registry.name))
    assert (entry.body.evidence.looks, entry.body.decision.verdict) == (1, "APPROVED")
    (outcome,) = gate.promote()
    assert outcome.status == "FAILED"
    assert "looked at 4 times; the policy allows 2" in outcome.reason


@ON_SQLITE
def test_an_approval_without_a_look_before_it_is_not_carried_out(submit, package, gate, registry, capsys):
    unseen = package()
    gate.decide(unseen, submit_candidate(unseen, name=registry.name), looked=False)
    gate.look(unseen)
    (outcome,) = gate.promote()
    assert (outcome.status, registry.champion) == ("FAILED", None)
    assert "no look of this candidate at the test split precedes it" in outcome.reason
