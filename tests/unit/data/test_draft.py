"""A source is drafted from one look at a table, and is then what it says."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from biasgate.data.draft import draft
from biasgate.data.files import TabularFile
from biasgate.data.source import DataSource, open_dataset
from biasgate.data.sources.table import TableFile
from biasgate.errors import InputError

PEOPLE = pd.DataFrame(
    {
        "patient_id": [f"p{row // 2}" for row in range(100)],
        "age": range(100),
        "hours": [row * 0.5 for row in range(100)],
        "work": ["private", "state", None, "none: self"] * 25,
        "sex": ["F", "M", None, "F"] * 25,
        "note": [f"free text {row}" for row in range(100)],
        "income": ["<=50K", ">50K"] * 50,
        "fnlwgt": range(1, 101),
    }
)


def drafted(path: Path, **more) -> str:
    return draft(TabularFile(uri=str(path)), **more)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def test_a_draft_describes_the_table_as_it_is(people: Path) -> None:
    text = drafted(people)
    data = DataSource.parse(text).data
    assert isinstance(data, TableFile)
    assert data.label == "income"
    assert data.classes == ("<=50K", ">50K")
    assert data.numeric == ("hours",)
    assert data.categorical == {"work": ("none: self", "private", "state")}
    assert data.attributes == ("age", "sex")
    assert data.bins == {"age": (25, 50, 75)}
    assert data.missing == {"work": "drop", "sex": "unknown"}
    assert data.cluster is None
    assert data.weights is None


def test_what_a_table_cannot_say_is_a_comment(people: Path) -> None:
    lines = drafted(people).splitlines()
    assert any(line.startswith("  # cluster: patient_id   # 50 values") for line in lines)
    assert any(line.startswith("  # weights: fnlwgt") for line in lines)
    assert any(line.startswith("  # left out: note (100 values") for line in lines)


def test_a_draft_without_attributes_asks_for_them(tmp_path: Path) -> None:
    PEOPLE.rename(columns={"sex": "Geschlecht", "age": "Alter"}).to_csv(tmp_path / "leute.csv", index=False)
    text = drafted(tmp_path / "leute.csv")
    assert "  attributes: []   # name the columns that a decision should not depend on" in text.splitlines()


def test_a_draft_is_read_without_a_change(people: Path) -> None:
    found = open_dataset(drafted(people))
    assert len(found) == 75
    assert found.dropped == {"no value of work": 25}


def test_a_draft_is_fixed_when_the_table_changes(people: Path) -> None:
    text = drafted(people)
    people.write_text(people.read_text() + "p1,30,1.0,farm,F,note,<=50K,3\n")
    with pytest.raises(InputError, match=r"values outside the categories: farm"):
        open_dataset(text)


def test_parquet_gives_the_same_draft_as_csv(people: Path, tmp_path: Path) -> None:
    PEOPLE.to_parquet(tmp_path / "people.parquet")
    other = drafted(tmp_path / "people.parquet").replace("people.parquet", "people.csv")
    assert other == drafted(people)


def test_the_label_is_named_when_it_cannot_be_told(tmp_path: Path) -> None:
    pd.DataFrame({"a": range(60), "b": [f"x{row}" for row in range(60)]}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=r"no column can be told to be the label.*--label"):
        drafted(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"no column 'c'.*it has a, b"):
        drafted(tmp_path / "t.csv", label="c")


def test_a_column_that_is_no_text_is_left_out_with_its_reason(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0], "parts": [[1], [2]], "sex": ["f", "m"], "y": ["no", "yes"]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    text = drafted(tmp_path / "t.parquet")
    assert "# left out: parts (column 'parts' holds list<" in text
    assert len(open_dataset(text)) == 2


@pytest.mark.parametrize("name", ["a: b", "no", "#x", "1", "é", "{", "*a", 'say "x"', "a, b"])
def test_names_that_yaml_would_read_otherwise_are_quoted(tmp_path: Path, name: str) -> None:
    columns = {"x": [1.0, 2.0], f"sex {name}": ["f", "m"], name: ["a", "b"], "label": [name, "yes"]}
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    found = open_dataset(drafted(tmp_path / "t.csv"))
    assert found.classes == tuple(sorted([name, "yes"]))
    assert f"sex {name}" in found.attributes


def test_a_folder_of_images_with_a_table_is_drafted(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("L", (6, 4)).save(tmp_path / "images" / name)
    (tmp_path / "table.csv").write_text("path,smile,gender\na.png,no,f\nb.png,yes,m\n")
    found = open_dataset(drafted(tmp_path))
    assert found.samples.shape == (2, 4, 6, 1)
    assert found.attribute("gender").tolist() == ["f", "m"]
    (tmp_path / "images" / "a.png").unlink()
    with pytest.raises(InputError, match=r"no folder holds a\.png"):
        drafted(tmp_path)
