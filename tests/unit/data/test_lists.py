"""Columns of lists: tokens of a text, as Parquet keeps them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from biasgate.data.columns import split
from biasgate.data.dataset import Dataset
from biasgate.data.draft import draft
from biasgate.data.files import TabularFile
from biasgate.data.source import open_dataset
from biasgate.errors import InputError

TOKENS = [[101, 7, 0], [101, 8, 9], [101, 0, 0]]


def read(folder: Path, tokens: Any, *, kind: pa.DataType | None = None, **declared: Any) -> Dataset:
    people = {"age": [31, 54, 27], "label": ["no", "yes", "no"], "sex": ["f", "m", "f"]}
    pq.write_table(pa.table({"tokens": pa.array(tokens, kind), **people}), folder / "texts.parquet")
    fields = {"lists": "{tokens: 3}", **declared}
    lines = [f"  {name}: {value}" for name, value in fields.items()]
    (folder / "texts.yaml").write_text(
        f"name: texts\ndata:\n  kind: csv\n  file: {{uri: {folder}/texts.parquet}}\n  label: label\n"
        '  classes: ["no", "yes"]\n  attributes: [sex]\n' + "\n".join(lines)
    )
    return open_dataset(str(folder / "texts.yaml"))


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.large_list(pa.int32()), pa.list_(pa.float32(), 3)])
def test_lists_are_features_of_one_column_behind_the_numbers(tmp_path: Path, kind: pa.DataType):
    found = read(tmp_path, TOKENS, kind=kind, numeric="[age]")
    np.testing.assert_array_equal(np.asarray(found.samples)[:, 0], [31, 54, 27])
    np.testing.assert_array_equal(split(found.samples, found.columns)["tokens"], TOKENS)


REFUSED = {
    "another length": ([[1, 2, 3], [1, 2], [1, 2, 3]], None, "lists of 3 numbers, and row 2 has 2"),
    "no list": ([[1, 2, 3], [1, 2, 3], None], None, "row 3 has 0"),
    "a gap": ([[1, 2, 3], [1, None, 3], [1, 2, 3]], None, "has a gap in the list of row 2"),
    "text": ([["a", "b", "c"]] * 3, None, "not lists of numbers"),
    "numbers": ([1, 2, 3], None, "not lists of numbers"),
    "whole numbers that become one": ([[1, 2, 3], [1, 2, 3], [2**53, 2, 2**53 + 1]], pa.list_(pa.int64()), "row 3"),
}


@pytest.mark.parametrize(("tokens", "kind", "sentence"), REFUSED.values(), ids=REFUSED)
def test_lists_that_are_no_features_are_refused_with_the_row(tmp_path: Path, tokens: Any, kind: Any, sentence: str):
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, tokens, kind=kind)


def test_rows_that_are_left_out_take_their_lists_with_them(tmp_path: Path):
    columns = {"tokens": TOKENS, "label": ["no", None, "yes"]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (tmp_path / "t.yaml").write_text(
        f"name: t\ndata: {{kind: csv, file: {{uri: {tmp_path}/t.parquet}}, label: label, classes: ['no', 'yes'], "
        "attributes: [], lists: {tokens: 3}, missing: {label: drop}}\n"
    )
    np.testing.assert_array_equal(open_dataset(str(tmp_path / "t.yaml")).samples, [TOKENS[0], TOKENS[2]])


def test_a_draft_declares_lists_of_one_length_and_leaves_others_out(tmp_path: Path):
    ragged, labels = [[1], [1, 2], [1]], ["no", "yes", "no"]
    pq.write_table(pa.table({"tokens": TOKENS, "ragged": ragged, "label": labels}), tmp_path / "t.parquet")
    text = draft(TabularFile(uri=str(tmp_path / "t.parquet")))
    assert "lists: {tokens: 3}" in text
    assert "# left out: ragged" in text
    np.testing.assert_array_equal(open_dataset(text).samples, TOKENS)
