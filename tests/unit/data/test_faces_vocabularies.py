"""Tables of published face sets hold only what they were published with; files that are left out are counted."""

from pathlib import Path

import pytest
from source_examples import EXAMPLES, Example, photograph

from biasgate.data.dataset import Dataset
from biasgate.data.source import DataSource, open_dataset
from biasgate.errors import InputError


def opened(example: Example) -> Dataset:
    return open_dataset(DataSource.build({"name": "t", "data": example.data}))


@pytest.mark.parametrize(
    ("kind", "file", "old", "new", "message"),
    [
        ("fairface", "fairface_label_val.csv", "East Asian", "Asian", "column 'race' has values outside the published"),
        ("fairface", "fairface_label_val.csv", "Female", "female", "column 'gender' has values outside the published"),
        ("fairface", "fairface_label_val.csv", "False", "maybe", "column 'service_test' has values outside"),
        ("celeba", "list_eval_partition.txt", ".jpg 2", ".jpg 3", "a partition is none of 0, 1 and 2"),
        ("action_units", "ActionUnit_Labels/SN001/SN001_au1.txt", "2,1", "2,6", "an intensity of 0 to 5"),
        ("action_units", "ActionUnit_Labels/SN001/SN001_au1.txt", "2,1", "2,1.5", "no table of whole numbers"),
    ],
)
def test_a_value_that_was_never_published_is_refused(
    tmp_path: Path, kind: str, file: str, old: str, new: str, message: str
) -> None:
    example = EXAMPLES[kind](tmp_path)
    path = tmp_path / file
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    chosen = {"partition": "test"} if kind == "celeba" else {}
    with pytest.raises(InputError, match=message):
        opened(Example(example.data | chosen, rows=example.rows))


def test_photographs_whose_names_say_too_little_are_counted(tmp_path: Path) -> None:
    example = EXAMPLES["utkface"](tmp_path)
    for name in ("61_1_20170109142408075.jpg", "117_0_0_20170109142408075.jpg"):
        photograph(tmp_path / name, (9, 9, 9))
    found = opened(example)
    assert len(found) == example.rows
    assert found.dropped == {"the file's name lacks an age, gender or race": 2}
