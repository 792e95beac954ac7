"""What a platform team tries after an install, on the real thing: docs/how-to/kubeflow.md is the install."""

import time

import pytest
from real_cluster import biasgate, kubectl, promotions, verdicts
from small_audit import small_spec

from biasgate.kubeflow.recurring import reconcile_schedules
from biasgate.kubeflow.schedules import Schedules

pytestmark = [pytest.mark.slow, pytest.mark.cluster]
SCHEDULES = """\
schema: biasgate/kfp-schedules/v1
account: biasgate-runner
schedules:
  - {name: nightly, pipeline: sweep, cron: "0 30 1 * * *", arguments: {name: digits}}
"""


def test_the_install_is_sound(doctor):
    assert [one for one in doctor["findings"] if one["state"] == "wrong"] == []
    assert {"services", "mlflow", "log"} <= {one["check"] for one in doctor["findings"]}


def test_a_fair_candidate_is_approved_and_promoted_and_verifies(site, candidate, tmp_path):
    source = candidate(conflicting=0.9, seed=1)
    assert site.run("gate", candidate=source)["state"] == "SUCCEEDED"
    assert verdicts(source) == ["APPROVED"]
    site.promote()
    assert "PROMOTED" in promotions()
    biasgate("fetch", "models:/digits@champion", "--into", str(tmp_path / "champion"))


def test_an_unfair_candidate_is_rejected(site, candidate):
    source = candidate(conflicting=0.01, seed=2)
    site.run("gate", candidate=source)
    assert verdicts(source)[:1] == ["REJECTED"]


def test_a_sweep_judges_the_submissions_that_are_open(site, candidate):
    source = candidate(conflicting=0.9, seed=3)
    assert site.run("sweep", name="digits")["state"] == "SUCCEEDED"
    assert len(verdicts(source)) == 1


def test_a_meta_classifier_is_trained_in_shards(site):
    root = "s3://biasgate/zoo/trial"
    assert site.run("meta_classifier", spec="digits_demo", root=root, shards="2")["state"] == "SUCCEEDED"


def test_an_audit_ends_with_effects(site):
    run = site.run("architecture_audit", spec=small_spec(), root="s3://biasgate/audits/trial", shards="2")
    assert run["state"] == "SUCCEEDED"


def test_a_schedule_is_made_once_and_disabled_when_it_leaves_the_file(site):
    wanted = Schedules.parse(SCHEDULES, where="schedules")
    assert [step.action for step in reconcile_schedules(wanted, cluster=site.cluster)] == ["create"]
    assert reconcile_schedules(wanted, cluster=site.cluster) == []
    none = Schedules.parse(SCHEDULES.partition("schedules:\n")[0] + "schedules: []\n", where="schedules")
    assert [step.action for step in reconcile_schedules(none, cluster=site.cluster)] == ["disable"]


def test_a_pod_that_is_deleted_in_training_is_made_again(site):
    run = site.start("meta_classifier", spec="digits_demo", root="s3://biasgate/zoo/killed", shards="2")
    label = f"pipeline/runid={run}"
    for _ in range(120):
        listed = kubectl(
            "-n", site.runs, "get", "pods", "-l", label, "--field-selector=status.phase=Running", "-o", "name"
        )
        if shard := [name for name in listed.split() if "container-impl" in name or "executor" in name]:
            break
        time.sleep(2)
    kubectl("-n", site.runs, "delete", shard[-1], "--wait=false")
    assert site.end_of(run)["state"] == "SUCCEEDED"


def test_a_minute_without_mlflow_is_borne(site, candidate):
    run = site.start("gate", candidate=candidate(conflicting=0.9, seed=4))
    time.sleep(30)
    kubectl("-n", "biasgate", "scale", "deployment/mlflow", "--replicas=0")
    time.sleep(45)
    kubectl("-n", "biasgate", "scale", "deployment/mlflow", "--replicas=1")
    assert site.end_of(run)["state"] == "SUCCEEDED"


def test_a_candidate_that_is_not_there_fails_the_run_with_a_sentence(site, declared):
    run = site.run("gate", candidate="models:/digits-candidates/999999")
    assert run["state"] == "FAILED"
    assert any("999999" in (task["error"] or "") for task in run["tasks"])


def test_a_secret_that_is_missing_is_said_by_the_doctor(site, request):
    kept = kubectl("-n", site.runs, "get", "secret", "biasgate-signing-key", "-o", "yaml")
    kubectl("-n", site.runs, "delete", "secret", "biasgate-signing-key")
    try:
        found = request.getfixturevalue("doctor")["findings"]
    finally:
        kubectl("apply", "-f", "-", stdin=kept)
    assert [one["where"] for one in found if one["check"] == "secrets" and one["state"] == "wrong"] == [
        f"Secret {site.runs}/biasgate-signing-key"
    ]


def test_a_policy_with_a_slip_is_refused_before_anything_runs(site, tmp_path):
    gate = tmp_path / "gate.yaml"
    gate.write_text("schema: biasgate/gate/v1\nmodel: digits\npolicy: digits_dmeo\ntest: builtin:digits\n")
    refused = biasgate("gate", "declare", str(gate), check=False)
    assert refused.returncode == 3
    assert "digits_dmeo" in refused.stderr
