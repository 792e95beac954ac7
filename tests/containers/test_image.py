import json
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"
HEAVY = "torch, captum, mlflow, onnx, onnxruntime, sklearn, pandas, matplotlib, mlxtend, psycopg2, flask_wtf"


def test_the_command_answers_under_all_restrictions(docker, image, contained):
    (settings,) = json.loads(docker("image", "inspect", image).stdout)
    assert settings["Config"]["Entrypoint"] == ["biasgate"]
    assert "Usage: biasgate" in contained("biasgate", "--help").stdout


def test_every_library_imports_without_network_or_a_writable_root(contained):
    assert contained("python3", "-c", f"import {HEAVY}").stderr == ""


def test_torch_is_a_cpu_build(contained):
    assert contained("python3", "-c", "import torch; print(torch.version.cuda)").stdout.strip() == "None"


def test_it_is_not_root_and_has_nothing_to_build_or_install_with(contained):
    assert contained("id", "-u").stdout.strip() == "10001"
    missing = "for tool in cc gcc make git curl; do command -v $tool && exit 1; done; exit 0"
    contained("sh", "-c", missing)
    assert "No module named pip" in contained("python3", "-m", "pip", check=False).stderr


def test_only_scratch_is_writable(contained):
    contained("touch", "/tmp/scratch")
    assert "Read-only file system" in contained("touch", "/opt/biasgate/file", check=False).stderr


def test_it_says_what_it_is(docker, base_image, image):
    (settings,) = json.loads(docker("image", "inspect", image).stdout)
    labels = settings["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "biasgate"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.revision"] == "tested"
    assert labels["org.opencontainers.image.base.name"] == base_image


def test_its_bill_of_materials_names_every_package_in_its_pinned_version(image, build, contained, tmp_path):
    build("sbom", "--output", str(tmp_path))
    bill = json.loads((tmp_path / "biasgate.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {component["name"].lower(): component["version"] for component in bill["components"]}
    inside = "import importlib.metadata as m; print(*(f'{d.name.lower()}=={d.version}' for d in m.distributions()))"
    packages = dict(one.split("==") for one in contained("python3", "-c", inside).stdout.split())
    assert listed == packages
    pinned = dict(line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
    assert {n: v for n, v in listed.items() if pinned.get(n, v) != v.partition("+")[0]} == {}


def test_more_memory_than_allowed_ends_it(contained):
    killed = contained("python3", "-c", "bytearray(3 * 2**30)", options=("--memory-swap", "2g"), check=False)
    assert killed.returncode in (1, 137)


def test_it_converts_no_model_and_asks_no_key_service(contained):
    inside = "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))"
    names = set(contained("python3", "-c", inside).stdout.split())
    assert not names & {"onnxscript", "skl2onnx", "onnxmltools", "google-cloud-kms", "azure-keyvault-keys", "hvac"}
