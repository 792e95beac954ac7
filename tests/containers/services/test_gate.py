"""The pipelines with each task in its own restricted container, against MLflow on PostgreSQL and the S3 server."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_share
from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.detection.zoo.spec import Counts, read_spec
from biasgate.gate.policy import policy_text
from biasgate.kubeflow.configure import RUN_FIELD
from biasgate.kubeflow.demo.candidate import RECIPE
from biasgate.kubeflow.demo.folder import DATA
from biasgate.kubeflow.local import SETTINGS
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.package import pack
from biasgate.models.presets import preset
from biasgate.training.candidate import train_classifier

LOG = "s3://biasgate/log"
TRUSTED = "/etc/biasgate/trusted"
RUNNER = Path(__file__).with_name("run_pipeline.py")
SUPPORT = Path(__file__).parents[2] / "support"
GATE = """
schema: biasgate/gate/v1
model: digits
policy: /shared/policy.yaml
test: s3://biasgate/data/gate.yaml
scan: models:/biasgate-meta-classifier@champion
"""
UPLOAD = """
from pathlib import Path
from biasgate.storage import store
store.upload(Path("/shared/data"), "s3://biasgate/data")
"""


@dataclass
class World:
    """Keys, a submission, and how to run things beside the services."""

    docker: Any
    image: str
    restricted: list[str]
    beside: str
    folder: Path
    accounts: dict[str, dict[str, str]]
    s3: dict[str, str]
    number: int = field(default=0, init=False)

    def biasgate(self, *arguments: str, account: str, check: bool = True):
        """A biasgate command in the image, as one of the accounts."""
        key = self.folder / ("gate" if account == "runner" else account) / "signing-key.pem"
        options = ["--volume", f"{key}:/etc/biasgate/key.pem:ro", "--volume", f"{self.folder}/trusted:{TRUSTED}:ro"]
        options += ["--volume", f"{self.folder}/policies:/etc/biasgate/policies:ro"]
        variables = {**self.accounts[account], "BIASGATE_SIGNING_KEY_FILE": "/etc/biasgate/key.pem"}
        variables["BIASGATE_POLICIES"] = "/etc/biasgate/policies"
        return self.contained(*arguments, options=options, variables=variables, check=check)

    def python(self, code: str):
        """A few lines of Python in the image."""
        return self.contained("-c", code, options=["--entrypoint", "python3"], variables={}, check=True)

    def contained(self, *arguments: str, options: list[str], variables: dict[str, str], check: bool):
        given = [part for pair in {**self.s3, **variables}.items() for part in ("--env", "=".join(pair))]
        given += ["--volume", f"{self.folder / 'shared'}:/shared", "--network", f"container:{self.beside}"]
        return self.docker("run", "--rm", *self.restricted, *given, *options, self.image, *arguments, check=check)

    def run(self, pipeline: str, arguments: dict, *, without: str = "", limits=None, killed=()):
        """A pipeline; ``without`` one secret, with other limits for a task, or with a task killed as it starts."""
        self.number += 1
        outputs = self.folder / "runs" / str(self.number)
        outputs.mkdir(parents=True)
        outputs.chmod(0o777)
        key = (self.folder / "gate" / "signing-key.pem").read_text()
        secrets = {
            "biasgate-mlflow": self.accounts["runner"],
            "biasgate-s3": self.s3,
            "biasgate-signing-key": {"BIASGATE_SIGNING_KEY": key},
        }
        request = {
            "pipeline": pipeline,
            "arguments": arguments,
            "folder": str(outputs),
            "beside": self.beside,
            "secrets": {name: values for name, values in secrets.items() if name != without},
            "config_maps": {"trusted-keys": str(self.folder / "trusted")},
            "environment": {"biasgate-log": {"BIASGATE_LOG": LOG}},
            "fields": {RUN_FIELD: str(self.number)},
            "limits": limits or {},
            "killed": list(killed),
        }
        settings = {"BIASGATE_IMAGE": self.image, "BIASGATE_KFP_SETTINGS": str(SETTINGS), "PYTHONPATH": str(SUPPORT)}
        command = [sys.executable, str(RUNNER), json.dumps(request)]
        environment = {**self.docker.environment, **settings}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def log(self) -> list[dict]:
        done = self.biasgate("log", "show", LOG, "--json", account="promoter", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else []


@pytest.fixture(scope="module")
def world(docker, image, restricted, s3, mlflow_server, tmp_path_factory) -> World:
    """A small meta-classifier, made by its pipeline in containers, and a fair candidate that was submitted."""
    folder = tmp_path_factory.mktemp("world")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    for name in ("gate", "promoter", "owner"):
        options = ["--trusted", str(folder / "trusted"), "--owner", name, "--role", name]
        CliRunner().invoke(app, ["keys", "generate", str(folder / name), *options], catch_exceptions=False)
        (folder / name / "signing-key.pem").chmod(0o644)  # as a mounted secret with a group that may read it
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o777)
    submission(folder / "shared" / "submission")
    (folder / "shared" / "data").mkdir()
    for name, text in DATA.items():
        (folder / "shared" / "data" / f"{name}.yaml").write_text(text)
    (folder / "policies").mkdir()
    for place in (folder / "policies" / "digits.yaml", folder / "shared" / "policy.yaml"):
        place.write_text(policy())
    (folder / "shared" / "gate.yaml").write_text(GATE)
    accounts = {**{user: mlflow_server.environment(user) for user in ("runner", "promoter")}, "owner": {}}
    made = World(docker, image, restricted, s3.container, folder, accounts, s3.environment)
    made.python(UPLOAD)
    made.biasgate("gate", "declare", "/shared/gate.yaml", "--log", LOG, account="owner")
    spec = read_spec("digits_demo")
    recipe = spec.recipe.model_copy(update={"steps": (60,), "samples": (300, 300)})
    few = {"counts": Counts(train=40, validation=20, test=20), "recipe": recipe}
    text = spec.model_copy(update=few).model_dump_json(by_alias=True, indent=1)
    done = made.run("meta_classifier", {"spec": text, "root": "s3://biasgate/zoo", "shards": 2})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


def submission(folder: Path) -> None:
    """A digit classifier that colour told nothing, with its card."""
    rng = np.random.default_rng(0)
    dataset = plant_share(role(digits(), "candidate"), palette=PAPER_PALETTE, conflicting=0.9, rng=rng)
    architecture = preset("digits_small")
    network = train_classifier(dataset.array, dataset.labels, architecture=architecture, seed=0, recipe=RECIPE)
    folder.mkdir()
    onnx = folder.with_suffix(".onnx")
    export_onnx(network, path=onnx)
    card = CandidateCard(
        name="digits",
        classes=dataset.classes,
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        architecture=architecture,
        training_data=dataset.digest,
        submitter="owner",
        description="Digits whose colour says nothing.",
    )
    pack(onnx, card, folder)


@pytest.fixture(scope="module")
def candidate(world, mlflow_server) -> str:
    submitted = world.biasgate("submit", "/shared/submission", account="runner").stdout.strip()
    mlflow_server.let_edit("promoter", "registered_model", "digits-candidates")
    return submitted


def policy() -> str:
    """A policy that leaves the scan of so small a zoo out of the decision, and repairs nothing.

    It allows a look for every run here: one that fails has had its look all the same.
    """
    made = yaml.safe_load(policy_text("digits_demo"))
    made["weight_scan"] |= {"on_flag": "ignore", "on_abstain": "ignore"}
    made["looks"] = 4
    del made["repair"]
    return yaml.safe_dump(made)


@pytest.mark.parametrize(
    ("trouble", "end"),
    [
        ({"without": "biasgate-signing-key"}, "no signing key"),
        ({"limits": {"scan_weights": {"mem_limit": "48m", "memswap_limit": "48m"}}}, "scan_weights ended with 137"),
        ({"killed": ["decide_candidate"]}, "decide_candidate ended with 137"),
    ],
    ids=["no secret", "out of memory", "killed"],
)
def test_a_task_in_trouble_fails_the_run_and_nothing_is_promoted(world, candidate, mlflow_server, trouble, end):
    done = world.run("gate", {"candidate": candidate}, **trouble)
    assert done.returncode != 0
    assert end in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    world.biasgate("promote", "--log", LOG, account="promoter", check=False)
    assert {entry["body"]["kind"] for entry in world.log()} <= {"gate", "look"}
    assert mlflow_server.ask("GET", "/api/2.0/mlflow/registered-models/get?name=digits", user="admin") == 404


def test_a_sweep_judges_what_is_undecided_and_the_promoter_makes_it_champion(world, candidate, mlflow_server):
    unknown = world.biasgate("verify", "/shared/submission", "--log", LOG, account="runner", check=False)
    assert unknown.returncode == 7, unknown.stderr
    done = world.run("sweep", {"name": "digits"})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (decision,) = [entry["body"] for entry in world.log() if entry["body"]["kind"] == "decision"]
    assert decision["evidence"]["candidate"]["source"] == candidate
    assert decision["decision"]["verdict"] == "APPROVED", decision["decision"]["reasons"]

    refused = world.biasgate("promote", "--log", LOG, account="runner", check=False)
    assert refused.returncode == 7, "the gate's key may not promote"
    world.biasgate("promote", "--log", LOG, account="promoter")
    alias = "/api/2.0/mlflow/registered-models/alias?name=digits&alias=champion"
    assert mlflow_server.ask("GET", alias, user="runner") == 200

    world.biasgate("fetch", "models:/digits@champion", "--into", "/shared/served", account="runner")
    verified = json.loads(world.biasgate("verify", "/shared/served", "--log", LOG, "--json", account="runner").stdout)
    assert (verified["name"], verified["allowed_by"]) == ("digits", "decision")
