"""Data sets that live on S3."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from biasgate.data.source import open_dataset
from biasgate.data.sources.digits import digits
from biasgate.data.sources.npz import save_npz
from biasgate.documents import sha256
from biasgate.errors import InputError
from biasgate.storage import store


@pytest.fixture
def folder(s3, request: pytest.FixtureRequest) -> str:
    """A prefix of the test's own."""
    return f"s3://{s3.bucket}/{request.node.name}"


def test_a_saved_set_opens_by_its_uri(folder: str) -> None:
    dataset = digits().take(np.arange(0, 5000, 10))
    save_npz(dataset, f"{folder}/set.npz")
    assert open_dataset(f"{folder}/set.npz").digest == dataset.digest


def test_idx_files_are_fetched_and_their_digests_verified(folder: str) -> None:
    images = gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 4, 2, 2) + bytes(range(16)))
    labels = struct.pack(">4BI", 0, 0, 8, 1, 4) + bytes([0, 1, 0, 1])
    source = (
        f"name: tiny\ndata: {{kind: idx, classes: [a, b], images: {{uri: '{folder}/images.gz',"
        f" sha256: '{sha256(images)}'}}, labels: {{uri: '{folder}/labels', sha256: '{sha256(labels)}'}}}}"
    )
    store.write_bytes(f"{folder}/source.yaml", source.encode())
    store.write_bytes(f"{folder}/images.gz", images)
    store.write_bytes(f"{folder}/labels", labels)
    assert open_dataset(f"{folder}/source.yaml").array.ravel().tolist() == list(range(16))
    store.write_bytes(f"{folder}/labels", labels[:-1] + b"\0")
    with pytest.raises(InputError, match="its digest is"):
        open_dataset(f"{folder}/source.yaml")


def test_an_image_folder_is_fetched(folder: str, tmp_path: Path) -> None:
    Image.new("RGB", (2, 2), "red").save(tmp_path / "a.png")
    store.upload(tmp_path, f"{folder}/images")
    store.write_bytes(f"{folder}/table.csv", b"file,label\na.png,red\n")
    store.write_bytes(
        f"{folder}/source.yaml",
        f"name: tiny\ndata: {{kind: folder, folder: '{folder}/images', table: {{uri: '{folder}/table.csv'}},"
        " size: [2, 2], label: label, classes: [red, blue]}".encode(),
    )
    assert open_dataset(f"{folder}/source.yaml").array[0, 0, 0].tolist() == [255, 0, 0]
