"""A set of pictures that stays in its files is the set that lies in memory, in all but its memory."""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from biasgate.data import rows, stored
from biasgate.data.copies import counted_once
from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.data.stored import StoredPictures
from biasgate.errors import InputError

SHAPE = (6, 8, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (30, *SHAPE), dtype=np.uint8)
PIXELS[7] = PIXELS[3]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pictures, of which two are the same, with their table and data source."""
    folder = tmp_path_factory.mktemp("set")
    (folder / "images").mkdir()
    for place, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(folder / "images" / f"{place:02}.png")
    lines = [f"{place:02}.png,{'cat' if place % 2 else 'dog'},same" for place in range(len(PIXELS))]
    (folder / "table.csv").write_text("\n".join(["file,kind,place", *lines]))
    (folder / "data.yaml").write_text(
        f"name: pictures\ndata: {{kind: folder, folder: {folder}/images, table: {{uri: {folder}/table.csv}}, "
        f"size: {list(SHAPE[:2])}, label: kind, classes: [cat, dog], attributes: [place]}}\n"
    )
    return folder


def opened(folder: Path, *, kept: int) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "KEPT", kept)
        return open_dataset(str(folder / "data.yaml"))


def test_a_set_that_fits_lies_in_memory_and_a_larger_one_in_its_files(pictures: Path):
    assert isinstance(opened(pictures, kept=PIXELS.size).samples, np.ndarray)
    assert isinstance(opened(pictures, kept=PIXELS.size - 1).samples, StoredPictures)


def test_both_have_the_same_digests_rows_and_copies(pictures: Path):
    near, far = opened(pictures, kept=PIXELS.size), opened(pictures, kept=0)
    assert far.digest == near.digest
    assert (far.row_digests == near.row_digests).all()
    assert (far.array == near.array).all()
    counted = [counted_once(dataset) for dataset in (near, far)]
    assert [one.copies for one in counted] == [1, 1]
    assert (counted[0].dataset.clusters == counted[1].dataset.clusters).all()


@settings(max_examples=25, deadline=None)
@given(some=st.lists(st.integers(0, len(PIXELS) - 1), max_size=9), mask=st.integers(0, 2 ** len(PIXELS) - 1))
def test_any_rows_are_those_of_the_array(pictures: Path, some: list[int], mask: int):
    dataset = opened(pictures, kept=0)
    for chosen in (np.array(some, np.int64), np.array([bool(mask >> place & 1) for place in range(len(PIXELS))])):
        taken = dataset.take(chosen)
        assert isinstance(taken.samples, StoredPictures)
        assert (taken.samples.shape, taken.samples.size) == (PIXELS[chosen].shape, PIXELS[chosen].size)
        assert (taken.samples[:] == PIXELS[chosen]).all()


def test_a_picture_that_changed_since_it_was_read_is_refused(tmp_path: Path):
    path = tmp_path / "a.png"
    Image.fromarray(PIXELS[0]).save(path)

    def read(path: Path, _: Any) -> np.ndarray:
        return np.asarray(Image.open(path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "KEPT", 0)
        samples = stored.read_pictures([path], shape=SHAPE, read=read)["samples"]
    Image.fromarray(PIXELS[1]).save(path)
    with pytest.raises(InputError, match=r"changed while it was used \[.*a\.png\]"):
        samples[:]


@pytest.mark.parametrize("kept", [0, 1 << 20])
def test_all_pictures_that_cannot_be_used_are_told_at_once(pictures: Path, kept: int, tmp_path: Path):
    table = pd.read_csv(pictures / "table.csv")
    table.loc[[4, 20], "file"] = ["absent.png", "../table.csv"[3:]]
    table.to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "data.yaml").write_text(
        (pictures / "data.yaml").read_text().replace(f"{pictures}/table.csv", f"{tmp_path}/table.csv")
    )
    told = (
        r"2 of 30 images cannot be used: the image is not there \[.*absent\.png\]; .*table\.csv\].*or drop their rows"
    )
    with pytest.raises(InputError, match=told):
        opened(tmp_path, kept=kept)


def test_a_large_set_takes_the_memory_of_a_few_pictures(tmp_path: Path):
    shape, count = (64, 64, 3), 3_000

    def read(path: Path, _: Any) -> np.ndarray:
        return np.full(shape, int(path.name) % 256, np.uint8)

    paths = [tmp_path / str(place) for place in range(count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "KEPT", 1 << 20)
        patch.setattr(rows, "BYTES", 1 << 20)
        tracemalloc.start()
        samples = stored.read_pictures(paths, shape=shape, read=read)["samples"]
        labels, numbers = np.zeros(count, np.int64), np.arange(count)
        dataset = Dataset(samples, labels, ("a", "b"), pd.DataFrame(index=numbers), numbers)
        assert dataset.digest == replace(dataset).digest
        assert len(np.unique(dataset.row_digests)) == 16
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert samples.size == count * 64 * 64 * 3
    assert peak < samples.size / 4
