"""A small audit runs here with KFP's local runner: faces drawn, models trained in shards, effects estimated."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from small_audit import small_spec

from biasgate.audit.result import AuditResult
from biasgate.kubeflow.demo.folder import prepare
from biasgate.kubeflow.local import run_locally

pytestmark = pytest.mark.slow


def test_a_small_audit_runs_from_its_spec_to_its_effects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "BIASGATE_SIGNING_KEY_FILE", "BIASGATE_TRUSTED_KEYS", "BIASGATE_LOG"):
        monkeypatch.setenv(name, "")
    prepare(tmp_path)
    arguments = {"spec": small_spec(), "root": str(tmp_path / "audits"), "shards": 2}
    run_locally("architecture_audit", arguments, folder=tmp_path / "run")
    (effects,) = (tmp_path / "run" / "tasks").glob("*/audit-architecture/effects")
    result = AuditResult.read(effects)
    assert [arm.name for arm in result.arms] == ["kernel 3", "kernel 7", "3 dilated to 7"]
    assert len(result.effects) == 2 * 2 * (1 + 3 + 3)
    (page,) = (tmp_path / "run" / "tasks").glob("*/audit-architecture/audit_report")
    assert "<h1>Architecture audit: kernel_faces</h1>" in page.read_text()
    client = MlflowClient()
    experiment = client.get_experiment_by_name("biasgate")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    components = [run.data.tags.get("biasgate.component") for run in runs]
    assert components.count("train_audit_shard") == 2
