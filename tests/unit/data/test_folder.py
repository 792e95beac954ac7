"""Folders of images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from biasgate.data.dataset import Dataset
from biasgate.data.files import TabularFile
from biasgate.data.sources.folder import ImageFolder
from biasgate.errors import InputError

TABLE = "file,who,sex,person\na.png,cat,f,1\ndeep/b.png,dog,m,2\n"
PIXELS = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two RGB images, 3 high and 4 wide, one of them in a subfolder."""
    (tmp_path / "images" / "deep").mkdir(parents=True)
    for name, pixels in zip(("a.png", "deep/b.png"), PIXELS, strict=True):
        Image.fromarray(pixels).save(tmp_path / "images" / name)
    return tmp_path / "images"


def load(folder: Path, table: str = TABLE, **changes) -> Dataset:
    path = folder.parent / "table.csv"
    path.write_text(table)
    options = {
        "size": (3, 4), "channels": 3, "file": "file", "label": "who", "classes": ("cat", "dog"),
        "attributes": ("sex",), "cluster": "person",
    }  # fmt: skip
    return ImageFolder(folder=str(folder), table=TabularFile(uri=str(path)), **(options | changes)).load(folder.parent)


def test_images_labels_and_attributes_follow_the_table(folder: Path) -> None:
    dataset = load(folder)
    assert (dataset.array == PIXELS).all()
    assert dataset.labels.tolist() == [0, 1]
    assert dataset.attribute("sex").tolist() == ["f", "m"]


def test_colour_becomes_grey_when_one_channel_is_wanted(folder: Path) -> None:
    assert load(folder, channels=1).samples.shape == (2, 3, 4, 1)


def test_an_image_of_another_size_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"the image is 3x4, not 4x3.*a\.png"):
        load(folder, size=(4, 3))


@pytest.mark.parametrize("entry", ["../secret.png", "/etc/passwd", "deep/../../secret.png"])
def test_a_path_out_of_the_folder_is_refused(folder: Path, entry: str) -> None:
    Image.fromarray(PIXELS[0]).save(folder.parent / "secret.png")
    with pytest.raises(InputError, match="leaves the image folder"):
        load(folder, TABLE.replace("a.png", entry))


def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    Image.fromarray(PIXELS[0]).save(folder.parent / "secret.png")
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    with pytest.raises(InputError, match="leaves the image folder"):
        load(folder, TABLE.replace("a.png", "link.png"))


@pytest.mark.parametrize("damage", [lambda data: b"no image", lambda data: data[:50], lambda data: b"%!PS-Adobe-3.0\n"])
def test_a_damaged_or_foreign_image_is_refused(folder: Path, damage) -> None:
    (folder / "a.png").write_bytes(damage((folder / "a.png").read_bytes()))
    with pytest.raises(InputError, match=r"image.*a\.png"):
        load(folder)


def test_a_missing_image_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"the image is not there.*c\.png"):
        load(folder, TABLE.replace("a.png", "c.png"))


def test_a_missing_file_column_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="no column 'path'"):
        load(folder, file="path")


def test_images_that_the_table_does_not_list_are_counted(folder: Path) -> None:
    Image.fromarray(PIXELS[0]).save(folder / "more.png")
    (folder / "notes.txt").write_text("no image")
    assert load(folder).dropped == {"the table does not list the image": 1}


def test_rows_that_are_dropped_need_no_image(folder: Path) -> None:
    found = load(folder, TABLE + "nowhere.png,cat,,3\n", missing={"sex": "drop"})
    assert found.digest == load(folder).digest
    assert found.dropped == {"no value of sex": 1}
