"""Both pipelines run on this machine with KFP's local runner: real digits, a real registry, one small world."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from biasgate.detection.zoo.spec import Counts, read_spec
from biasgate.errors import BiasgateError
from biasgate.gate.ledger.entry import DecisionBody, LookBody
from biasgate.gate.ledger.log import read_log
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.kubeflow.demo.candidate import NAME, submit_biased_candidate
from biasgate.kubeflow.demo.folder import declare_gate, prepare
from biasgate.kubeflow.demo.run import META_CLASSIFIER, promote_approved
from biasgate.kubeflow.local import run_locally

pytestmark = pytest.mark.slow

SMALL = {"counts": Counts(train=40, validation=20, test=20)}
FEW_STEPS = {"steps": (60,), "samples": (300, 300)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty registry, log and key, and a meta-classifier trained by the pipeline on a small zoo."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "BIASGATE_SIGNING_KEY_FILE", "BIASGATE_TRUSTED_KEYS", "BIASGATE_LOG"):
            patch.setenv(name, "")
        prepare(folder)
        spec = read_spec("digits_demo")
        small = spec.model_copy(update={**SMALL, "recipe": spec.recipe.model_copy(update=FEW_STEPS)})
        arguments = {"spec": small.model_dump_json(by_alias=True, indent=1), "root": str(folder / "zoo"), "shards": 2}
        run_locally("meta_classifier", {**arguments, "name": META_CLASSIFIER}, folder=folder / "meta")
        yield folder


@pytest.fixture(scope="module")
def judged(world: Path) -> Path:
    """The world after a biased candidate went through the gate."""
    declare_gate(world, model=NAME, reader=META_CLASSIFIER)
    source = submit_biased_candidate(world)
    run_locally("gate", {"candidate": source}, folder=world / "gate")
    return world


def test_the_meta_classifier_is_registered_with_its_honest_scores(world: Path) -> None:
    client = MlflowClient()
    (version,) = client.search_model_versions(f"name = '{META_CLASSIFIER}'")
    assert version.run_id is not None
    run = client.get_run(version.run_id)
    assert 0 <= run.data.metrics["levels"] <= 1
    assert run.data.metrics["rmse"] > 0
    assert "outcome" in run.data.params


def test_every_task_is_a_run_nested_under_its_pipeline(judged: Path) -> None:
    client = MlflowClient()
    experiment = client.get_experiment_by_name("biasgate")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    parents = {run.data.tags["biasgate.pipeline"]: run for run in runs if "biasgate.pipeline" in run.data.tags}
    assert {run.info.status for run in parents.values()} == {"FINISHED"}
    for pipeline, task in (("meta_classifier", "train_zoo_shard"), ("gate", "decide_candidate")):
        children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parents[pipeline].info.run_id]
        assert sum(child.data.tags["biasgate.component"] == task for child in children) == 2


def test_the_biased_candidate_is_rejected_for_its_gap_then_repaired_and_decided_again(judged: Path) -> None:
    entries = [entry.body for entry in read_log(str(judged / "log"), trusted_keys())]
    first, second = (body for body in entries if isinstance(body, DecisionBody))
    assert first.decision.verdict == "REJECTED"
    assert first.decision.repairable
    assert {result.rule for result in first.decision.rules if result.outcome == "fail"} >= {"colour_gap"}
    assert second.evidence.repair is not None
    assert second.evidence.evaluation is not None
    assert second.evidence.evaluation.before == first.evidence.candidate.digest
    assert not second.decision.repairable, "a candidate is repaired at most once"
    assert sum(isinstance(body, LookBody) for body in entries) == second.evidence.looks == 2


def test_the_alias_moves_only_for_an_approved_candidate(judged: Path) -> None:
    entries = read_log(str(judged / "log"), trusted_keys())
    last = [entry.body for entry in entries if isinstance(entry.body, DecisionBody)][-1]
    done = promote_approved(judged)
    expected = last.decision.verdict == "APPROVED"
    assert any(promotion.status == "PROMOTED" for promotion in done) == expected
    assert any(promotion.status == "PENDING" for promotion in done) == (expected and last.decision.human)
    registered = {model.name: model.aliases for model in MlflowClient().search_registered_models()}
    assert ("champion" in registered.get(NAME, {})) == expected
    assert not registered[f"{NAME}-candidates"], "submissions never carry an alias"


def test_a_failing_task_ends_in_one_line_with_the_documented_exit_code(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIASGATE_LOG", str(tmp_path / "log"))
    with pytest.raises(BiasgateError, match="fetch_candidate failed") as raised:
        run_locally("gate", {"candidate": "models:/nothing-candidates/1"}, folder=tmp_path / "gate")
    assert raised.value.exit_code == 3
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "log").exists(), "nothing is logged of a candidate that does not exist"
    events = [json.loads(line) for line in (tmp_path / "gate" / "events.jsonl").read_text().splitlines()]
    assert {event["task"] for event in events} == {"fetch_candidate"}
