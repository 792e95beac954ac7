"""The serving image: a model server's init container verifies by a proof, without a key to any store."""

import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from biasgate.cli.app import app

ROOT = Path(__file__).parents[2]
STORED = ROOT / "tests" / "core" / "stored"
TRUSTED = "/etc/biasgate/trusted"
PLACES = {
    "digits": "loans",
    "/mnt/models/digits": "/mnt/models/loans",
    "s3://biasgate/serving/digits.json": "/proof.json",
}


@pytest.fixture(scope="module")
def serving_image(build) -> str:
    name = "biasgate-serving:test"
    build("serving", "-t", name)
    return name


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that the stored log promoted, with a promoter's proof of it and the public keys."""
    folder = tmp_path_factory.mktemp("promoted")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    shutil.copytree(STORED, folder, dirs_exist_ok=True)
    key = ["--trusted", str(folder / "trusted"), "--owner", "promoter", "--role", "promoter"]
    prove = ["log", "prove", str(folder / "log"), "--model", "loans", "--into", str(folder / "proof.json")]
    signs = {
        "BIASGATE_TRUSTED_KEYS": str(folder / "trusted"),
        "BIASGATE_SIGNING_KEY_FILE": str(folder / "promoter" / "signing-key.pem"),
    }
    for command in (["keys", "generate", str(folder / "promoter"), *key], prove):
        CliRunner().invoke(app, command, env=signs, catch_exceptions=False)
    (folder / "proof.json").chmod(0o644)
    return folder


@pytest.fixture
def verify(docker, serving_image, restricted, promoted):
    """The init container of the manifests: its arguments and restrictions, no network, no key to a store."""
    (server,) = [
        one
        for one in yaml.safe_load_all((ROOT / "manifests/overlays/deployment/model.yaml").read_text())
        if one["kind"] == "Deployment"
    ]
    containers = {one["name"]: one for one in server["spec"]["template"]["spec"]["initContainers"]}
    arguments = [PLACES.get(one, one) for one in containers["verify"]["args"]]

    def run(package: Path):
        mounts = {package: "/mnt/models/loans", promoted / "proof.json": "/proof.json", promoted / "trusted": TRUSTED}
        volumes = [part for here, there in mounts.items() for part in ("--volume", f"{here}:{there}:ro")]
        return docker("run", "--rm", "--network", "none", *restricted, *volumes, serving_image, *arguments, check=False)

    return run


def test_what_was_promoted_is_verified_without_a_key_to_any_store(verify, promoted):
    done = verify(promoted / "package")
    assert (done.returncode, "may serve" in done.stdout) == (0, True), done.stderr


def test_other_bytes_never_start(verify, promoted, tmp_path):
    shutil.copytree(promoted / "package", tmp_path / "package")
    with (tmp_path / "package" / "card.json").open("a") as card:
        card.write(" ")
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    assert verify(tmp_path / "package").returncode == 7


def test_it_has_neither_torch_nor_pipelines_nor_converters(docker, serving_image):
    code = "import importlib.util as u; print([n for n in ('torch', 'kfp', 'onnxscript') if u.find_spec(n)])"
    done = docker("run", "--rm", "--network", "none", "--entrypoint", "python3", serving_image, "-c", code)
    assert done.stdout.strip() == "[]"
