"""Schedules are brought to what a file says with the real client, over HTTP, against a fake of the API."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import InputError, ServiceError
from biasgate.kubeflow.arguments import typed_arguments
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.recurring import MARK, reconcile_schedules
from biasgate.kubeflow.schedules import Schedules

READY = Path(__file__).parents[2] / "manifests" / "schedules.yaml"
ONE = {
    "name": "refresh",
    "pipeline": "meta_classifier",
    "cron": "0 0 5 * * 6",
    "arguments": {"spec": "digits_demo", "root": "s3://biasgate/zoo"},
}
TWO = {**ONE, "name": "other", "cron": "0 0 6 * * 6"}


def schedules(*wanted: dict) -> Schedules:
    return Schedules.build({"schema": "biasgate/kfp-schedules/v1", "schedules": wanted}, where="test")


@pytest.fixture
def cluster(kubeflow) -> Cluster:
    return Cluster(endpoint=kubeflow.endpoint, namespace="biasgate-runs")


@pytest.fixture
def scheduled(kubeflow, cluster):
    """A server on which one schedule runs."""
    reconcile_schedules(schedules(ONE), cluster=cluster)
    kubeflow.calls.clear()
    return kubeflow


def actions(*wanted: dict, cluster: Cluster, dry_run: bool = False) -> list[tuple[str, str]]:
    return [
        (step.action, step.name) for step in reconcile_schedules(schedules(*wanted), cluster=cluster, dry_run=dry_run)
    ]


def test_a_new_schedule_becomes_a_recurring_run_of_an_uploaded_version(kubeflow, cluster):
    assert actions(ONE, cluster=cluster) == [("create", "refresh")]
    (made,) = kubeflow.recurring.values()
    (version,) = [v for v in kubeflow.versions.values() if v["pipeline_version_id"] in str(made)]
    assert re.fullmatch(r"meta-classifier-[0-9a-f]{8}", version["display_name"])
    assert made["trigger"]["cron_schedule"]["cron"] == "0 0 5 * * 6"
    assert (made["no_catchup"], made["max_concurrency"], made["mode"]) == (True, 1, "ENABLE")
    assert made["runtime_config"]["parameters"] == ONE["arguments"]
    assert (made["service_account"], made["description"]) == ("biasgate-runner", MARK)
    assert made["plugins_input"] == {"mlflow": {"disabled": True}}, "each run that it starts has MLflow from our secret"


def test_doing_it_again_changes_nothing(scheduled, cluster):
    assert actions(ONE, cluster=cluster) == []
    assert scheduled.calls == []


def test_many_schedules_are_read_page_by_page(kubeflow, cluster):
    many = [{**ONE, "name": f"refresh-{number}"} for number in range(5)]
    assert len(actions(*many, cluster=cluster)) == 5
    assert actions(*many, cluster=cluster) == []
    assert len(kubeflow.versions) == 1, "the one named for its content"


def test_a_changed_schedule_is_made_anew_before_the_old_one_goes(scheduled, cluster):
    (old,) = scheduled.recurring
    steps = reconcile_schedules(schedules({**ONE, "cron": "0 0 7 * * 6"}), cluster=cluster)
    assert [(step.action, step.changes) for step in steps] == [("update", (("cron", "0 0 5 * * 6", "0 0 7 * * 6"),))]
    assert scheduled.calls == ["POST /recurringruns", f"DELETE /recurringruns/{old}"]
    assert actions({**ONE, "cron": "0 0 7 * * 6"}, cluster=cluster) == []


def test_an_update_that_was_cut_short_is_ended_by_the_next(scheduled, cluster):
    (old,) = scheduled.recurring
    changed = {**ONE, "arguments": {**ONE["arguments"], "shards": 128}}
    scheduled.broken.add(f"DELETE /recurringruns/{old}")
    with pytest.raises(ServiceError):
        reconcile_schedules(schedules(changed), cluster=cluster)
    scheduled.broken.clear()
    assert actions(changed, cluster=cluster) == [("delete", "refresh")]
    assert old not in scheduled.recurring
    assert actions(changed, cluster=cluster) == []


def test_a_schedule_that_is_gone_is_disabled_once_and_enabled_when_it_comes_back(scheduled, cluster):
    assert actions(TWO, cluster=cluster) == [("create", "other"), ("disable", "refresh")]
    assert actions(TWO, cluster=cluster) == []
    assert actions(ONE, TWO, cluster=cluster) == [("enable", "refresh")]
    assert {run["status"] for run in scheduled.recurring.values()} == {"ENABLED"}


def test_a_version_that_somebody_deleted_is_uploaded_again(scheduled, cluster):
    scheduled.versions.clear()
    assert actions(ONE, cluster=cluster) == [("update", "refresh")]
    assert len(scheduled.versions) == 1


def test_recurring_runs_of_others_are_left_alone(scheduled, cluster):
    (ours,) = scheduled.recurring.values()
    scheduled.recurring["theirs"] = {**ours, "recurring_run_id": "theirs", "display_name": "theirs", "description": ""}
    assert actions(ONE, cluster=cluster) == []
    assert scheduled.recurring["theirs"]["status"] == "ENABLED"


def test_a_dry_run_shows_what_differs_and_touches_nothing(kubeflow, scheduled, cluster, tmp_path):
    file = tmp_path / "schedules.yaml"
    wanted = [{**ONE, "cron": "0 0 7 * * 6"}, TWO]
    file.write_text(json.dumps({"schema": "biasgate/kfp-schedules/v1", "schedules": wanted}))
    done = CliRunner().invoke(app, ["kfp", "schedule", str(file), "--dry-run", "--endpoint", kubeflow.endpoint])
    assert done.exit_code == 0, done.output
    assert "update refresh\n  - cron: 0 0 5 * * 6\n  + cron: 0 0 7 * * 6\ncreate other\n" in done.stdout
    assert scheduled.calls == []


def test_a_dry_run_on_an_empty_server_makes_not_even_an_experiment(kubeflow, cluster):
    assert actions(ONE, cluster=cluster, dry_run=True) == [("create", "refresh")]
    assert kubeflow.calls == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cron": "0 5 * * 6"}, "six fields"),
        ({"cron": "0 0 5 * * ; rm"}, "six fields"),
        ({"pipeline": "gates"}, "no pipeline 'gates'"),
        ({"arguments": {"spec": "digits_demo"}}, "'root' is missing"),
        ({"name": "Not A Name"}, "name"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused_before_anything_is_touched(kubeflow, cluster, change, message):
    with pytest.raises(InputError, match=message):
        reconcile_schedules(schedules(TWO, {**ONE, **change}), cluster=cluster)
    assert kubeflow.calls == []


def test_two_schedules_of_one_name_are_refused():
    with pytest.raises(InputError, match="different names"):
        schedules(ONE, ONE)


def test_the_ready_schedules_fit_their_pipelines():
    ready = Schedules.read(READY)
    assert {schedule.name for schedule in ready.schedules} == {"sweep-digits", "champion-digits", "meta-classifier"}
    for schedule in ready.schedules:
        typed_arguments(schedule.pipeline, schedule.arguments)


def test_each_refresh_of_the_meta_classifier_has_a_seed_of_its_own():
    (refresh,) = [schedule for schedule in Schedules.read(READY).schedules if schedule.pipeline == "meta_classifier"]
    macro = "[[ScheduledTime.20060102]]"
    weeks = [
        ZooSpec.parse(refresh.arguments["spec"].replace(macro, day), where=day) for day in ("20261128", "20261205")
    ]
    assert [spec.seed for spec in weeks] == [20261128, 20261205]
