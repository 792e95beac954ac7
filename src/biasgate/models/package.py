"""The candidate package: a folder with ``model.onnx`` and ``card.json``, known by one digest over both."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from biasgate.documents import canonical_json, sha256
from biasgate.errors import CandidateError, InputError
from biasgate.models.card import CandidateCard
from biasgate.models.files import MAX_BYTES, MAX_CARD_BYTES, check_file, file_digest
from biasgate.models.formats.onnx import Onnx

MODEL, CARD = "model.onnx", "card.json"
PREDICTIONS = ("predictions.parquet", "predictions.csv")
"""What stands in the model's place where a candidate is predictions alone."""
FORMAT = Onnx()
"""What every package of a model holds, whatever was submitted: the one graph that is measured and serves."""
MLFLOW_FILES = (
    "MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta", "input_example*",
)  # fmt: skip
"""What MLflow puts beside a model that it stores: left where it is, never read, no part of the digest."""
TO_JSON = (
    'python -c "import json, sys; from pathlib import Path; from biasgate.strict_yaml import read_yaml; '
    'card = Path(sys.argv[1]); card.write_text(json.dumps(read_yaml(card.read_text())))"'
)
"""Turns a card that was written as YAML into JSON."""


@dataclass(frozen=True)
class CandidatePackage:
    """A checked package.

    Attributes:
        path: Its folder.
        card: Its card.
        notes: What was done to what was submitted, and what was taken for granted, one sentence each.
        digest: ``sha256:<hex>`` over the canonical JSON ``{file name: digest}`` of its two files.
    """

    path: Path
    card: CandidateCard
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def model(self) -> Path:
        """The ONNX file."""
        return self.path / MODEL

    @property
    def files(self) -> tuple[str, str]:
        """Names of its two files."""
        return MODEL, CARD

    @property
    def size(self) -> int:
        """Bytes of its two files together."""
        return sum((self.path / file).stat().st_size for file in self.files)


def open_package(folder: Path) -> CandidatePackage:
    """Checks a folder and reads its card.

    Raises:
        CandidateError: A file is missing, unknown, too large, a link, or no ONNX graph that is whole in itself.
        InputError: The card is not valid.
    """
    if (held := content_name(folder)) != MODEL:
        what = f"it holds {held} and no model: there is nothing to read or run"
        raise CandidateError(what, where=str(folder), fix="give the model itself")
    check_names(folder, known=(MODEL, CARD))
    card = read_card(folder)
    FORMAT.check(folder / MODEL)
    return CandidatePackage(path=folder, card=card, digest=package_digest(folder))


def content_name(folder: Path) -> str:
    """Name of the file beside the card: that of predictions where there is one, else the model's."""
    return next((name for name in PREDICTIONS if os.path.lexists(folder / name)), MODEL)


def package_digest(folder: Path) -> str:
    """The digest of a package's two files, without reading what they say.

    Raises:
        CandidateError: One is missing, a link, or too large.
    """
    limits = {content_name(folder): MAX_BYTES, CARD: MAX_CARD_BYTES}
    manifest = {name: file_digest(check_file(folder / name, limit=limit)) for name, limit in limits.items()}
    return sha256(canonical_json(manifest))


def pack(onnx: Path, card: CandidateCard, folder: Path) -> CandidatePackage:
    """Makes a package out of a copy of ``onnx``; ``folder`` appears whole or not at all.

    Raises:
        InputError: ``folder`` exists and is not empty.
        CandidateError: See ``open_package``.
    """
    require_new(folder)
    FORMAT.check(onnx)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True) as work:
        draft = Path(work) / "package"
        draft.mkdir()
        shutil.copyfile(onnx, draft / MODEL)
        (draft / CARD).write_bytes(card.to_json())
        checked = open_package(draft)
        draft.replace(folder)
    return CandidatePackage(path=folder, card=checked.card, digest=checked.digest)


def require_new(folder: Path) -> None:
    """Refuses a folder that holds something: nothing is ever overwritten.

    Raises:
        InputError: It exists and is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("the package's folder already exists", where=str(folder), fix="choose another")


def require_card(folder: Path) -> None:
    """Refuses a folder without a card.

    Raises:
        CandidateError: It has none; says where one comes from.
    """
    if not os.path.lexists(folder / CARD):
        holds = ", ".join(sorted(entry.name for entry in folder.iterdir())[:10]) or "nothing"
        raise CandidateError(
            f"there is no {CARD}; it holds {holds}",
            where=str(folder),
            fix=f"draft one by `biasgate card init {folder} --data DATA --name NAME --into {folder / CARD}`; what "
            "MLflow logged, `biasgate submit` makes a candidate",
        )


def read_card(folder: Path) -> CandidateCard:
    """The card of a candidate's folder.

    Raises:
        CandidateError: It is missing, a link, or larger than 1 MiB.
        InputError: It is no JSON object, or not valid.
    """
    path = check_file(folder / CARD, limit=MAX_CARD_BYTES)
    return CandidateCard.parse_json(path.read_bytes(), where=str(path), fix=f"if it is YAML: {TO_JSON} {path}")


def check_names(folder: Path, *, known: tuple[str, ...]) -> None:
    """Refuses a folder that holds anything but the ``known`` names and MLflow's own files.

    Raises:
        CandidateError: It does, or it is no folder.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise CandidateError("not a folder", where=str(folder), fix="give the folder that holds card.json")
    unknown = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name not in known and not any(fnmatch(entry.name, pattern) for pattern in MLFLOW_FILES)
    )
    if unknown:
        raise CandidateError(
            f"files that are no part of a candidate: {unknown[:5]}",
            where=str(folder),
            fix=f"`biasgate fetch {folder} --into PACKAGE` takes along what the model names; no other file belongs",
        )
