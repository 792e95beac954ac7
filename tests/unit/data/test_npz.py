"""Data sets that travel in one file."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from biasgate.data.columns import Column
from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.data.sources import npz
from biasgate.data.sources.npz import load_npz, save_npz
from biasgate.errors import InputError


def rows(people: Dataset) -> Dataset:
    """The same people as rows of numbers with two labels each."""
    labels = np.stack([people.labels % 2, people.labels // 2], axis=1)
    samples = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2)
    return replace(people, samples=samples, labels=labels, classes=("smile", "frown"))


def weighted(people: Dataset) -> Dataset:
    return replace(people, weights=np.linspace(0.5, 2, 12))


@pytest.mark.parametrize("form", [lambda people: people, rows, weighted])
def test_a_set_comes_back_the_same(people: Dataset, tmp_path: Path, form) -> None:
    dataset = form(people)
    save_npz(dataset, str(tmp_path / "set.npz"))
    back = load_npz(str(tmp_path / "set.npz"))
    assert back.digest == dataset.digest
    assert back.name == dataset.name
    assert not back.clusters_declared


def test_that_the_source_declared_its_clusters_travels_too(people: Dataset, tmp_path: Path) -> None:
    save_npz(replace(people, clusters_declared=True), str(tmp_path / "set.npz"))
    assert load_npz(str(tmp_path / "set.npz")).clusters_declared


def test_what_the_source_did_and_said_travels_with_the_set(people: Dataset, tmp_path: Path) -> None:
    known = {
        "dropped": {"no value of sex": 3},
        "pooled": {"race": {"Other": {"Samoan": 1, "Tongan": 2}}},
        "notes": ("2 pictures: of 16 bits, the upper 8 are taken.",),
        "columns": (Column("age"), Column("job", 2, ("cook", "nurse"))),
        "collected": date(2026, 11, 1),
    }
    save_npz(replace(people, **known), str(tmp_path / "set.npz"))
    back = open_dataset(str(tmp_path / "set.npz"))
    assert {name: getattr(back, name) for name in known} == known


def test_a_file_of_an_earlier_version_is_read(people: Dataset, tmp_path: Path) -> None:
    save_npz(people, str(tmp_path / "set.npz"))
    with np.load(tmp_path / "set.npz") as arrays:
        np.savez(tmp_path / "old.npz", **{name: array for name, array in arrays.items() if name != "about"})
    assert load_npz(str(tmp_path / "old.npz")).digest == people.digest


def test_what_is_said_of_a_set_is_checked_like_a_document(people: Dataset, tmp_path: Path) -> None:
    save_npz(people, str(tmp_path / "set.npz"))
    with np.load(tmp_path / "set.npz") as arrays:
        others = {name: array for name, array in arrays.items() if name != "about"}
        np.savez(tmp_path / "bad.npz", about=np.array('{"dropped": 3}'), **others)
    with pytest.raises(InputError, match="dropped"):
        load_npz(str(tmp_path / "bad.npz"))


def test_equal_sets_make_equal_files(people: Dataset, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_npz(people, str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    np.savez(tmp_path / "set.npz", samples=np.array([Trap()], dtype=object), labels=np.zeros(1))
    with pytest.raises(InputError, match="plain arrays"):
        load_npz(str(tmp_path / "set.npz"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(InputError, match="plain arrays"):
        load_npz(str(tmp_path / "set.npz"))


GOOD = {
    "samples": np.zeros((2, 3), dtype=np.float32),
    "labels": np.array([0, 1]),
    "classes": np.array(["no", "yes"]),
    "units": np.array([0, 1]),
    "attribute:sex": np.array(["f", "m"]),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, "lacks labels"),
        ({"labels": np.array([0.0, 1.0])}, "not integers .*: number the labels"),
        ({"labels": np.array([0, 2])}, r"not in 0\.\.1"),
        ({"labels": np.array([0])}, "differ in length"),
        ({"samples": np.float32(0)}, "wrong number of axes"),
        ({"units": np.array([[0], [1]])}, "wrong number of axes"),
        ({"units": np.array(["a", "b"])}, "units are"),
        ({"samples": np.array([[0, 1, np.nan]] * 2, dtype=np.float32)}, "NaN or infinite"),
        ({"samples": np.zeros((2, 3))}, "samples are float64"),
        ({"samples": np.zeros((2, 8, 8, 2), dtype=np.uint8)}, r"samples are uint8 \[2, 8, 8, 2\]"),
        ({"attribute:sex": np.array(["f", ""])}, "1 of 2 rows have no 'sex'"),
        ({"attribute:sex": np.array([" \t", "m"])}, "1 of 2 rows have no 'sex', first row 1"),
        ({"attribute:sex": np.array(["f"])}, "attributes, weights and units differ in shape"),
    ],
)
def test_what_no_set_may_hold_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    arrays = {name: value for name, value in (GOOD | change).items() if value is not None}
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load_npz(str(tmp_path / "set.npz"))


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", **(GOOD | {k: v[:0] for k, v in GOOD.items() if k != "classes"}))
    with pytest.raises(InputError, match="the data set is empty"):
        load_npz(str(tmp_path / "set.npz"))


def test_only_the_arrays_of_a_data_set_are_unpacked(people: Dataset, tmp_path: Path) -> None:
    save_npz(people, str(tmp_path / "set.npz"))
    with ZipFile(tmp_path / "set.npz", "a") as packed:
        packed.writestr("more.npy", b"no array")
    assert load_npz(str(tmp_path / "set.npz")).digest == people.digest


def test_a_small_file_does_not_become_a_large_set(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "MAX_BYTES", 100_000)
    black = replace(people, samples=np.zeros((12, 100, 100, 3), np.uint8))
    save_npz(black, str(tmp_path / "set.npz"))
    assert (tmp_path / "set.npz").stat().st_size < 100_000
    with pytest.raises(InputError, match="more than the 100,000 allowed"):
        load_npz(str(tmp_path / "set.npz"))


def test_an_array_that_promises_more_than_it_holds_is_one_sentence(people: Dataset, tmp_path: Path) -> None:
    save_npz(people, str(tmp_path / "set.npz"))
    promised = io.BytesIO()
    np.lib.format.write_array_header_1_0(promised, {"descr": "|u1", "fortran_order": False, "shape": (2**50, 1, 1, 3)})
    with ZipFile(tmp_path / "set.npz") as packed, ZipFile(tmp_path / "lies.npz", "w") as lies:
        for name in packed.namelist():
            lies.writestr(name, promised.getvalue() if name == "samples.npy" else packed.read(name))
    with pytest.raises(InputError, match="plain arrays"):
        load_npz(str(tmp_path / "lies.npz"))


@pytest.mark.parametrize(
    ("array", "value", "fault"),
    [
        ("classes", np.array([["a"], ["b"]]), "number of axes"),
        ("classes", np.array(["a", "a", "b"]), "two classes have one name"),
        ("labels", np.zeros((12, 2, 2), int), r"labels are \[12, 2, 2\]"),
        ("labels", np.zeros((12, 9), int), r"labels are \[12, 9\]"),
        ("labels", np.zeros(11, int), "differ in length"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(people: Dataset, tmp_path: Path, array, value, fault) -> None:
    save_npz(people, str(tmp_path / "set.npz"))
    arrays = dict(np.load(tmp_path / "set.npz"))
    np.savez(tmp_path / "set.npz", **{**arrays, array: value})
    with pytest.raises(InputError, match=fault):
        load_npz(str(tmp_path / "set.npz"))
