from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from biasgate.errors import CandidateError, InputError, ServiceError, TrustError
from biasgate.gate.evidence import Champion
from biasgate.models.submission import import_candidate
from biasgate.registry.client import connect
from biasgate.registry.models import (
    champion,
    fetch,
    gated_name,
    register_folder,
    register_package,
    set_alias,
    submit_candidate,
)


def test_a_submission_comes_back_with_the_same_digest(tracking, package, name, tmp_path):
    submitted = package()
    source = submit_candidate(submitted, name=name, tags={"team": "vision"})
    assert source == f"models:/{name}-candidates/1"
    folder, resolved = fetch(source, tmp_path / "got")
    assert resolved == source
    assert import_candidate(folder, tmp_path / "opened").digest == submitted.digest
    version = connect().get_model_version(f"{name}-candidates", "1")
    assert version.tags == {"team": "vision", "biasgate.digest": submitted.digest, "biasgate.submitter": "ana"}


def test_the_version_carries_a_signature_that_mlflow_reads_and_no_code(tracking, package, name, tmp_path):
    from mlflow.models import Model

    folder, _ = fetch(submit_candidate(package(), name=name), tmp_path / "got")
    described = Model.load(str(folder / "MLmodel"))
    assert described.signature.inputs.inputs[0].shape == (-1, 2)
    assert set(described.flavors) == {"onnx"}
    assert {file.name for file in folder.iterdir()} == {"model.onnx", "card.json", "MLmodel"}


def test_a_package_folder_is_left_as_it_was(tracking, package, name):
    submitted = package()
    submit_candidate(submitted, name=name)
    assert {file.name for file in submitted.path.iterdir()} == {"model.onnx", "card.json"}


def test_there_is_no_champion_before_the_gate_sets_one(tracking, package, name):
    assert champion(name) is None
    submitted = package()
    register_package(submitted, model=name)
    assert champion(name) is None
    set_alias(name, "champion", "1")
    assert champion(name) == Champion(version="1", digest=submitted.digest)


def test_a_champion_that_the_gate_did_not_register_is_a_broken_trust(tracking, name, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"x")
    register_folder(tmp_path / "model", name=name, flavour="unknown")
    set_alias(name, "champion", "1")
    with pytest.raises(TrustError, match="did not register"):
        champion(name)


def test_a_folder_of_any_files_is_found_again_by_its_alias(tracking, name, tmp_path):
    (tmp_path / "meta" / "deep").mkdir(parents=True)
    (tmp_path / "meta" / "deep" / "features.json").write_text("[1]")
    register_folder(tmp_path / "meta", name=name, flavour="biasgate", tags={"zoo": "sha256:zoo"})
    set_alias(name, "champion", "1")
    folder, resolved = fetch(f"models:/{name}@champion", tmp_path / "got")
    assert resolved == f"models:/{name}/1"
    assert (folder / "deep" / "features.json").read_text() == "[1]"


@pytest.mark.parametrize("source", ["models:/{}/1", "models:/{}@champion", "models:/{}", "models:/", "no/such/folder"])
def test_what_is_not_there_is_an_input_error_that_names_it(tracking, name, tmp_path, source):
    with pytest.raises(InputError, match=r"\S"):
        fetch(source.format(name), tmp_path / "got")


def test_a_version_with_more_bytes_than_allowed_is_not_downloaded(tracking, package, name, tmp_path, monkeypatch):
    source = submit_candidate(package(), name=name)
    monkeypatch.setattr("biasgate.registry.artifacts.MOST_BYTES", 100)
    with pytest.raises(CandidateError, match="100 bytes"):
        fetch(source, tmp_path / "got")


def test_a_card_for_another_model_is_refused(package, name):
    card = package(card_name="faces").card
    assert gated_name("models:/faces-candidates/3", card.name) == "faces"
    assert gated_name("s3://bucket/anything", card.name) == "faces"
    with pytest.raises(CandidateError, match="'faces'"):
        gated_name(f"models:/{name}-candidates/1", card.name)


class _Refusing(http.server.ThreadingHTTPServer):
    """Answers every request with its status."""

    status: int


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Refusing

    def do_GET(self) -> None:
        self.send_error(self.server.status)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def refusing() -> Iterator[_Refusing]:
    server = _Refusing(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_server_that_refuses_is_one_line(refusing, name, monkeypatch, status):
    refusing.status = status
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{refusing.server_port}")
    with pytest.raises(ServiceError, match="MLFLOW_TRACKING_URI") as caught:
        champion(name)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_line(unused_port, name, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{unused_port}")
    with pytest.raises(ServiceError, match=f"127.0.0.1:{unused_port}") as caught:
        champion(name)
    assert "\n" not in str(caught.value)


def test_the_first_command_on_a_new_database_prints_our_line_and_none_of_mlflows(tmp_path):
    command = [Path(sys.executable).with_name("biasgate"), "fetch", "models:/digits/1", "--into", tmp_path / "digits"]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    (line,) = ended.stderr.splitlines()
    assert line.startswith("biasgate: ")
    assert (ended.returncode, ended.stdout) == (3, "")
