"""Tables of features."""

import bz2
import gzip
import lzma
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.files import TabularFile
from biasgate.data.sources.table import TableFile
from biasgate.data.tables import read as tables
from biasgate.errors import InputError

TABLE = """age, work, sex, income, person
30, Private, F, <=50K, a
41.5, ?, M, >50K, b
22, Private, F, <=50K, a
"""
PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}
OPTIONS = {
    "label": "income",
    "classes": ("<=50K", ">50K"),
    "numeric": ("age",),
    "categorical": {"work": ("?", "Private", "State")},
    "attributes": ("sex",),
    "cluster": "person",
}


def load(folder: Path, text: str = TABLE, **changes) -> Dataset:
    (folder / "adult.csv").write_text(text)
    return read(folder / "adult.csv", **changes)


def read(path: Path, **changes) -> Dataset:
    return TableFile(file=TabularFile(uri=str(path)), **(OPTIONS | changes)).load(path.parent)


def test_numbers_stay_and_categories_become_one_hot(tmp_path: Path) -> None:
    dataset = load(tmp_path)
    assert dataset.array.tolist() == [[30, 0, 1, 0], [41.5, 1, 0, 0], [22, 0, 1, 0]]
    assert dataset.samples.dtype == np.float32
    assert dataset.labels.tolist() == [0, 1, 0]
    assert dataset.attribute("sex").tolist() == ["F", "M", "F"]
    assert dataset.clusters.tolist() == [0, 1, 0]


def test_parquet_and_csv_give_the_same_set(tmp_path: Path) -> None:
    from_csv = load(tmp_path)
    pd.read_csv(tmp_path / "adult.csv", skipinitialspace=True).to_parquet(tmp_path / "adult.parquet")
    assert read(tmp_path / "adult.parquet").digest == from_csv.digest


def test_the_word_none_is_a_value_and_not_a_gap(tmp_path: Path) -> None:
    assert load(tmp_path, TABLE.replace("M,", "None,")).attribute("sex").tolist() == ["F", "None", "F"]


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        (TABLE, {"label": "wage"}, r"no column 'wage'.*it has age, work, sex, income, person"),
        (TABLE, {"attributes": ("race",)}, "no column 'race'"),
        (TABLE, {"cluster": "family"}, "no column 'family'"),
        (TABLE, {"numeric": ("work",)}, "column 'work' is not numeric"),
        (TABLE, {"numeric": (), "categorical": {}}, "no feature columns"),
        (
            TABLE,
            {"categorical": {"work": ("Private",)}},
            r"'work' has values outside the categories: \? \(1 row\), first in row 2",
        ),
        (TABLE, {"classes": ("<=50K", "rich")}, "outside the classes: >50K"),
        (TABLE.replace("30,", "inf,"), {}, "column 'age' is infinite in row 1"),
        (TABLE.replace("30,", ","), {}, "1 of 3 rows have no 'age'"),
        (TABLE.replace("M,", ","), {}, "1 of 3 rows have no 'sex'"),
        (TABLE.splitlines()[0], {}, "no rows"),
        ("", {}, "cannot be read as a table"),
        (TABLE + '22,"Private\n', {}, "cannot be read as a table: a quote opened in line 5 is never closed"),
        (TABLE + "22,Private,F,<=50K,a,\n", {}, "row 4 in line 5 has 6 cells, and the header 5"),
        (TABLE + "\n22,Private,F,<=50K\n", {}, "row 4 in line 6 has 4 cells, and the header 5"),
        (TABLE + "22\n", {"numeric": ("age",)}, "row 4 in line 5 has 1 cell, and the header 5"),
        (TABLE.replace("person\n", "person,\n"), {}, "row 1 in line 2 has 5 cells, and the header 6"),
        (TABLE + '22,"Priv"ate,F,<=50K,a\n', {}, "a closing quote in line 5 does not end its cell"),
        (TABLE + '22,"' + "x" * 2**18 + '",F,<=50K,a\n', {}, "a cell in line 5 has more than 131,072 characters"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, text: str, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, text, **changes)


def test_a_cell_that_is_there_and_empty_is_missing_and_lines_of_blanks_are_no_rows(tmp_path: Path) -> None:
    found = load(tmp_path, TABLE.replace("M,", '"",') + "\n   \n", missing={"sex": "unknown"})
    assert found.attribute("sex").tolist() == ["F", "unknown", "F"]


def test_a_wide_and_long_table_is_read_whole(tmp_path: Path) -> None:
    wide = ",0" * 60
    header = "age,work,sex,income,person" + "".join(f",c{column}" for column in range(60))
    rows = "".join(f"{row},Private,{'F' if row % 3 else '2A'},<=50K,p{row}{wide}\n" for row in range(70_000))
    found = load(tmp_path, f"{header}\n{rows}")
    assert found.array[:, 0].tolist() == list(range(70_000))
    assert (found.attribute("sex") == "2A").sum() == 23_334


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_compressed_table_is_read_and_one_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"adult.csv{suffix}"
    pd.read_csv(StringIO(TABLE), skipinitialspace=True).to_csv(tmp_path / "plain.csv", index=False)
    content = (tmp_path / "plain.csv").read_bytes()
    path.write_bytes(PACK[suffix](content))
    assert read(path).digest == load(tmp_path).digest
    path.write_bytes(PACK[suffix](content)[:-9])
    with pytest.raises(InputError, match="cannot be read as a table"):
        read(path)


def test_a_folder_is_all_its_files_of_one_kind_but_the_hidden_ones(tmp_path: Path) -> None:
    folder = tmp_path / "people"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / "1.csv").write_text(TABLE)
    (folder / "2.CSV.gz").write_bytes(gzip.compress(TABLE.encode()))
    (folder / ".ipynb_checkpoints" / "1-checkpoint.csv").write_text(TABLE)
    (folder / "notes.txt").write_text("not a table")
    assert len(read(folder)) == 6
    pd.read_csv(StringIO(TABLE), skipinitialspace=True).to_parquet(folder / "3.parquet")
    with pytest.raises(InputError, match=r"holds both Parquet and CSV, such as 3\.parquet and 1\.csv"):
        read(folder)


@pytest.mark.parametrize("separator", ['"', "\n"])
def test_a_separator_that_cannot_be_one_is_refused(tmp_path: Path, separator: str) -> None:
    (tmp_path / "adult.csv").write_text(TABLE)
    file = TabularFile(uri=str(tmp_path / "adult.csv"), separator=separator)
    with pytest.raises(InputError, match="cannot separate cells"):
        TableFile(file=file, **OPTIONS).load(tmp_path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adult.parquet").write_text(TABLE)
    with pytest.raises(InputError, match="cannot be read as a table"):
        read(tmp_path / "adult.parquet")


def test_sampling_weights_are_kept_in_full(tmp_path: Path) -> None:
    text = TABLE.replace("person\n", "person, weight\n").replace(", a\n", ", a, 0.1\n").replace(", b\n", ", b, 1e9\n")
    assert load(tmp_path, text, weights="weight").weights.tolist() == [0.1, 1e9, 0.1]
    assert load(tmp_path, text).weights is None
    with pytest.raises(InputError, match=r"column 'weight' has a weight that is not above zero in row 2"):
        load(tmp_path, text.replace("1e9", "-1"), weights="weight")
    with pytest.raises(InputError, match="1 of 3 rows have no 'weight', first row 2"):
        load(tmp_path, text.replace("1e9", ""), weights="weight")


def test_a_table_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    (tmp_path / "people.csv").write_text("sex\nf\nm\nf\n")
    with pytest.raises(InputError, match="over 2 rows"):
        tables.read_table(tmp_path / "people.csv", text=["sex"])


def test_a_table_that_says_it_has_too_many_rows_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    file = tmp_path / "people.parquet"
    pd.DataFrame({"sex": ["f", "m", "f"]}).to_parquet(file)
    damaged = bytearray(file.read_bytes())
    damaged[4:40] = bytes(36)  # its cells; what it says of itself stands at its end
    file.write_bytes(damaged)
    with pytest.raises(InputError, match="over 2 rows"):
        tables.read_table(file, text=["sex"])
