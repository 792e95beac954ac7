"""Tables of features."""

from pathlib import Path

import numpy as np
import pandas as pd
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
    assert dataset.samples.tolist() == [[30, 0, 1, 0], [41.5, 1, 0, 0], [22, 0, 1, 0]]
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
        (TABLE + "22,Private,F,<=50K,a,\n", {}, "cannot be read as a table: line 5 has 6 cells, and the header 5"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, text: str, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, text, **changes)


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
