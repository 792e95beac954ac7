"""IDX files: read exactly, or refused."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.data.sources.idx import load_idx, read_idx
from biasgate.errors import InputError


def packed(array: np.ndarray, *, kind: int = 8) -> bytes:
    """An array in the IDX layout."""
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
LABELS = np.array([0, 1, 2, 1, 0], dtype=np.uint8)
CLASSES = ("shirt", "shoe", "bag")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_images_and_labels_are_read_plain_and_gzipped(tmp_path: Path, pack) -> None:
    (tmp_path / "images").write_bytes(pack(packed(IMAGES)))
    (tmp_path / "labels").write_bytes(pack(packed(LABELS)))
    dataset = load_idx(tmp_path / "images", tmp_path / "labels", classes=CLASSES)
    assert (dataset.array == IMAGES[..., None]).all()
    assert dataset.labels.tolist() == LABELS.tolist()
    assert len(np.unique(dataset.clusters)) == 5


@given(st.data())
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    path = tmp_path_factory.mktemp("idx") / "images"
    pack = data.draw(st.sampled_from([bytes, gzip.compress]))
    whole = pack(packed(IMAGES))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(InputError):
        read_idx(path)


def test_trailing_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(packed(IMAGES) + b"\0")
    with pytest.raises(InputError, match="holds more than the 60 bytes"):
        read_idx(tmp_path / "images")


@pytest.mark.parametrize("content", [b"", b"PNG", packed(IMAGES, kind=13), b"\0\0\x08\0", b"\0\0\x08\x05" + bytes(99)])
def test_another_format_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(InputError, match="no IDX file of unsigned bytes"):
        read_idx(tmp_path / "images")


def test_a_header_that_promises_too_much_is_refused_before_reading(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(b"\0\0\x08\x03" + b"\xff" * 12)
    with pytest.raises(InputError, match="more than the 1,073,741,824 allowed"):
        read_idx(tmp_path / "images")


def test_images_and_labels_swapped_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(packed(IMAGES))
    (tmp_path / "labels").write_bytes(packed(LABELS))
    with pytest.raises(InputError, match="check which file is which"):
        load_idx(tmp_path / "labels", tmp_path / "images", classes=CLASSES)


def test_a_label_outside_the_classes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(packed(IMAGES))
    (tmp_path / "labels").write_bytes(packed(LABELS))
    with pytest.raises(InputError, match=r"not in 0\.\.1"):
        load_idx(tmp_path / "images", tmp_path / "labels", classes=CLASSES[:2])


def test_different_counts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(packed(IMAGES))
    (tmp_path / "labels").write_bytes(packed(LABELS[:4]))
    with pytest.raises(InputError, match="differ in length"):
        load_idx(tmp_path / "images", tmp_path / "labels", classes=CLASSES)
