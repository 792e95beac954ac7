"""A run is asked after with the real client, over HTTP, against a fake that answers as Kubeflow 2.17 on Argo does."""

import json

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.control import cancel_run, retry_run
from biasgate.kubeflow.logs import run_logs
from biasgate.kubeflow.status import ENDED_SILENTLY, run_status
from biasgate.kubeflow.submit import submit

GATE = {"candidate": "models:/digits-candidates/1"}
FLOW = "gate-x7k2p"
SENTENCE = "no such model version [models:/digits-candidates/1]: check the name in MLflow"
LOG = f"I0000 launcher\nhello\nbiasgate: {SENTENCE}\nF0000 failed to execute component: exit status 3\n"


def node(number: int, name: str, state: str | None = "SUCCEEDED", *children: int, template: str = "dag") -> dict:
    """A node of the workflow, as Kubeflow answers it: it names itself by its pod and its children by their ids."""
    return {
        "task_id": f"task-{number}",
        "display_name": name,
        "pod_name": f"{FLOW}-{template}-{number}",
        "state": state,
        "start_time": f"2026-11-30T10:00:{number:02d}Z",
        "child_tasks": [{"pod_name": f"{FLOW}-{child}"} for child in children],
    }


def task(first: int, name: str, state: str, *, then: tuple[int, ...] = ()) -> list[dict]:
    """A driver with its attempt, the task around its executor, and the executor with its attempt."""
    driver, tried, around, executor, attempt = range(first, first + 5)
    return [
        node(driver, f"{name}-driver", "SUCCEEDED", tried),
        node(tried, f"{name}-driver(0)", "SUCCEEDED", around, template="system-container-driver"),
        node(around, name, state, executor),
        node(executor, "executor", state, attempt),
        node(attempt, "executor(0)", state, *then, template="system-container-impl"),
    ]


FAILED = [
    node(1, "root", "FAILED", 2),
    node(2, "root-driver", "SUCCEEDED", 10),
    *task(10, "fetch-candidate", "SUCCEEDED", then=(20,)),
    *task(20, "scan-weights", "FAILED", then=(30,)),
    node(30, "decide-candidate-driver", None),
    node(31, "decide-candidate", None),
]


@pytest.fixture
def cluster(kubeflow, tmp_path, monkeypatch) -> Cluster:
    """The fake is Kubernetes, too."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
        "clusters": [{"name": "fake", "cluster": {"server": kubeflow.endpoint}}],
        "users": [{"name": "me", "user": {}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return Cluster(endpoint=kubeflow.endpoint, namespace="biasgate-runs")


@pytest.fixture
def run(kubeflow, cluster) -> str:
    return submit("gate", GATE, cluster=cluster, account="biasgate-runner")


def become(kubeflow, run: str, state: str, nodes: list[dict]) -> None:
    kubeflow.runs[run] |= {"state": state, "run_details": {"task_details": nodes}}


def test_a_failed_run_names_the_task_and_says_in_its_own_sentence_why(kubeflow, cluster, run):
    become(kubeflow, run, "FAILED", FAILED[::-1])
    kubeflow.logs[f"{FLOW}-system-container-impl-24"] = LOG
    found = run_status(run, cluster=cluster)
    assert found["state"] == "FAILED"
    assert [(one["task"], one["state"], one["error"]) for one in found["tasks"]] == [
        ("fetch-candidate", "SUCCEEDED", None),
        ("scan-weights", "FAILED", SENTENCE),
        ("decide-candidate", "SKIPPED", None),
    ], "each task once, in their order, though Kubeflow tells of every node of the workflow in none"


def test_a_retried_task_speaks_with_its_last_attempt(kubeflow, cluster, run):
    nodes = task(10, "scan-weights", "FAILED")
    nodes[3]["child_tasks"].append({"pod_name": f"{FLOW}-15"})
    nodes.append(node(15, "executor(1)", "FAILED", template="system-container-impl"))
    become(kubeflow, run, "FAILED", nodes)
    kubeflow.logs[f"{FLOW}-system-container-impl-15"] = LOG.replace("no such", "still no such")
    (one,) = run_status(run, cluster=cluster)["tasks"]
    assert one["error"] == f"still {SENTENCE}"


def test_a_task_that_was_killed_is_said_to_have_ended_without_a_word(kubeflow, cluster, run):
    become(kubeflow, run, "FAILED", task(10, "scan-weights", "FAILED"))
    (one,) = run_status(run, cluster=cluster)["tasks"]
    assert one["error"] == ENDED_SILENTLY


def test_a_driver_that_failed_is_told_of(kubeflow, cluster, run):
    nodes = [
        node(1, "root", "FAILED", 2),
        node(2, "scan-weights-driver", "FAILED", 3),
        node(3, "scan-weights-driver(0)", "FAILED", template="system-container-driver"),
    ]
    become(kubeflow, run, "FAILED", nodes)
    assert [one["task"] for one in run_status(run, cluster=cluster)["tasks"]] == ["scan-weights-driver"]


@pytest.mark.parametrize(
    ("pod", "events", "reason"),
    [
        (
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes are available: 1 Insufficient cpu.",
                    }
                ]
            },
            [],
            "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "main",
                        "image": "x",
                        "imageID": "",
                        "ready": False,
                        "restartCount": 0,
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
                    }
                ]
            },
            [],
            "ImagePullBackOff: Back-off pulling image",
        ),
        (
            {},
            [("FailedMount", 'configmap "trusted-keys" not found')],
            'FailedMount: configmap "trusted-keys" not found',
        ),
    ],
)
def test_a_task_that_waits_says_why(kubeflow, cluster, run, pod, events, reason):
    name = f"{FLOW}-system-container-impl-14"
    become(kubeflow, run, "RUNNING", task(10, "plan-zoo", "PENDING"))
    kubeflow.pods = [{"metadata": {"name": name, "namespace": "biasgate-runs"}, "status": {"phase": "Pending", **pod}}]
    kubeflow.events = [
        {"reason": why, "message": said, "metadata": {}, "involvedObject": {"name": name}} for why, said in events
    ]
    (one,) = run_status(run, cluster=cluster)["tasks"]
    assert (one["state"], one["error"]) == ("PENDING", reason)


def test_a_run_that_waits_is_told_of_where_kubernetes_cannot_be_asked(kubeflow, cluster, run, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    become(kubeflow, run, "RUNNING", task(10, "plan-zoo", "PENDING"))
    (one,) = run_status(run, cluster=cluster)["tasks"]
    assert (one["state"], one["error"]) == ("PENDING", None)


def test_a_run_of_which_nothing_started_has_no_tasks(cluster, run):
    assert run_status(run, cluster=cluster)["tasks"] == []


def test_a_run_whose_record_was_deleted_is_said_to_be_none(kubeflow, cluster, run):
    kubeflow.runs.clear()
    with pytest.raises(InputError, match=r"no such thing: run .* not found \[.*the log and MLflow keep"):
        run_status(run, cluster=cluster)


def test_logs_are_those_of_the_tasks_that_failed_and_their_sentence_comes_last(kubeflow, cluster, run):
    become(kubeflow, run, "FAILED", FAILED)
    kubeflow.logs[f"{FLOW}-system-container-impl-24"] = LOG
    (one,) = run_logs(run, task=None, cluster=cluster)
    assert (one["task"], one["log"], one["error"]) == ("scan-weights", LOG, SENTENCE)
    done = command(kubeflow, "logs", run)
    assert done.stdout.splitlines()[-1] == f"scan-weights: {SENTENCE}"


def test_another_tasks_log_is_asked_for_by_its_name(kubeflow, cluster, run):
    become(kubeflow, run, "FAILED", FAILED)
    kubeflow.logs[f"{FLOW}-system-container-impl-14"] = "all well\n"
    (one,) = run_logs(run, task="fetch-candidate", cluster=cluster)
    assert (one["log"], one["error"]) == ("all well\n", None)
    with pytest.raises(InputError, match="use one of fetch-candidate, scan-weights"):
        run_logs(run, task="fetch", cluster=cluster)


def test_signs_in_a_log_that_a_terminal_obeys_are_shown(kubeflow, cluster, run):
    become(kubeflow, run, "FAILED", FAILED)
    kubeflow.logs[f"{FLOW}-system-container-impl-24"] = "\x1b[2J\n"
    (one,) = run_logs(run, task=None, cluster=cluster)
    assert "\x1b" not in str(one["log"])


def test_a_run_is_cancelled_and_goes_on_again(kubeflow, cluster, run):
    cancel_run(run, cluster=cluster)
    assert run_status(run, cluster=cluster)["state"] == "CANCELING"
    become(kubeflow, run, "FAILED", FAILED)
    retry_run(run, cluster=cluster)
    assert run_status(run, cluster=cluster)["state"] == "RUNNING"


@pytest.mark.parametrize("asked", ["cancel", "retry"])
def test_a_run_that_is_not_there_cannot_be_cancelled_or_retried(kubeflow, asked):
    done = command(kubeflow, asked, "nothing")
    assert isinstance(done.exception, InputError)
    assert "not found" in str(done.exception)


def test_each_command_prints_one_json_document(kubeflow, cluster, run):
    become(kubeflow, run, "FAILED", FAILED)
    for asked in ("status", "logs", "cancel", "retry"):
        done = command(kubeflow, asked, run, "--json")
        assert done.exit_code == 0, done.output
        json.loads(done.stdout)


def command(kubeflow, *words: str):
    return CliRunner().invoke(app, ["kfp", *words, "--endpoint", kubeflow.endpoint])
