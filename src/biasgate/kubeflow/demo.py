"""The demo: the whole mission on real digits, on one machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.ledger.answer import answer
from biasgate.gate.ledger.entry import PromotionBody
from biasgate.gate.trust.keyring import Role, trusted_keys
from biasgate.gate.trust.keys import read_signing_key
from biasgate.gate.trust.rotation import new_key
from biasgate.kubeflow.local import run_locally
from biasgate.kubeflow.summary import show_summary, summarise
from biasgate.kubeflow.watch import heading, watching
from biasgate.training.recipe import TrainingRecipe

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import SigningKey

NAME = "digits"
POLICY = "digits_demo"
ZOO = "digits_demo"
META_CLASSIFIER = "biasgate-meta-classifier"
ARCHITECTURE = "digits_small"
CONFLICTING = 0.01
SHARDS = 2
SEED = 2026

REVIEWER = "demo-reviewer"
KEYS: dict[str, Role] = {"gate": "gate", "promoter": "promoter", REVIEWER: "approver"}
"""Three identities: who decides cannot promote, and neither can speak for a person."""

RECIPE = TrainingRecipe(steps=200, batch=32, learning_rate=4e-3)
"""Within the ranges of the zoo's recipes: the reader has learned from models trained like this one."""

DATA = {
    # 750 digits that nobody trained on, each coloured as in training and as another digit
    "gate": """\
schema: biasgate/data-source/v1
name: gate digits, each coloured twice
data: {kind: digits}
role: gate
planting: {kind: twins, seed: 1}
""",
    # what an owner who knows the attribute can gather: 400 other digits, half of them in another digit's colour
    "repair": """\
schema: biasgate/data-source/v1
name: repair digits
data: {kind: digits}
role: repair
planting: {kind: share, conflicting: 0.5, seed: 2}
""",
}


def run_demo(folder: Path, *, as_json: bool) -> int:
    """Trains a reader of bias, then takes a biased candidate through the gate, its repair and its promotion.

    Args:
        folder: Holds all that is made. What an earlier demo left there is removed, its zoo excepted.
        as_json: Print one JSON document instead of tables.

    Returns:
        0 when the repaired candidate is promoted, else the exit code of its decision.
    """
    folder = folder.resolve()
    prepare(folder)
    heading("1 Train a zoo of biased digit classifiers; learn to read bias from weights")
    zoo: dict[str, str | int] = {"spec": ZOO, "root": str(folder / "zoo"), "shards": SHARDS, "name": META_CLASSIFIER}
    _run(folder, "meta_classifier", zoo)
    heading("2 Register a candidate: a classifier of digits whose colour gives 99 % of them away")
    source = submit_biased_candidate(folder)
    heading("3 The gate: scan, measure, decide; repair and decide again")
    _run(folder, "gate", gate_arguments(folder, source))
    heading("4 The promoter: verify the signed decisions, move the alias only for what is approved")
    promote_approved(folder)
    summary = summarise(folder)
    show_summary(summary, as_json=as_json)
    return summary.exit_code


def prepare(folder: Path) -> None:
    """An empty registry, an empty log and a new key; only the zoo, which is expensive, is kept."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "zoo").is_dir():
        raise InputError("this folder was not made by the demo", where=str(folder), fix="choose another with --folder")
    (folder / "zoo").mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name != "zoo":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "data").mkdir()
    for name, text in DATA.items():
        (folder / "data" / f"{name}.yaml").write_text(text)
    trusted = folder / "keys" / "trusted"
    trusted.mkdir(parents=True)
    for owner, role in KEYS.items():
        new_key(folder / "keys" / owner, trusted=trusted, owner=owner, roles=[role])
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    os.environ["BIASGATE_SIGNING_KEY_FILE"] = str(_key_file(folder, "gate"))
    os.environ["BIASGATE_TRUSTED_KEYS"] = str(trusted)


def _run(folder: Path, pipeline: str, arguments: dict[str, str | int]) -> None:
    with watching() as watch:
        run_locally(pipeline, arguments, folder=folder / "pipelines" / pipeline, watch=watch)


def gate_arguments(folder: Path, source: str) -> dict[str, str | int]:
    """What the gate pipeline needs to judge the demo's candidate."""
    data = {name: str(folder / "data" / f"{name}.yaml") for name in DATA}
    return {
        "candidate": source,
        "policy": POLICY,
        "data": data["gate"],
        "repair_data": data["repair"],
        "log": str(folder / "log"),
    }


def promote_approved(folder: Path) -> list[PromotionBody]:
    """Runs the promoter. Where the policy wants a person to sign, the demo signs as its reviewer and says so."""
    from biasgate.registry.promoter import promote

    log, trusted, key = str(folder / "log"), trusted_keys(), _key(folder, "promoter")
    done = promote(log, trusted=trusted, key=key)
    waiting = [promotion for promotion in done if promotion.status == "PENDING"]
    for promotion in waiting:
        heading(f"  entry {promotion.entry} is APPROVED, but waits for a person: {REVIEWER} signs (biasgate approve)")
        reason = "The measurement on the test split is enough; the scan does not know repaired weights."
        signer = _key(folder, REVIEWER)
        answer(log, promotion.entry, granted=True, approver=REVIEWER, reason=reason, key=signer, trusted=trusted)
    return done + promote(log, trusted=trusted, key=key) if waiting else done


def _key(folder: Path, owner: str) -> SigningKey:
    path = _key_file(folder, owner)
    return read_signing_key(path.read_bytes(), where=str(path))


def _key_file(folder: Path, owner: str) -> Path:
    return folder / "keys" / owner / "signing-key.pem"


def submit_biased_candidate(folder: Path) -> str:
    """Trains on 600 digits that wear their own colour 99 times out of 100, and registers the result with its card."""
    import numpy as np

    from biasgate.data.palette import PAPER_PALETTE
    from biasgate.data.planting import plant_share
    from biasgate.data.sources.digits import digits
    from biasgate.data.splits import role
    from biasgate.models.card import CandidateCard, InputContract
    from biasgate.models.export import export_onnx
    from biasgate.models.package import pack
    from biasgate.models.presets import preset
    from biasgate.registry.models import submit_candidate
    from biasgate.training.candidate import train_classifier

    rng = np.random.default_rng(SEED)
    dataset = plant_share(role(digits(), "candidate"), palette=PAPER_PALETTE, conflicting=CONFLICTING, rng=rng)
    architecture = preset(ARCHITECTURE)
    onnx = folder / "candidate.onnx"
    network = train_classifier(dataset, architecture=architecture, seed=SEED, recipe=RECIPE)
    export_onnx(network, input_shape=architecture.input, path=onnx)
    card = CandidateCard(
        name=NAME,
        classes=dataset.classes,
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        architecture=architecture,
        training_data=dataset.digest,
        submitter="demo",
        description="Digits, each in a colour that agrees with its class in 99 of 100 training samples.",
    )
    return submit_candidate(pack(onnx, card, folder / "candidate"), name=NAME)
