"""MLflow's webhooks start the gate: what is signed, new and small, once a version, and nothing else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow_servers import served
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError, ServiceError
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.once import Submitted, submit_gate
from biasgate.kubeflow.receiver import serve
from biasgate.kubeflow.receiver.command import written
from biasgate.kubeflow.receiver.serve import LARGEST, Receiver, server

SECRET, OLD = b"a-secret-of-these-tests", b"the-secret-before-it-"
CANDIDATE = "models:/digits-candidates/3"


def event(name: str = "digits-candidates", version: str = "3", **other: object) -> bytes:
    about = {"entity": "model_version", "action": "created", "data": {"name": name, "version": version}}
    return json.dumps({**about, **other}).encode()


def signed(body: bytes, *, identity: str = "one", ago: float = 0, secret: bytes = SECRET) -> dict[str, str]:
    moment = str(int(time.time() - ago))
    seal = hmac.digest(secret, f"{identity}.{moment}.".encode() + body, hashlib.sha256)
    return {
        "X-MLflow-Delivery-Id": identity,
        "X-MLflow-Timestamp": moment,
        "X-MLflow-Signature": f"v1,{base64.b64encode(seal).decode()}",
    }


def unheard(*_: object) -> None:
    """Takes no note."""


@pytest.fixture
def cluster(kubeflow) -> Cluster:
    return Cluster(endpoint=kubeflow.endpoint, namespace="biasgate-runs")


@pytest.fixture
def url(cluster) -> Iterator[str]:
    """A receiver that starts runs on the fake Kubeflow."""
    receiver = Receiver(lambda one: submit_gate(one, cluster=cluster, account="runner"), [SECRET, OLD])
    with server(receiver, host="127.0.0.1", port=0, note=unheard) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()


def post(url: str, body: bytes, **how: Any) -> requests.Response:
    return requests.post(url, data=body, headers=signed(body, **how), timeout=30)


def candidates(kubeflow) -> list[str]:
    return [run["runtime_config"]["parameters"]["candidate"] for run in kubeflow.runs.values()]


def test_a_new_version_of_candidates_starts_the_gate_and_the_same_again_does_not(kubeflow, url):
    first, second, third = (post(url, event(), identity=one) for one in ("one", "one", "two"))
    assert (first.status_code, second.status_code, third.status_code) == (202, 200, 200)
    assert "taken before" in second.text
    assert "is there already" in third.text
    assert candidates(kubeflow) == [CANDIDATE]


def test_a_run_that_failed_does_not_count_and_another_version_is_another(kubeflow, url):
    post(url, event())
    next(iter(kubeflow.runs.values()))["state"] = "FAILED"
    assert post(url, event(), identity="two").status_code == 202
    assert post(url, event(version="4"), identity="three").status_code == 202
    assert candidates(kubeflow) == [CANDIDATE, CANDIDATE, "models:/digits-candidates/4"]


def test_kubeflow_out_of_reach_asks_mlflow_to_send_it_again_which_then_counts(kubeflow, url):
    kubeflow.broken.add("POST /runs")
    refused = post(url, event())
    assert (refused.status_code, candidates(kubeflow)) == (503, [])
    kubeflow.broken.clear()
    assert post(url, event()).status_code == 202


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"secret": b"another-secret-altogether"}, "signature"),
        ({"ago": 301}, "seconds"),
        ({"ago": -301}, "seconds"),
        ({"identity": ""}, "signature"),
        ({"identity": "one.1"}, "signature"),
    ],
)
def test_what_is_not_signed_or_not_new_starts_nothing(kubeflow, url, how, said):
    answer = post(url, event(), **how)
    assert (answer.status_code, candidates(kubeflow)) == (401, [])
    assert said in answer.text


@pytest.mark.parametrize("missing", ["X-MLflow-Delivery-Id", "X-MLflow-Timestamp", "X-MLflow-Signature"])
def test_each_header_is_needed_and_none_can_be_changed(kubeflow, url, missing):
    headers = signed(event())
    for one in ("", "v1,", "v2" + headers["X-MLflow-Signature"][2:], "é"):
        changed = {**headers, missing: one.encode()}
        assert requests.post(url, data=event(), headers=changed, timeout=30).status_code == 401
    assert candidates(kubeflow) == []


def test_another_body_under_the_same_signature_is_refused(kubeflow, url):
    assert requests.post(url, data=event(version="4"), headers=signed(event()), timeout=30).status_code == 401
    assert candidates(kubeflow) == []


def test_while_the_secret_changes_the_old_one_counts_too(url):
    assert post(url, event(), secret=OLD).status_code == 202


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (event(name="digits"), 200),
        (event(name="-candidates"), 200),
        (event(name="a/../b-candidates"), 200),
        (event(name="digits\n-candidates"), 200),
        (event(name="x' or 'y-candidates"), 200),
        (event(version="0"), 200),
        (event(version="3; rm"), 200),
        (event(action="deleted"), 200),
        (event(entity="prompt"), 200),
        (event(data=None), 422),
        (b"[]", 422),
        (b"\xff\x1b[2J", 422),
        (b"[" * 60_000, 422),
    ],
)
def test_what_is_about_no_candidate_starts_nothing(kubeflow, url, body, status):
    assert post(url, body).status_code == status
    assert candidates(kubeflow) == []


def test_a_body_that_is_too_long_or_of_no_length_is_not_read(kubeflow, url):
    assert post(url, event(filling="x" * LARGEST)).status_code == 413
    assert requests.post(url, data=iter([event()]), headers=signed(event()), timeout=30).status_code == 411
    assert requests.get(url + "health", timeout=30).status_code == 200
    assert requests.get(url + "runs", timeout=30).status_code == 404


def test_senders_that_drip_are_cut_off_and_leave_room_for_others(kubeflow, url, monkeypatch):
    monkeypatch.setattr(serve, "PATIENCE", 0.5)
    monkeypatch.setattr(serve, "MOST_AT_ONCE", 2)
    address, over = ("127.0.0.1", int(url.rsplit(":", 1)[1].strip("/"))), threading.Event()

    def drip() -> None:
        with socket.create_connection(address) as sender:
            sender.sendall(b"POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n")
            with contextlib.suppress(OSError):
                while not over.wait(0.1):
                    sender.sendall(b"x")

    slow = [threading.Thread(target=drip, daemon=True) for _ in range(20)]
    for sender in slow:
        sender.start()
    try:
        assert post(url, event()).status_code == 202
    finally:
        over.set()


def test_a_body_that_ends_early_starts_nothing(kubeflow, url):
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1].strip("/")))) as sender:
        head = "".join(f"{name}: {value}\r\n" for name, value in signed(event()).items())
        sender.sendall(f"POST / HTTP/1.1\r\n{head}Content-Length: {len(event()) + 1}\r\n\r\n".encode() + event())
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(4096).split()[1] == b"408"
    assert candidates(kubeflow) == []


def test_a_start_that_fails_in_an_unknown_way_is_sent_again_and_says_no_secret():
    tries: list[str] = []

    def start(candidate: str) -> Submitted:
        tries.append(candidate)
        if len(tries) == 1:
            raise ValueError("token abc")
        return Submitted("run-1", new=True)

    receiver, body = Receiver(start, [SECRET]), event()
    headers = {name.lower(): value for name, value in signed(body).items()}
    (first, said), (second, _) = receiver.take(headers, body), receiver.take(headers, body)
    assert (first, second) == (500, 202)
    assert "abc" not in said


def test_while_a_start_hangs_the_next_delivery_is_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(serve, "PATIENCE", 0.1)
    begun, over = threading.Event(), threading.Event()

    def start(candidate: str) -> Submitted:
        begun.set()
        over.wait(30)
        return Submitted(candidate, new=True)

    receiver = Receiver(start, [SECRET])

    def take(identity: str) -> int:
        return receiver.take({k.lower(): v for k, v in signed(event(), identity=identity).items()}, event())[0]

    hanging = threading.Thread(target=take, args=["one"])
    hanging.start()
    assert begun.wait(10)
    assert take("two") == 503
    over.set()
    hanging.join()


def test_a_port_that_is_taken_is_said_in_a_sentence():
    receiver = Receiver(lambda one: Submitted(one, new=True), [SECRET])
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen there"):
        server(receiver, host="127.0.0.1", port=taken.getsockname()[1], note=unheard)


def test_answers_are_lines_of_json_when_asked(capfd):
    note = written(sys.stdout, json=True)
    note(HTTPStatus.UNAUTHORIZED, "no\nsuch \x1b[2J")
    (line,) = capfd.readouterr().out.splitlines()
    assert json.loads(line) == {"status": 401, "sentence": "no\nsuch \x1b[2J"}
    assert "\x1b" not in line


def test_deliveries_that_race_start_one_run(kubeflow, url):
    answers: list[int] = []
    senders = [
        threading.Thread(target=lambda n=n: answers.append(post(url, event(), identity=str(n)).status_code))
        for n in range(6)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(answers) == [200] * 5 + [202]
    assert candidates(kubeflow) == [CANDIDATE]


def test_by_hand_the_gate_is_started_once_and_again_when_asked(kubeflow, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", kubeflow.endpoint)
    runs = [
        json.loads(CliRunner().invoke(app, ["gate", "submit", CANDIDATE, *more, "--json"]).stdout)
        for more in ([], [], ["--again"])
    ]
    assert [run["new"] for run in runs] == [True, False, True]
    assert runs[0]["run"] == runs[1]["run"] != runs[2]["run"]


@pytest.mark.parametrize("text", ["", "short\n"])
def test_a_receiver_without_a_good_secret_does_not_start(kubeflow, tmp_path: Path, text):
    file = tmp_path / "secret"
    file.write_text(text)
    done = CliRunner().invoke(app, ["kfp", "receive", "--secret", str(file), "--endpoint", kubeflow.endpoint])
    assert "fewer than" in str(done.exception)


@pytest.mark.servers
def test_mlflow_s_own_webhooks_are_understood(tmp_path, monkeypatch):
    """Its server signs, and sends again what was refused with 503; another's secret starts nothing."""
    from mlflow import MlflowClient

    started: list[str] = []
    came = threading.Event()

    def start(candidate: str) -> Submitted:
        started.append(candidate)
        if len(started) == 1:
            raise ServiceError("Kubeflow is out of reach")
        came.set()
        return Submitted("run-1", new=True)

    allowed = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
    store = f"sqlite:///{tmp_path}/mlflow.db"
    with server(Receiver(start, [SECRET]), host="127.0.0.1", port=0, note=unheard) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        with served(tmp_path, "--backend-store-uri", store, **allowed) as uri:
            client = MlflowClient(uri, uri)
            place = f"http://127.0.0.1:{listening.server_port}"
            for secret in (SECRET.decode(), "another-secret-altogether"):
                client.create_webhook(f"gate-{secret[0:7]}", place, ["model_version.created"], secret=secret)
            client.create_registered_model("digits-candidates")
            client.create_registered_model("digits")
            client.create_model_version("digits", "s3://nowhere/model")
            client.create_model_version("digits-candidates", "s3://nowhere/model")
            assert came.wait(60)
        listening.shutdown()
    assert started == ["models:/digits-candidates/1"] * 2
