"""Whatever a table holds: CSV and Parquet of the same values are one set, and what cannot be read is one sentence."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.data.describe import describe, remarks
from biasgate.data.draft import draft
from biasgate.data.files import TabularFile
from biasgate.data.source import open_dataset
from biasgate.errors import InputError

settings.register_profile("tables", deadline=None, max_examples=60)
settings.load_profile("tables")

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=6).filter(str.strip)
NUMBERS = st.one_of(st.integers(-(2**24), 2**24), st.floats(-1e6, 1e6, width=32))
ROW = st.tuples(NUMBERS, TEXT, st.sampled_from(["no", "yes"]), TEXT)


def source(file: Path, **more: str) -> str:
    declared = {"label": "y", "classes": "[no, yes]", "numeric": "[x]", "attributes": "[g]", **more}
    fields = "".join(f"  {name}: {value}\n" for name, value in declared.items())
    return f"name: t\ndata:\n  kind: csv\n  file: {{uri: {file}}}\n{fields}"


def written(table: pd.DataFrame, folder: Path, suffix: str) -> Path:
    path = folder / f"t{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    return path


@given(rows=st.lists(ROW, min_size=1, max_size=12))
def test_csv_and_parquet_of_the_same_values_are_one_set(rows: list[tuple]) -> None:
    table = pd.DataFrame(rows, columns=["x", "g", "y", "who"])
    with TemporaryDirectory() as folder:
        paths = [written(table, Path(folder), suffix) for suffix in (".csv", ".parquet")]
        first, second = (open_dataset(source(path, cluster="who")) for path in paths)
    assert first.digest == second.digest
    assert first.attribute("g").tolist() == [text.strip() for text in table["g"]]
    assert len(set(first.clusters)) == len({text.strip() for text in table["who"]})


@given(rows=st.lists(st.tuples(NUMBERS, st.one_of(st.none(), TEXT)), min_size=1, max_size=12))
def test_missing_values_are_the_same_in_csv_and_parquet(rows: list[tuple]) -> None:
    table = pd.DataFrame(rows, columns=["x", "g"]).assign(y="no", g=lambda found: found["g"].astype("string"))
    with TemporaryDirectory() as folder:
        paths = [written(table, Path(folder), suffix) for suffix in (".csv", ".parquet")]
        first, second = (open_dataset(source(path, missing="{g: unknown}")) for path in paths)
    assert first.digest == second.digest
    assert (first.attribute("g") == "unknown").sum() >= table["g"].isna().sum()


def refusal(work: Callable[[], object]) -> str:
    """What is said when something is refused, and nothing else goes wrong."""
    try:
        work()
    except InputError as error:
        return str(error)
    return ""


def survives(path: Path) -> None:
    """A table is read and drafted, or refused in one sentence that names no folder of ours."""
    read = refusal(lambda: list(remarks(open_dataset(source(path)))))
    drafted = refusal(lambda: describe(open_dataset(draft(TabularFile(uri=str(path)), label="y"))))
    for said in (read, drafted):
        assert "\n" not in said
        assert "biasgate-" not in said


@given(content=st.one_of(st.binary(max_size=80), st.text(st.sampled_from('xgy,;"\n\r\t 01.eE-+\0é'), max_size=60)))
def test_any_bytes_of_a_csv_are_read_or_refused(content: bytes | str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        survives(path)
        path.write_bytes(b"x,g,y\n1,a,no\n" + path.read_bytes())
        survives(path)


@given(cut=st.integers(0, 900), flip=st.integers(0, 900), byte=st.integers(0, 255))
def test_any_damage_to_a_parquet_file_is_refused_or_harmless(cut: int, flip: int, byte: int) -> None:
    with TemporaryDirectory() as folder:
        path = written(pd.DataFrame({"x": [1.0, 2.0], "g": ["a", "b"], "y": ["no", "yes"]}), Path(folder), ".parquet")
        data = bytearray(path.read_bytes())
        data[flip % len(data)] = byte
        path.write_bytes(data[: len(data) - cut % len(data)] if cut % 3 else bytes(data))
        survives(path)


DAY = pd.Timestamp("2026-01-01")
VALUES = [True, 2**63 - 1, 0.5, float("inf"), "a", b"a", [1], {"a": 1}, Decimal("1.5"), DAY, None]


@pytest.mark.parametrize("first", VALUES, ids=repr)
@pytest.mark.parametrize("column", ["x", "g", "y"])
def test_a_column_of_any_type_is_read_or_refused(tmp_path: Path, column: str, first: object) -> None:
    columns = {"x": [1.0, 2.0], "g": ["a", "b"], "y": ["no", "yes"], column: [first, None]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    survives(tmp_path / "t.parquet")


COLUMNS = ["label", "classes", "labels", "numeric", "categorical", "attributes", "cluster", "weights"]
FIELDS = [*COLUMNS, "bins", "missing", "pool"]
WRITTEN = ["x", "g", "[x]", "[g, y]", "{x: [1]}", "{g: [a]}", "{g: {A: [a]}}", "{g: drop}", "null", "1"]


@given(changes=st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(WRITTEN)))
def test_any_fields_of_a_source_are_taken_or_refused(changes: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text("x,g,y\n1,a,no\n2,,yes\n")
        assert "\n" not in refusal(lambda: open_dataset(source(path, **changes)))
