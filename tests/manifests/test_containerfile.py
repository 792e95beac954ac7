import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "images" / "Containerfile").read_text(encoding="utf-8")


def pins(path: str) -> dict[str, str]:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_the_default_base_is_named_by_digest():
    (base,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", CONTAINERFILE, re.MULTILINE)
    assert re.search(r"@sha256:[0-9a-f]{64}$", base)


def test_every_stage_starts_from_the_base_or_another_stage():
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", CONTAINERFILE, re.MULTILINE)
    known = {"${BASE_IMAGE}", "scratch"}
    for origin, name in stages:
        assert origin in known
        known.add(name)
    assert {"cpu", "gpu", "serving"} <= known


def listed(flavour: str, *asked: str) -> set[str]:
    """The names of what an image installs."""
    command = [sys.executable, str(ROOT / "images" / "dependencies.py"), flavour, *asked]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {re.split(r"[<>=]", line)[0].replace("[crypto]", "") for line in lines}


def test_what_verifies_where_models_are_served_brings_no_torch_and_no_pipelines():
    names = listed("serving")
    assert {"mlflow", "boto3", "onnx", "securesystemslib"} <= names
    assert not {"torch", "kfp", "captum"} & names


@pytest.mark.parametrize("flavour", ["cpu", "gpu", "serving"])
def test_an_image_converts_no_model_and_asks_a_key_service_only_where_that_is_asked_for(flavour):
    assert not {"onnxscript", "skl2onnx", "onnxmltools", "kfp"} & listed(flavour)
    assert not [name for name in listed(flavour) if name.startswith("securesystemslib[")]
    assert listed(flavour, "awskms", "vault") - listed(flavour) == {
        "securesystemslib[awskms]",
        "securesystemslib[vault]",
    }


def test_an_extra_that_is_not_there_ends_the_build():
    with pytest.raises(subprocess.CalledProcessError):
        listed("cpu", "awskmz")


@pytest.mark.parametrize("flavour", ["cpu", "gpu", "serving"])
def test_an_image_asks_no_index_for_the_project_itself(flavour):
    assert "biasgate" not in listed(flavour)


@pytest.mark.parametrize("path", ["images/mlflow-server.txt", "images/gpu.txt"])
def test_an_extra_pin_agrees_with_the_pins_of_the_project(path):
    ours = pins("requirements.txt")
    assert {name: version for name, version in pins(path).items() if ours.get(name, version) != version} == {}


def test_both_runtimes_have_one_version():
    assert pins("images/gpu.txt")["onnxruntime-gpu"] == pins("requirements.txt")["onnxruntime"]
