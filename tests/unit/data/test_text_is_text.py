"""Cells mean what they say: no code becomes a number, no number a date, no date a number."""

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.source import DataSource, open_dataset
from biasgate.errors import InputError

ROWS = 12


def load(file: Path, *, classes: str = "[no, yes]", **more: str) -> Dataset:
    declared = {"numeric": "[x]", "attributes": "[site]", **more}
    fields = ", ".join(f"{name}: {value}" for name, value in declared.items())
    text = f"name: t\ndata: {{kind: csv, file: {{uri: {file}}}, label: label, classes: {classes}, {fields}}}\n"
    return open_dataset(DataSource.parse(text, where="test"))


def csv(folder: Path, *, site: list[str], label: list[str] | None = None, x: list[str] | None = None) -> Path:
    rows = zip(x or ["0.5"] * len(site), site, label or ["no", "yes"] * (len(site) // 2), strict=True)
    (folder / "t.csv").write_text("x,site,label\n" + "".join(",".join(row) + "\n" for row in rows))
    return folder / "t.csv"


def parquet(folder: Path, **columns) -> Path:
    usual = {"x": np.linspace(0, 1, ROWS), "site": ["a", "b"] * 6, "label": ["no", "yes"] * 6}
    pq.write_table(pa.table(usual | columns), folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize(
    "codes",
    [
        ["01", "1"],
        ["007", "7"],
        ["1E2", "100"],
        ["1.0", "1"],
        ["1_000", "1000"],
        ["0x10", "16"],
        ["True", "true"],
        ["NA", "None"],
        ["2A", "02"],
        ["12345678901234567890.1", "12345678901234567890.2"],
        ["2026-01-01", "20260101"],
    ],
)
def test_codes_of_a_csv_column_stay_what_they_are_whatever_stands_beside_them(tmp_path, codes):
    found = load(csv(tmp_path, site=codes * 2), unit="site")
    assert found.attribute("site").tolist() == codes * 2
    assert len(set(found.clusters)) == 2


def test_blanks_around_a_cell_are_no_part_of_it(tmp_path):
    assert load(csv(tmp_path, site=[" a", "a ", "a", " a "])).attribute("site").tolist() == ["a"] * 4
    assert set(load(parquet(tmp_path, site=[" a", "a "] * 6)).attribute("site")) == {"a"}


@pytest.mark.parametrize(
    ("classes", "label"),
    [
        ("[0, 1]", ["0", "1"]),
        ("[0, 1]", ["0.0", "1.0"]),
        ("[false, true]", ["False", "TRUE"]),
        ("[0, 1]", ["False", "true"]),
        ("[false, true]", ["0.0", "1"]),
        ("[no, yes]", ["no", "yes"]),
        ('["0", "1"]', ["0.0", "1"]),
    ],
)
def test_labels_are_read_in_any_spelling_of_their_value(tmp_path, classes, label):
    assert load(csv(tmp_path, site=["a"] * 4, label=label * 2), classes=classes).labels.tolist() == [0, 1, 0, 1]


def test_a_spelling_that_could_be_two_classes_is_refused(tmp_path):
    file = csv(tmp_path, site=["a"] * 4, label=["01", "1", "1.0", "1.0"])
    with pytest.raises(InputError, match=r"outside the classes: 1\.0"):
        load(file, classes='["1", "01", "1.00"]')
    with pytest.raises(InputError, match=r"outside the classes: 1\.0"):
        load(file, classes='["1", "01", "true"]')
    with pytest.raises(InputError, match="outside the classes: 01"):
        load(file, classes='["1", "2"]')


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array(range(3)), ["0", "1", "2"]),
        (pa.array([True, False, True]), ["true", "false", "true"]),
        (pa.array([0.5, 1.0, 2.0]), ["0.5", "1.0", "2.0"]),
        (pa.array(["x", "y", "z"]).dictionary_encode(), ["x", "y", "z"]),
        (pa.array([datetime.date(2026, 1, day) for day in (1, 2, 3)]), ["2026-01-01", "2026-01-02", "2026-01-03"]),
        (pa.array([Decimal("1.10"), Decimal("1.20"), Decimal("1.30")]), ["1.10", "1.20", "1.30"]),
    ],
)
def test_attributes_of_a_parquet_file_keep_their_values(tmp_path, column, values):
    assert load(parquet(tmp_path, site=pa.concat_arrays([column] * 4))).attribute("site").tolist() == values * 4


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([datetime.datetime(2026, 1, 1, 0, 0, s) for s in range(ROWS)]), "holds timestamp.* not numbers"),
        (pa.array([datetime.date(2026, 1, 1 + s) for s in range(ROWS)]), "holds date32.* not numbers"),
        (pa.array(pd.to_timedelta(np.arange(ROWS), "h")), "holds duration.* not numbers"),
        (pa.array([[1.0]] * ROWS), "holds list.* not numbers"),
        (pa.array([{"a": 1}] * ROWS), "holds struct.* not numbers"),
        (pa.array(1_700_000_000 + np.arange(ROWS)), "one in 32 bits, such as 1700000000 and 1700000001"),
        (pa.array([1.0] * 11 + [-1e-46]), "0 in 32 bits, such as -1e-46 in row 12.*take its logarithm"),
        (pa.array([None, *range(ROWS - 1)], pa.int64()), "1 of 12 rows have no 'x', first row 1"),
        (pa.array([0.0] * 5 + [np.nan] * 7), "7 of 12 rows have no 'x', first row 6"),
    ],
)
def test_a_numeric_column_of_a_parquet_file_holds_numbers(tmp_path, column, message):
    with pytest.raises(InputError, match=message):
        load(parquet(tmp_path, x=column))


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1,5", "٣", "1e", "--1", "1 000", "true", "2026-01-01"])
def test_a_numeric_column_of_a_csv_file_holds_decimal_numbers(tmp_path, cell):
    file = csv(tmp_path, site=["a"] * 4, x=["1", "2", f'"{cell}"', "4"])
    with pytest.raises(InputError, match=r"column 'x' is not numeric: row 3 holds"):
        load(file)


def test_a_number_that_32_bits_hold_only_as_zero_is_refused_and_zero_is_not(tmp_path):
    with pytest.raises(InputError, match=r"column 'x' holds numbers that are 0 in 32 bits, such as 1e-300 in row 3"):
        load(csv(tmp_path, site=["a"] * 4, x=["0", "0.0", "1e-300", "-0"]))
    with pytest.raises(InputError, match=r"64 bits hold only as 0, such as -0\.00002e-400"):
        load(csv(tmp_path, site=["a"] * 4, x=["0", "-0.00002e-400", "1", "1"]))
    assert load(csv(tmp_path, site=["a"] * 4, x=["0", "0e-999", "1e-44", "-0"])).array.astype(bool).sum() == 1


def test_decimal_numbers_of_a_csv_file_are_read(tmp_path):
    file = csv(tmp_path, site=["a"] * 6, x=["1", "+2.5", "-.5", "1e3", "2.", "1.5E-1"])
    assert load(file).array.ravel().tolist() == pytest.approx([1, 2.5, -0.5, 1000, 2, 0.15])


def test_bytes_and_lists_are_no_attributes(tmp_path):
    for column in (pa.array([b"a"] * ROWS), pa.array([["a"]] * ROWS)):
        with pytest.raises(InputError, match=r"column 'site' holds .*, not text"):
            load(parquet(tmp_path, site=column))


def test_a_column_that_stands_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("x,site,site,label\n1,a,b,no\n2,a,b,yes\n")
    with pytest.raises(InputError, match="2 columns are called 'site'"):
        load(tmp_path / "t.csv")
    columns = [pa.array([1.0, 2.0]), pa.array(["a", "a"]), pa.array(["b", "b"]), pa.array(["no", "yes"])]
    pq.write_table(pa.table(columns, names=["x", "site", "site", "label"]), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="2 columns are called 'site'"):
        load(tmp_path / "t.parquet")


def test_parquet_is_known_by_its_ending_in_any_case_and_as_a_folder(tmp_path):
    plain = load(parquet(tmp_path))
    (tmp_path / "t.parquet").rename(tmp_path / "T.PARQUET")
    assert load(tmp_path / "T.PARQUET").digest == plain.digest
    (tmp_path / "parts").mkdir()
    (tmp_path / "T.PARQUET").rename(tmp_path / "parts" / "part-0.parquet")
    assert load(tmp_path / "parts").digest == plain.digest
