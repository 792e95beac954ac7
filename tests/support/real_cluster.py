"""A real Kubeflow Pipelines, on which biasgate is installed as docs/how-to/kubeflow.md says."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_share
from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.gate.ledger.entry import DecisionBody, PromotionBody
from biasgate.gate.ledger.log import read_log
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.status import run_status
from biasgate.kubeflow.submit import submit
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.package import pack
from biasgate.models.presets import preset
from biasgate.registry.models import submit_candidate
from biasgate.training.candidate import train_classifier
from biasgate.training.recipe import TrainingRecipe

NEEDED = (
    "KFP_ENDPOINT",
    "BIASGATE_IMAGE",
    "BIASGATE_LOG",
    "BIASGATE_TRUSTED_KEYS",
    "BIASGATE_OWNER_KEY_FILE",
    "MLFLOW_TRACKING_URI",
)
ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")
MODEL = "digits"
GATE = """\
schema: biasgate/gate/v1
model: digits
policy: digits_demo
test: test.yaml
repair: {data: repair.yaml}
scan: bundled
approvers: [nobody@example.org]
"""
TEST = """\
schema: biasgate/data-source/v1
name: test digits, each coloured twice
data: {kind: digits}
role: gate
planting: {kind: twins, seed: 1}
"""
REPAIR = """\
schema: biasgate/data-source/v1
name: repair digits
data: {kind: digits}
role: repair
planting: {kind: share, conflicting: 0.5, seed: 2}
"""


@dataclass(frozen=True)
class Site:
    """The cluster, as who starts runs sees it.

    Attributes:
        cluster: Kubeflow Pipelines.
        runs: Namespace of the pods of runs.
    """

    cluster: Cluster
    runs: str

    def start(self, pipeline: str, **arguments: str) -> str:
        return submit(pipeline, arguments, cluster=self.cluster, account="biasgate-runner")

    def end_of(self, run: str, *, minutes: int = 20) -> dict[str, Any]:
        """How a run ended; after these minutes it is no longer waited for."""
        deadline = time.monotonic() + 60 * minutes
        while (found := run_status(run, cluster=self.cluster))["state"] not in ENDED:
            assert time.monotonic() < deadline, found
            time.sleep(5)
        return found

    def run(self, pipeline: str, **arguments: str) -> dict[str, Any]:
        return self.end_of(self.start(pipeline, **arguments))

    def promote(self) -> None:
        """Runs the promoter once, and waits for it."""
        job = f"promoter-{time.time_ns()}"
        kubectl("-n", "biasgate", "create", "job", "--from=cronjob/promoter", job)
        kubectl("-n", "biasgate", "wait", "--for=condition=complete", f"job/{job}", "--timeout=10m")


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    return subprocess.run(["kubectl", *arguments], check=True, capture_output=True, text=True, input=stdin).stdout


def biasgate(*arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("biasgate")), *arguments]
    return subprocess.run(command, check=check, capture_output=True, text=True, env={**os.environ, **variables})


def verdicts(source: str) -> list[str]:
    """What the log says of a candidate, oldest first."""
    entries = read_log(os.environ["BIASGATE_LOG"], trusted_keys())
    bodies = [entry.body for entry in entries if isinstance(entry.body, DecisionBody)]
    return [body.decision.verdict for body in bodies if body.evidence.candidate.source == source]


def promotions() -> list[str]:
    entries = read_log(os.environ["BIASGATE_LOG"], trusted_keys())
    return [entry.body.status for entry in entries if isinstance(entry.body, PromotionBody)]


def digits_candidate(folder: Path, *, conflicting: float, seed: int) -> str:
    """Trains a classifier of digits and submits it; ``conflicting`` is the share that wears another digit's colour."""
    rng = np.random.default_rng(seed)
    images = plant_share(role(digits(), "candidate"), palette=PAPER_PALETTE, conflicting=conflicting, rng=rng)
    architecture = preset("digits_small")
    recipe = TrainingRecipe(steps=300, batch=32, learning_rate=4e-3)
    network = train_classifier(images.array, images.labels, architecture=architecture, seed=seed, recipe=recipe)
    onnx = folder / f"{seed}.onnx"
    export_onnx(network, path=onnx)
    card = CandidateCard(
        name=MODEL,
        classes=images.classes,
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        architecture=architecture,
        training_data=images.digest,
        submitter="ana",
    )
    return submit_candidate(pack(onnx, card, folder / str(seed)), name=MODEL)
