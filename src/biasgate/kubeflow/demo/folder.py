"""What the demo lays out before it starts: data, keys, an empty registry, and the gate that its owner declares."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.data.source import pin
from biasgate.errors import InputError
from biasgate.gate.declaration import GateFile, pinned
from biasgate.gate.ledger.declare import Declared, declare
from biasgate.gate.trust.keyring import Role, trusted_keys
from biasgate.gate.trust.keys import read_signing_key
from biasgate.gate.trust.rotation import new_key

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import SigningKey

REVIEWER = "demo-reviewer"
OWNER = "demo-owner"
KEYS: dict[str, Role] = {"gate": "gate", "promoter": "promoter", REVIEWER: "approver", OWNER: "owner"}
"""Four identities: who decides cannot promote, neither can speak for a person, and none of them chooses the rules."""

GATE = """\
schema: biasgate/gate/v1
model: {model}
policy: digits_demo
test: {data}/gate.yaml
repair: {{data: {data}/repair.yaml}}
scan: models:/{reader}@champion
approvers: [demo-reviewer]
"""

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


def prepare(folder: Path) -> None:
    """An empty registry, an empty log and new keys; only the zoo, which is expensive, is kept."""
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
    os.environ["BIASGATE_LOG"] = str(folder / "log")


def declare_gate(folder: Path, *, model: str, reader: str) -> Declared:
    """The owner declares the gate of the demo's model.

    Args:
        folder: The demo's.
        model: The gate-owned model.
        reader: The registered meta-classifier that reads weights.
    """
    text = GATE.format(model=model, data=folder / "data", reader=reader)
    (folder / "gate.yaml").write_text(text)
    gate = pinned(GateFile.parse(text, where=str(folder / "gate.yaml")), pin=pin)
    return declare(str(folder / "log"), gate, key=key_of(folder, OWNER), trusted=trusted_keys())


def key_of(folder: Path, owner: str) -> SigningKey:
    """The signing key of one of the demo's identities."""
    path = _key_file(folder, owner)
    return read_signing_key(path.read_bytes(), where=str(path))


def _key_file(folder: Path, owner: str) -> Path:
    return folder / "keys" / owner / "signing-key.pem"
