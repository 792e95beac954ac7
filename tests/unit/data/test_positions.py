"""Rows meet by position: what index a table has changes nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.files import TabularFile
from biasgate.data.sources.table import TableFile
from biasgate.errors import InputError

ROWS = 60
TABLE = pd.DataFrame(
    {
        "score": np.linspace(-1, 1, ROWS),
        "sex": ["F", "M"] * (ROWS // 2),
        "label": ["no", "yes"] * (ROWS // 2),
        "person": [f"p{row // 2}" for row in range(ROWS)],
    }
)
INDICES = {
    "numbered": pd.RangeIndex(ROWS),
    "shuffled": pd.Index(np.random.default_rng(3).permutation(ROWS)),
    "subset": pd.Index(np.arange(ROWS) * 7 + 100),
    "repeated": pd.Index([0, 1, 2] * (ROWS // 3)),
    "named": pd.Index([f"id{row}" for row in range(ROWS)], name="id"),
    "two levels": pd.MultiIndex.from_product([["a", "b"], range(ROWS // 2)]),
}


def load(path: Path, *, attributes: tuple[str, ...] = (), cluster: str | None = None) -> Dataset:
    source = TableFile(
        file=TabularFile(uri=str(path)),
        label="label",
        classes=("no", "yes"),
        numeric=("score",),
        attributes=attributes,
        cluster=cluster,
    )
    return source.load(path.parent)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_a_table_under_any_index_is_one_data_set(tmp_path: Path, index: pd.Index) -> None:
    def written(table: pd.DataFrame, name: str) -> Dataset:
        table.to_parquet(tmp_path / name)
        return load(tmp_path / name, attributes=("sex",), cluster="person")

    plain, found = written(TABLE, "plain.parquet"), written(TABLE.set_index(index), "found.parquet")
    assert found.digest == plain.digest
    assert ((found.attribute("sex") == "M") == (found.labels == 1)).all()


def test_a_data_set_drops_the_index_of_its_attributes() -> None:
    attributes = TABLE[["sex"]].set_index(INDICES["shuffled"])
    dataset = Dataset(
        samples=np.zeros((ROWS, 1), np.float32),
        labels=np.arange(ROWS) % 2,
        classes=("no", "yes"),
        attributes=attributes,
        clusters=np.arange(ROWS),
    )
    assert dataset.attributes.index.tolist() == list(range(ROWS))
    assert dataset.take(np.array([5, 2])).attribute("sex").tolist() == ["M", "F"]


@pytest.mark.parametrize("longer", [1, 2])
def test_a_csv_whose_rows_are_longer_than_its_header_is_refused(tmp_path: Path, longer: int) -> None:
    row = "1,F,yes" + ",x" * longer
    (tmp_path / "long.csv").write_text(f"score,sex,label\n{row}\n{row}\n")
    with pytest.raises(InputError, match="cannot be read as a table"):
        load(tmp_path / "long.csv")


def test_an_index_column_of_a_parquet_file_can_be_named_like_any_other(tmp_path: Path) -> None:
    TABLE.set_index("person").to_parquet(tmp_path / "people.parquet")
    assert len(set(load(tmp_path / "people.parquet", cluster="person").clusters)) == ROWS // 2
