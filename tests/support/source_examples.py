"""A small data set of each kind of source, written as its files are published, with what would spoil it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from biasgate.data.dataset import Dataset
from biasgate.data.sources.npz import save_npz


@dataclass(frozen=True)
class Example:
    """One source.

    Attributes:
        data: Its declaration.
        rows: Samples that it has.
        spoiled: A file, and text in it whose loss leaves a row without a value; ``None`` where no text says values.
    """

    data: dict[str, Any]
    rows: int
    spoiled: tuple[Path, str] | None = None


def photograph(path: Path, colour: tuple[int, int, int], *, size: tuple[int, int] = (178, 218)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def file(path: Path) -> dict[str, str]:
    return {"uri": str(path)}


def digits(folder: Path) -> Example:
    return Example({"kind": "digits"}, rows=5000)


def idx(folder: Path) -> Example:
    """Three images of 2 by 2 pixels."""
    for name, array in (("images", np.arange(12).reshape(3, 2, 2)), ("labels", np.array([0, 1, 1]))):
        header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (folder / name).write_bytes(header + array.astype(np.uint8).tobytes())
    data = {"kind": "idx", "images": file(folder / "images"), "labels": file(folder / "labels"), "classes": ["a", "b"]}
    return Example(data, rows=3)


def npz(folder: Path) -> Example:
    """Four rows of features."""
    dataset = Dataset(
        samples=np.arange(8, dtype=np.float32).reshape(4, 2),
        labels=np.array([0, 1, 0, 1]),
        classes=("no", "yes"),
        attributes=pd.DataFrame({"sex": ["f", "f", "m", "m"]}),
        clusters=np.array([0, 0, 1, 2]),
    )
    save_npz(dataset, str(folder / "four.npz"))
    return Example({"kind": "npz", "file": file(folder / "four.npz")}, rows=4)


def folder(folder: Path) -> Example:
    """Two images of 4 by 3 pixels."""
    for name in ("a.png", "deep/b.png"):
        photograph(folder / "images" / name, (200, 0, 0), size=(4, 3))
    table = written(folder / "table.csv", "file,who,sex,person\na.png,cat,f,1\ndeep/b.png,dog,male,2\n")
    data = {"kind": "folder", "folder": str(folder / "images"), "table": file(table), "size": [3, 4], "label": "who"}
    more = {"classes": ["cat", "dog"], "attributes": ["sex"], "cluster": "person"}
    return Example(data | more, rows=2, spoiled=(table, "male"))


def csv(folder: Path) -> Example:
    """Three rows of a number and a category."""
    rows = "30,Private,F,<=50K,a\n41.5,?,Male,>50K,b\n22,Private,F,<=50K,a\n"
    table = written(folder / "adult.csv", f"age,work,sex,income,person\n{rows}")
    data = {"kind": "csv", "file": file(table), "label": "income", "classes": ["<=50K", ">50K"], "numeric": ["age"]}
    more = {"categorical": {"work": ["?", "Private"]}, "attributes": ["sex"], "cluster": "person"}
    return Example(data | more, rows=3, spoiled=(table, "Male"))


def truth(folder: Path) -> Example:
    """Three rows that predictions can be joined with."""
    table = written(folder / "truth.csv", "id,sex,income\n007,F,<=50K\n7,Male,>50K\nx,F,<=50K\n")
    data = {"kind": "truth", "file": file(table), "label": "income", "classes": ["<=50K", ">50K"]}
    return Example(data | {"attributes": ["sex"], "key": "id"}, rows=3, spoiled=(table, "Male"))


def synthetic_faces(folder: Path) -> Example:
    leaning = {"attribute": "AU12", "follows": "gender", "strength": 0.5}
    data = {"kind": "synthetic_faces", "people": 4, "images": 2, "size": 16, "seed": 3, "correlations": [leaning]}
    return Example(data, rows=8)


def celeba(folder: Path) -> Example:
    """Three photographs of two persons."""
    names = "5_o_Clock_Shadow Male Smiling Young"
    rows = "000001.jpg -1  1  1 -1\n000002.jpg  1 -1 -1  1\n000003.jpg -1  1  1  1\n"
    table = written(folder / "list_attr_celeba.txt", f"3\n{names} \n{rows}")
    written(folder / "identity_CelebA.txt", "000001.jpg 2880\n000002.jpg 2937\n000003.jpg 2880\n")
    written(folder / "list_eval_partition.txt", "000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    for number in (1, 2, 3):
        photograph(folder / "img_align_celeba" / f"00000{number}.jpg", (60 * number, 0, 0))
    data = {"kind": "celeba", "folder": str(folder), "label": "Smiling", "attributes": ["Male"], "size": 16}
    return Example(data, rows=3, spoiled=(table, "000003.jpg -1"))


def utkface(folder: Path) -> Example:
    """Two photographs."""
    names = ("1_0_0_20161219140623097.jpg.chip.jpg", "part1/70_1_4_20170109150557335.jpg")
    for name in names:
        photograph(folder / name, (9, 9, 9), size=(200, 200))
    return Example({"kind": "utkface", "folder": str(folder), "label": "gender", "size": 16}, rows=2)


def fairface(folder: Path) -> Example:
    """Two photographs of the validation part."""
    rows = "val/1.jpg,3-9,Male,East Asian,False\nval/2.jpg,more than 70,Female,Latino_Hispanic,True\n"
    table = written(folder / "fairface_label_val.csv", f"file,age,gender,race,service_test\n{rows}")
    for number in (1, 2):
        photograph(folder / "val" / f"{number}.jpg", (9, 9, 9), size=(224, 224))
    data = {"kind": "fairface", "folder": str(folder), "label": "race", "partition": "val", "size": 16}
    return Example(data, rows=2, spoiled=(table, "Female"))


def action_units(folder: Path) -> Example:
    """Two subjects of DISFA, three frames each."""
    for subject, intensities in (("SN001", "013"), ("SN002", "200")):
        for unit, offset in ((1, 0), (12, 1)):
            lines = [f"{frame},{min(int(value) + offset, 5)}" for frame, value in enumerate(intensities, start=1)]
            written(folder / "ActionUnit_Labels" / subject / f"{subject}_au{unit}.txt", "\n".join(lines) + "\n")
        for frame in (1, 2, 3):
            photograph(folder / "frames" / subject / f"{frame:04}.jpg", (0, 60 * frame, 0), size=(80, 60))
    people = written(folder / "people.csv", "subject,gender\nSN001,female\nSN002,male\n")
    data = {"kind": "action_units", "folder": str(folder), "coding": "DISFA", "units": [12, 1], "size": 16}
    return Example(data | {"people": file(people)}, rows=6, spoiled=(people, "female"))


EXAMPLES: dict[str, Callable[[Path], Example]] = {
    make.__name__: make
    for make in (digits, idx, npz, folder, csv, truth, synthetic_faces, celeba, utkface, fairface, action_units)
}
"""By kind. A new kind adds its own, and passes every test of ``test_every_source.py``."""
