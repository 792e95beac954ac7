"""``biasgate data``: a table is drafted and described by people who have only the table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
ROWS = [(row, "" if row % 6 == 0 else "FM"[row % 2], 18 + row, ("no", "yes")[row % 2]) for row in range(60)]
PEOPLE = "x;sex;age;approved\n" + "".join(f"{row},5;{sex};{age};{label}\n" for row, sex, age, label in ROWS)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(PEOPLE)
    return tmp_path / "people.csv"


def options(table: Path) -> tuple[Any, ...]:
    return (table, "--separator", ";", "--decimal", ",")


def test_a_drafted_source_is_described_with_what_was_left_out(table: Path, biasgate: Command) -> None:
    source = table.with_suffix(".yaml")
    drafted = biasgate("data", "init", *options(table), "--into", source)
    assert drafted.code == 0, drafted.err
    assert f"biasgate data describe {source}" in drafted.out
    described = biasgate("data", "describe", source)
    assert described.code == 0, described.err
    assert "10 of 60 rows (16.7%) have no known sex" in described.out
    assert "under 35" in described.out
    assert "digest sha256:" in described.out


def test_a_draft_is_printed_and_is_json_when_asked(table: Path, biasgate: Command) -> None:
    printed = biasgate("data", "init", *options(table))
    assert printed.out.startswith("schema: biasgate/data-source/v1")
    found = json.loads(biasgate("data", "init", *options(table), "--json").out)
    assert found["path"] is None
    assert found["source"]["data"]["label"] == "approved"


def test_a_file_that_is_there_is_not_overwritten(table: Path, biasgate: Command) -> None:
    refused = biasgate("data", "init", *options(table), "--into", table)
    assert refused.code == 3
    assert "the file is there already" in refused.err
    assert table.read_text() == PEOPLE


def test_remarks_are_part_of_the_json(table: Path, biasgate: Command) -> None:
    source = table.with_suffix(".yaml")
    biasgate("data", "init", *options(table), "--into", source)
    found = json.loads(biasgate("data", "describe", source, "--json").out)
    assert any("no known sex" in remark for remark in found["remarks"])


@pytest.mark.parametrize("given", [("--separator", ""), ("--separator", ";;"), ("--decimal", "x"), ("--encoding", "")])
def test_options_that_are_none_are_refused_in_a_sentence(
    table: Path, biasgate: Command, given: tuple[str, str]
) -> None:
    refused = biasgate("data", "init", table, *given)
    assert refused.code == 3
    assert refused.err.count("\n") == 1
