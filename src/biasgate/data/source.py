"""From a ``DataSource`` to a ``Dataset``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE, Palette, draw_palette
from biasgate.data.planting import plant_share, plant_sigma, twins
from biasgate.data.sources.action_units import load_action_units
from biasgate.data.sources.celeba import load_celeba
from biasgate.data.sources.digits import digits
from biasgate.data.sources.fairface import load_fairface
from biasgate.data.sources.folder import load_folder
from biasgate.data.sources.idx import load_idx
from biasgate.data.sources.npz import load_npz
from biasgate.data.sources.synthetic_faces import synthetic_faces
from biasgate.data.sources.table import load_csv
from biasgate.data.sources.utkface import load_utkface
from biasgate.data.spec import (
    ActionUnitFrames,
    CelebA,
    DataSource,
    DigitsFiles,
    FairFace,
    File,
    IdxFiles,
    ImageFolder,
    NpzFile,
    PaletteSeed,
    Planting,
    SharePlanting,
    SigmaPlanting,
    SyntheticFaces,
    TableFile,
    UTKFace,
)
from biasgate.data.splits import role
from biasgate.documents import sha256
from biasgate.errors import InputError
from biasgate.storage import store

__all__ = ["BUILTIN", "DataSource", "open_dataset"]

BUILTIN = "builtin:digits"


def open_dataset(source: DataSource | str) -> Dataset:
    """The data set that a source describes: loaded, reduced to its role, bias planted.

    Args:
        source: A ``DataSource``; or ``builtin:digits``; or the path or URI of an ``.npz`` file or of a
            ``DataSource`` in YAML.

    Raises:
        InputError: A file is absent, damaged, not what its digest says, or not what the source says.
        ServiceError: S3 is out of reach.
    """
    if isinstance(source, str):
        if source == BUILTIN:
            return digits()
        if source.endswith(".npz"):
            return load_npz(source)
        source = DataSource.parse(store.read_bytes(source, limit=2**20), where=source)
    with TemporaryDirectory(prefix="biasgate-") as folder:
        dataset = replace(_load(source, Path(folder)), name=source.name, collected=source.collected)
    if source.role:
        dataset = role(dataset, source.role)
    return _planted(dataset, source.planting) if source.planting else dataset


def _load(source: DataSource, folder: Path) -> Dataset:
    """Loads by kind; remote files pass through ``folder``."""
    match source.data:
        case DigitsFiles():
            return digits()
        case IdxFiles() as data:
            images, labels = _fetch(data.images, folder / "images"), _fetch(data.labels, folder / "labels")
            return load_idx(images, labels, classes=data.classes, name=source.name)
        case NpzFile() as data:
            return load_npz(str(_fetch(data.file, folder)))
        case ImageFolder() as data:
            images, table = _fetch_folder(data.folder, folder / "images"), _fetch(data.table, folder / "table")
            options = data.model_dump(exclude={"kind", "folder", "table"})
            return load_folder(images, table, **options, name=source.name)
        case TableFile() as data:
            options = data.model_dump(exclude={"kind", "file"})
            return load_csv(_fetch(data.file, folder), **options, name=source.name)
        case SyntheticFaces() as data:
            options = data.model_dump(exclude={"kind", "correlations"})
            return synthetic_faces(**options, correlations=data.correlations, name=source.name)
        case ActionUnitFrames() as data:
            people = _fetch(data.people, folder / "people") if data.people else None
            options = data.model_dump(exclude={"kind", "folder", "people"})
            return load_action_units(
                _fetch_folder(data.folder, folder / "faces"), **options, people=people, name=source.name
            )
        case CelebA() | UTKFace() | FairFace() as data:
            load = {"celeba": load_celeba, "utkface": load_utkface, "fairface": load_fairface}[data.kind]
            options = data.model_dump(exclude={"kind", "folder"})
            return load(_fetch_folder(data.folder, folder / "faces"), **options, name=source.name)


def _fetch_folder(uri: str, folder: Path) -> Path:
    """The local path of a folder."""
    return Path(store.download(uri, folder)) if store.is_remote(uri) else Path(uri)


def _fetch(file: File, folder: Path) -> Path:
    """The local path of a file, its digest verified when one is declared."""
    if not store.exists(file.uri):
        fix = "biasgate downloads no data set; docs/data.md says where each is obtained"
        raise InputError("the file is not there", where=file.uri, fix=fix)
    path = Path(file.uri)
    if store.is_remote(file.uri):
        folder.mkdir(parents=True, exist_ok=True)
        path = store.download(file.uri, folder)
    if file.sha256 and (found := sha256(path.read_bytes())) != file.sha256:
        raise InputError(f"its digest is {found}, not {file.sha256}", where=file.uri, fix="fetch the right file")
    return path


def _planted(dataset: Dataset, planting: Planting) -> Dataset:
    """The set with bias planted as declared."""
    palette, rng = _palette(planting, classes=len(dataset.classes)), np.random.default_rng(planting.seed)
    if isinstance(planting, SharePlanting):
        return plant_share(dataset, palette=palette, conflicting=planting.conflicting, rng=rng)
    if isinstance(planting, SigmaPlanting):
        return plant_sigma(
            dataset, palette=palette, variance=planting.variance, independent=planting.independent, rng=rng
        )
    return twins(dataset, palette=palette, rng=rng)


def _palette(planting: Planting, *, classes: int) -> Palette:
    """The palette that a planting names."""
    if isinstance(planting.palette, PaletteSeed):
        return draw_palette(np.random.default_rng(planting.palette.seed), classes=classes)
    if planting.palette == "paper":
        return PAPER_PALETTE[:classes]
    return np.array(planting.palette, dtype=np.float32)
