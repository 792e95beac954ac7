"""What the demo lays out before it starts: data, keys and an empty registry; and what it hands to the gate."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.gate.trust.keyring import Role
from biasgate.gate.trust.keys import read_signing_key
from biasgate.gate.trust.rotation import new_key

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import SigningKey

POLICY = "digits_demo"
REVIEWER = "demo-reviewer"
KEYS: dict[str, Role] = {"gate": "gate", "promoter": "promoter", REVIEWER: "approver"}
"""Three identities: who decides cannot promote, and neither can speak for a person."""

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


def key_of(folder: Path, owner: str) -> SigningKey:
    """The signing key of one of the demo's identities."""
    path = _key_file(folder, owner)
    return read_signing_key(path.read_bytes(), where=str(path))


def _key_file(folder: Path, owner: str) -> Path:
    return folder / "keys" / owner / "signing-key.pem"
