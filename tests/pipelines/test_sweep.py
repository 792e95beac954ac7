"""A sweep finds the submissions that nobody judged and takes each through the gate, on a real registry."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from biasgate.errors import BiasgateError, InputError
from biasgate.gate.ledger.log import read_history
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.kubeflow.demo.folder import prepare
from biasgate.kubeflow.local import run_locally
from biasgate.kubeflow.steps.sweep import list_candidates
from biasgate.registry.client import connect
from biasgate.registry.tracking import EXPERIMENT, experiment_id

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty log, and a registry with three submissions that no gate can read."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "BIASGATE_SIGNING_KEY_FILE", "BIASGATE_TRUSTED_KEYS", "BIASGATE_LOG"):
            patch.setenv(name, "")
        prepare(folder)
        client = connect()
        client.create_registered_model("digits-candidates")
        for _ in range(3):
            run = client.create_run(experiment_id(client, EXPERIMENT))
            client.log_text(run.info.run_id, "no model", "model/readme.txt")
            client.create_model_version("digits-candidates", f"{run.info.artifact_uri}/model", run.info.run_id)
        yield folder


def test_undecided_submissions_are_listed_oldest_first_up_to_the_limit_and_the_rest_comes_next(world):
    first, second, third = (f"models:/digits-candidates/{version}" for version in (1, 2, 3))
    assert list_candidates(name="digits", which="undecided", limit=2) == [first, second]
    assert list_candidates(name="digits", which="undecided", limit=2) == [third, first]


def test_a_model_without_submissions_or_champion_has_nothing_to_judge(world):
    assert list_candidates(name="letters", which="undecided", limit=9) == []
    assert list_candidates(name="digits", which="champion", limit=9) == []


def test_another_choice_is_refused(world):
    with pytest.raises(InputError, match="use undecided or champion"):
        list_candidates(name="digits", which="all", limit=9)


def test_a_sweep_that_finds_nothing_ends_well(world, tmp_path):
    run_locally("sweep", {"name": "digits", "which": "champion"}, folder=tmp_path)


def test_each_submission_gets_a_gate_of_its_own_and_one_that_fails_is_given_up_with_its_reason(world, tmp_path):
    with pytest.raises(BiasgateError, match="fetch_candidate failed"):
        run_locally("sweep", {"name": "digits", "limit": 2}, folder=tmp_path)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["task"] for event in events if event["state"] == "failed"] == ["fetch_candidate"] * 2
    assert len(list_candidates(name="digits", which="undecided", limit=9)) == 3
    assert list_candidates(name="digits", which="undecided", limit=9) == []
    told = read_history(os.environ["BIASGATE_LOG"], trusted_keys()).given_up
    assert sorted(told) == [f"models:/digits-candidates/{version}" for version in (1, 2, 3)]
    assert any(why.startswith("fetch_candidate: ") for why in told.values())
